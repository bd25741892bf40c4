"""The roster of a county: who works in which grid. Judged with the whole file in view; nobody is removed because a list is silent."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lms import sheets
from lms.imports import kind
from lms.models import ImportRun, Outcome
from lms.refusal import Refused
from lms.resources import Applied, Line
from roster import employment, identity, known, reach
from roster.columns import RosterColumns
from roster.employment import Person
from roster.judges import SENTENCES
from roster.known import Known
from roster.models import Employment, Grid, GridKind, Posting, Territory, Worker, WorkerState
from roster.places import Map, covered
from roster.resources import find_community

MENTOR = {"county": "county", "township": "township", "yes": "township"}
POSITIONS = {"社区专职网格员": Employment.FULL_TIME}


@kind
class RosterResource(RosterColumns):
    kind = "roster"
    title = lazy("网格员花名册")
    need = ("name", "id_number", "grid")
    label_title = lazy("姓名")
    fact_titles = (lazy("身份证号"), lazy("村（社区） · 网格"))
    hint = lazy(
        "一行一个人，同一个人管两个网格的写两行。表头里要有姓名、身份证号、网格；有乡镇、村（社区）、手机号等列的一起认。"
    )
    lead = ("workers:index", lazy("看网格员名单"))
    fill = ("township", "community")
    only_exported = ("number",)
    export = ("roster_export", lazy("导出花名册"))

    @classmethod
    def allowed(cls, user: Any) -> bool:
        return reach.has(user, *reach.ADMINS)

    @classmethod
    def missing(cls) -> str:
        return "" if Grid.objects.exists() else _("系统里还没有网格。请先导入网格台账，再导入花名册。")

    # --- judging ----------------------------------------------------------------------------------------------------

    def prepare(self, *, actor: Any, now: datetime) -> None:
        if sentence := self.missing():
            raise Refused(sentence)
        self.map = Map.draw()
        self.paths = reach.paths(actor) if actor else [""]

    def judge(self, lines: list[Line], *, tables: list[sheets.Table]) -> None:
        for line in lines:
            self.judge_alone(line)
        good = [line for line in lines if line.plan and not line.wrong]
        found = Known.among([line.plan["person"] for line in good if line.plan])
        for group in known.by_person(good):
            self.judge_together(group, found)

    def judge_alone(self, line: Line) -> None:
        """What one row says by itself: a person and a grid, or what is wrong with it."""
        values = line.values
        line.label = values.get("name") or ""
        number, mobile = values.get("id_number", identity.IdNumber()), values.get("mobile", identity.Mobile())
        if number.missing and not mobile.first:
            line.fault("id_missing", _("没有身份证号，也没有手机号，认不出是谁。"), "id_number")
        grid, community = self.place(line)
        written = f"{values.get('community', '')} · {values.get('grid', '')}"
        line.shown["facts"] = [masked(number), full_name(grid, community) if grid and community else written]
        if line.outcome == Outcome.OUT_OF_REACH:
            return
        if community and not covered(community.path, self.paths):
            line.out_of_reach(_("%s不在你的管辖范围内。") % community.name)
            return
        kind = self.employment_of(line, grid)
        if line.wrong or grid is None or community is None:
            return
        person = self.person(line, community, kind)
        line.plan = {"person": known.as_json(person), "grid": grid.pk, "close": []}

    def place(self, line: Line) -> tuple[Grid | None, Territory | None]:
        """The grid a row means: by its code where that is known, else by its number inside the community."""
        by_code = self.map.grids_by_code.get(line.values.get("grid_code") or "")
        if by_code and not line.values.get("community"):
            return by_code, self.map.by_id[by_code.community_id]
        community = find_community(line, self.map, self.paths, sheet_township=line.sheet)
        if community is None:
            return None, None
        grid = self.map.grid(line.values.get("grid", ""), community)
        if grid is None and by_code and by_code.community_id == community.pk:
            grid = by_code
        if grid is None:
            text = _("%(community)s没有登记“%(grid)s”。请核对，或先更新网格台账。")
            line.fault(
                "grid_unknown", text % {"community": community.name, "grid": line.values.get("grid", "")}, "grid"
            )
        return grid, community

    def employment_of(self, line: Line, grid: Grid | None) -> str:
        """专职 or 兼职 as written; where the list has no such column, as the post says."""
        written = line.values.get("employment")
        if written:
            return written
        if "employment" in line.cells and sheets.text(line.cells["employment"]):
            line.fault("employment_unknown", SENTENCES["employment_unknown"], "employment")
        position = line.values.get("position", "")
        rural = bool(grid and grid.kind == GridKind.RURAL)
        return POSITIONS.get(position, Employment.PART_TIME if rural else Employment.FULL_TIME)

    def person(self, line: Line, community: Territory, kind: str) -> Person:
        values = line.values
        joined = values.get("joined") or identity.PartialDate()
        mobile = values.get("mobile") or identity.Mobile()
        number = values.get("id_number") or identity.IdNumber()
        return Person(
            name=values["name"],
            township_id=community.parent_id or 0,
            employment=kind,
            id_number=number.value,
            mobile=mobile.first,
            sex=values.get("sex", ""),
            telephones=[*mobile.others, *mobile.landlines],
            position=values.get("position", "")[:60],
            recruited_by=values.get("recruited_by", "")[:60],
            joined_on=joined.date,
            joined_precision=joined.precision if joined.date else "",
            education=values.get("education", "")[:20],
            political_status=values.get("political_status", "")[:20],
            certificate=values.get("certificate", "")[:40],
            listed_as_mentor=MENTOR.get(values.get("mentor", ""), ""),
        )

    def judge_together(self, group: list[Line], found: Known) -> None:
        """All rows of one person, in the order of the file, against what the roster holds."""
        first = group[0]
        person = first.plan["person"]  # type: ignore[index]
        matches = found.matches(person)
        worker = matches[0] if len(matches) == 1 else None
        held = found.postings.get(worker.pk, {}) if worker else {}
        fault = self.fault_with(worker, person) if worker else None
        wanted: dict[int, Line] = {}
        for line in group:
            plan = line.plan or {}
            if len(matches) > 1:
                line.fault("person_ambiguous", _("名册里有几个同名同手机号的人，没有身份证号分不清是谁。"), "id_number")
            elif worker and not self.reaches(worker, held):
                line.out_of_reach(_("这个人登记在你管辖范围以外。要调过来的，请由上级管理员导入。"))
            elif fault:
                line.fault(*fault)
            elif plan["person"]["name"] != person["name"]:
                text = _("这个身份证号在第 %(row)s 行是另一个姓名。请核对是谁填错了。")
                line.fault("name_differs", text % {"row": first.number}, "name")
            elif plan["grid"] in wanted:
                line.remark("duplicate_row", _("同一个人、同一个网格，表里前面已经有了。"))
                line.outcome = Outcome.UNCHANGED
            else:
                wanted[plan["grid"]] = line
        self.decide(wanted, worker, held)

    def reaches(self, worker: Worker, held: dict[int, Posting]) -> bool:
        """Whether a known person, with all grids held now, is the uploader's to change."""
        places = [self.map.by_id[worker.township_id].path, *(posting.grid.community.path for posting in held.values())]
        return all(covered(path, self.paths) for path in places)

    def fault_with(self, worker: Worker, person: dict[str, Any]) -> tuple[str, str, str] | None:
        if worker.state == WorkerState.LEFT:
            return (
                "worker_left",
                _("这个人在名册里已退出，系统不会自动恢复。请先核实，再请市级管理员办理重新上岗。"),
                "name",
            )
        if worker.name != person["name"]:
            return "name_differs", _("这个身份证号在名册里是另一个姓名。请核对是谁填错了。"), "name"
        return None

    def decide(self, wanted: dict[int, Line], worker: Worker | None, held: dict[int, Posting]) -> None:
        """What the good rows of one person do, by grid; the first of them carries what changes in the person."""
        staying = set(wanted) & set(held)
        for place, line in enumerate(wanted.values()):
            plan, first = line.plan or {}, place == 0
            was = known.differences(worker, plan["person"]) if worker and first else {}
            changes = known.told(was, plan["person"], self.map)
            plan |= {"worker": worker.pk if worker else None, "was": was, "expects": [*held, *wanted]}
            if worker is None:
                line.outcome = Outcome.NEW if first else Outcome.SECOND_GRID
            elif plan["grid"] in held:
                line.outcome = Outcome.UPDATED if changes else Outcome.UNCHANGED
            elif first and not staying:
                plan["close"] = [posting.pk for posting in held.values()]
                old = "、".join(full_name(posting.grid, posting.grid.community) for posting in held.values())
                changes = [[_("网格"), old or _("没有"), line.shown["facts"][1]], *changes]
                line.outcome = Outcome.MOVED
            else:
                line.outcome = Outcome.SECOND_GRID
            line.shown["changes"] = changes

    # --- applying ---------------------------------------------------------------------------------------------------

    def permit(self, plans: Sequence[dict[str, Any]], *, actor: Any) -> None:
        paths = reach.paths(actor)
        grids = Grid.objects.filter(pk__in={plan["grid"] for plan in plans})
        if not all(covered(path, paths) for path in grids.values_list("community__path", flat=True).distinct()):
            raise Refused(_("你的管辖范围变了，剩下的行没有导入。需要导入的，请联系上级管理员。"))

    def apply(self, plans: Sequence[dict[str, Any]], *, run: ImportRun | None, now: datetime) -> Applied:
        employment.hold_numbers()
        found = Known.among([plan["person"] for plan in plans])
        arrivals, overtaken = [], {}
        for index, plan in enumerate(plans):
            worker = found.find(plan["person"])
            if sentence := self.overtaken(plan, worker, found):
                overtaken[index] = sentence
                continue
            # someone taken up since the preview keeps what was entered then
            changes = tuple(plan["was"]) if worker and worker.pk == plan["worker"] else ()
            person = known.from_json(plan["person"])
            arrivals.append(
                employment.Arrival(plan["key"], person, worker, plan["grid"], tuple(plan["close"]), changes)
            )
        employment.bring_in(arrivals, import_run_id=run.pk if run else None, now=now)
        return Applied(overtaken)

    def overtaken(self, plan: dict[str, Any], worker: Worker | None, found: Known) -> str:
        """Why a row may not go in any more, "" when all is as the preview saw it or as this row would make it."""
        if worker is None:
            return _("预览以后这个人的身份证号或手机号改过了，没有导入。") if plan["worker"] else ""
        if plan["worker"] not in (None, worker.pk) or worker.name != plan["person"]["name"]:
            return _("预览以后这个人的资料改过了，没有导入。请重新上传核对。")
        if worker.state == WorkerState.LEFT:
            return _("预览以后这个人退出了，没有导入。")
        if not set(found.postings.get(worker.pk, {})) <= set(plan["expects"]):
            return _("预览以后这个人换了网格，没有导入。请重新上传核对。")
        for name, old in plan["was"].items():
            if known.value(worker, name) not in (old, plan["person"][name]):
                return _("预览以后这个人的资料改过了，没有导入。请重新上传核对。")
        return ""

    def summary(self, lines: Iterable[Line]) -> dict[str, Any]:
        good = [line for line in lines if line.plan and not line.wrong]
        grids: dict[str, set[int]] = defaultdict(set)
        for line in good:
            grids[line.plan["key"]].add(line.plan["grid"])  # type: ignore[index]
        coming = (Outcome.NEW, Outcome.SECOND_GRID, Outcome.MOVED)
        mentors = {line.plan["key"] for line in good if line.plan and line.plan["person"]["listed_as_mentor"]}
        return {
            "new_people": sum(line.outcome == Outcome.NEW for line in good),
            "assignments": sum(line.outcome in coming for line in good),
            "mentors": len(mentors),
            "people_with_two_grids": sum(len(held) > 1 for held in grids.values()),
        }


def masked(number: identity.IdNumber) -> str:
    return identity.mask_id(number.value or number.original) if not number.missing else _("没有")


def full_name(grid: Grid, community: Territory) -> str:
    return f"{community.name} · {grid.name}"
