"""The roster of a county: who works in which grid. Judged with the whole file in view; nobody is removed because a list is silent."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lms import sheets
from lms.imports import kind
from lms.models import ImportRun, Outcome
from lms.resources import ColumnField, Line, SheetResource
from roster import employment, identity, reach
from roster.employment import Person
from roster.judges import SENTENCES, DateJudge, IdNumberJudge, MobileJudge, NameJudge, TermJudge
from roster.models import Employment, Grid, GridKind, Posting, Territory, Worker, id_lookup, mobile_lookup
from roster.places import Map
from roster.resources import find_community

# columns of a Worker that a later list may change, as the preview names them
COMPARED = {
    "name": lazy("姓名"),
    "sex": lazy("性别"),
    "mobile": lazy("手机号"),
    "township_id": lazy("乡镇（街道）"),
    "employment": lazy("专兼职"),
    "position": lazy("身份或职务"),
    "recruited_by": lazy("选聘方式"),
    "joined_on": lazy("上岗时间"),
    "education": lazy("学历"),
    "political_status": lazy("政治面貌"),
    "certificate": lazy("社工证书"),
    "listed_as_mentor": lazy("小教员"),
}
MENTOR = {"county": "county", "township": "township", "yes": "township"}
POSITIONS = {"社区专职网格员": Employment.FULL_TIME}


@kind
class RosterResource(SheetResource):
    kind = "roster"
    title = lazy("网格员花名册")
    need = ("name", "id_number", "grid")

    name = ColumnField("姓名", "网格员姓名", judge=NameJudge())
    sex = ColumnField("性别", judge=TermJudge(identity.sex))
    id_number = ColumnField(
        "身份证号",
        "身份证号码",
        "公民身份号码",
        "公民身份证号码",
        "证件号码",
        "身份证",
        "证件号",
        judge=IdNumberJudge(),
    )
    mobile = ColumnField("手机号", "手机号码", "联系电话", "联系方式", "移动电话", "手机", "电话", judge=MobileJudge())
    county = ColumnField("县市区", "所属县市区", "县(市、区)", "区县", "县区", "县")
    township = ColumnField("乡镇街道", "乡镇（街道）", "镇街", "乡镇办", "乡镇", "街道", "所属乡镇")
    community = ColumnField("村社区", "社区（村）", "村（社区）", "所在社区", "所属社区", "社区", "村")
    grid = ColumnField("网格名称", "所属网格", "责任网格", "网格")
    grid_code = ColumnField("网格编码", "网格编号", "网格代码")
    employment = ColumnField(
        "专兼职",
        "人员类型",
        "人员类别",
        "专（兼）职",
        "专职/兼职",
        "网格员类型",
        judge=TermJudge(identity.employment_kind),
    )
    position = ColumnField("身份", "职务", "现任职务", "兼任职务", "身份或职务")
    recruited_by = ColumnField("选聘方式", "招聘方式", "聘用方式", "来源")
    joined = ColumnField("上岗时间", "入职时间", "聘用时间", "任职时间", judge=DateJudge())
    education = ColumnField("学历", "文化程度", "全日制学历", judge=TermJudge(identity.education, keep_text=True))
    political_status = ColumnField("政治面貌", judge=TermJudge(identity.political, keep_text=True))
    certificate = ColumnField("社工证书", "职业资格", "社会工作者职业水平")
    mentor = ColumnField("是否小教员", "小教员", judge=TermJudge(identity.mentor_level))

    @classmethod
    def allowed(cls, user: Any) -> bool:
        return reach.has(user, *reach.ADMINS)

    # --- judging ----------------------------------------------------------------------------------------------------

    def prepare(self, *, actor: Any, now: datetime) -> None:
        self.map = Map.draw()
        self.paths = reach.paths(actor) if actor else [""]
        self.now = now

    def judge(self, lines: list[Line], *, tables: list[sheets.Table]) -> None:
        for line in lines:
            self.judge_alone(line)
        good = [line for line in lines if line.plan and not line.wrong]
        known = Known.among([line.plan["person"] for line in good if line.plan])
        by_person: dict[str, list[Line]] = defaultdict(list)
        for line in good:
            by_person[line.plan["key"]].append(line)  # type: ignore[index]
        for group in by_person.values():
            self.judge_together(group, known)

    def judge_alone(self, line: Line) -> None:
        """What one row says by itself: a person and a grid, or what is wrong with it."""
        values = line.values
        line.label = values.get("name") or ""
        number, mobile = values.get("id_number", identity.IdNumber()), values.get("mobile", identity.Mobile())
        if number.missing and not mobile.first:
            line.fault("id_missing", _("没有身份证号，也没有手机号，认不出是谁。"), "id_number")
        grid, community = self.place(line)
        line.shown["facts"] = [
            [_("身份证号"), identity.mask_id(number.value) if number.value else _("没有")],
            [_("社区 · 网格"), f"{values.get('community', '')} · {values.get('grid', '')}"],
        ]
        if community and not any(community.path.startswith(path) for path in self.paths):
            line.outcome = Outcome.OUT_OF_REACH
            return
        kind = self.employment_of(line, grid)
        if line.wrong or grid is None or community is None:
            return
        person = self.person(line, community, kind)
        key = number.value or f"{person.name}/{person.mobile}"
        line.plan = {"key": key, "person": as_json(person), "grid": grid.pk, "close": []}

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

    def judge_together(self, group: list[Line], known: "Known") -> None:
        """All rows of one person, in the order of the file, against what the roster holds."""
        worker = known.find(group[0].plan["person"])  # type: ignore[index]
        held = known.postings.get(worker.pk, {}) if worker else {}
        wanted = {line.plan["grid"] for line in group if line.plan}
        leaving = [] if not held or wanted & set(held) else list(held.values())
        seen: set[int] = set()
        for line in group:
            plan = line.plan or {}
            if plan["grid"] in seen:
                line.remark("duplicate_row", _("同一个人、同一个网格，表里前面已经有了。"))
                line.outcome = Outcome.UNCHANGED
                continue
            first = not seen
            seen.add(plan["grid"])
            if worker and worker.name != plan["person"]["name"]:
                line.fault("name_differs", _("这个身份证号在名册里是另一个姓名。请核对是谁填错了。"), "name")
                continue
            self.decide(line, worker, held, leaving if first else [], first)

    def decide(
        self, line: Line, worker: Worker | None, held: dict[int, Posting], leaving: list[Posting], first: bool
    ) -> None:
        plan = line.plan or {}
        if worker is None:
            line.outcome = Outcome.NEW if first else Outcome.SECOND_GRID
            return
        changes = differences(worker, plan["person"], self.map)
        line.shown["changes"] = changes if first else []
        if plan["grid"] in held:
            line.outcome = Outcome.UPDATED if changes and first else Outcome.UNCHANGED
        elif leaving:
            plan["close"] = [posting.pk for posting in leaving]
            was = "、".join(str(posting.grid) for posting in leaving)
            line.shown["changes"] = [[_("网格"), was, line.shown["facts"][1][1]], *changes]
            line.outcome = Outcome.MOVED
        else:
            line.outcome = Outcome.SECOND_GRID

    # --- applying ---------------------------------------------------------------------------------------------------

    def apply(self, plans: Sequence[dict[str, Any]], *, run: ImportRun | None, now: datetime) -> None:
        known = Known.among([plan["person"] for plan in plans])
        employment.bring_in(
            [
                employment.Arrival(
                    from_json(plan["person"]), known.find(plan["person"]), plan["grid"], tuple(plan["close"])
                )
                for plan in plans
            ],
            import_run_id=run.pk if run else None,
            now=now,
        )

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


class Known:
    """The workers that the people of a list already are, and the postings they hold."""

    def __init__(self, workers: Iterable[Worker]) -> None:
        workers = list(workers)
        self.by_id = {worker.id_hash: worker for worker in workers if worker.id_hash}
        self.by_mobile = {(worker.name, worker.mobile_hash): worker for worker in workers if not worker.id_hash}
        self.postings: dict[int, dict[int, Posting]] = defaultdict(dict)
        for chunk in chunks([worker.pk for worker in workers]):
            for posting in Posting.objects.current().filter(worker__in=chunk).select_related("grid__community"):
                self.postings[posting.worker_id][posting.grid_id] = posting

    @classmethod
    def among(cls, people: Sequence[dict[str, Any]]) -> "Known":
        ids = sorted({id_lookup(person["id_number"]) for person in people if person["id_number"]})
        mobiles = sorted(
            {mobile_lookup(person["mobile"]) for person in people if not person["id_number"] and person["mobile"]}
        )
        found: dict[int, Worker] = {}
        for chunk in chunks(ids):
            found |= {worker.pk: worker for worker in Worker.objects.filter(id_hash__in=chunk)}
        for chunk in chunks(mobiles):
            found |= {worker.pk: worker for worker in Worker.objects.filter(mobile_hash__in=chunk)}
        return cls(found.values())

    def find(self, person: dict[str, Any]) -> Worker | None:
        """By ID number; without one by name and mobile together; never by name alone."""
        if person["id_number"]:
            return self.by_id.get(id_lookup(person["id_number"]))
        return self.by_mobile.get((person["name"], mobile_lookup(person["mobile"]))) if person["mobile"] else None


def chunks(items: list[Any], size: int = 900) -> Iterable[list[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def differences(worker: Worker, person: dict[str, Any], drawn: Map) -> list[list[str]]:
    """[[column, old, new], …] of what the list would change; an empty cell changes nothing."""
    found = []
    for name, label in COMPARED.items():
        old, new = getattr(worker, name), person[name]
        old = old.isoformat() if isinstance(old, date) else old
        if new and new != old:
            found.append([str(label), shown(name, old, drawn), shown(name, new, drawn)])
    return found


def shown(name: str, value: Any, drawn: Map) -> str:
    if name == "mobile":
        return identity.mask_mobile(value) if value else ""
    if name == "township_id":
        return drawn.by_id[value].name if value in drawn.by_id else ""
    labels = {
        "male": _("男"),
        "female": _("女"),
        "fulltime": _("专职"),
        "parttime": _("兼职"),
        "county": _("县级"),
        "township": _("乡级"),
    }
    return str(labels.get(value, value or ""))


def as_json(person: Person) -> dict[str, Any]:
    return {**asdict(person), "joined_on": person.joined_on.isoformat() if person.joined_on else None}


def from_json(values: dict[str, Any]) -> Person:
    joined = values["joined_on"]
    return Person(**{**values, "joined_on": date.fromisoformat(joined) if joined else None})
