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
from lms.resources import ERROR, NONE, Applied, Line
from roster import arrivals, employment, identity, known, listing, reach, takeback
from roster.employment import Person
from roster.gazetteer import find_community, in_county
from roster.judges import SENTENCES
from roster.known import Known
from roster.matching import GONE, Matching, full_name
from roster.models import Duty, Employment, Grid, GridKind, PostBand, Posting, Role, Territory, Worker
from roster.places import Map, covered
from roster.posts import Bands
from roster.rostercolumns import RosterColumns

MENTOR = {"county": "county", "township": "township", "yes": "township"}
SHOWN = 10  # rows named where a sentence speaks of many
POSITIONS = {"社区专职网格员": Employment.FULL_TIME}


@kind
class RosterResource(RosterColumns):
    kind = "roster"
    order = 30
    title = lazy("网格员花名册")
    need = ("name", "id_number", "grid")
    label_title = lazy("姓名")
    fact_titles = (lazy("身份证号"), lazy("村（社区） · 网格"))
    hint = lazy(
        "一行一个人，同一个人管两个网格的写两行。表头里要有姓名、身份证号、网格；有乡镇、村（社区）、手机号等列的一起认。"
    )
    lead = ("workers:index", lazy("看网格员名单"))
    undo_says = lazy("新增的人去掉，改过的资料改回原来的，调动的人回到原来的网格。")
    fillable = ("county", "township", "community")
    questions = {
        "name_differs": (lazy("姓名和名册不同"), [("keep", lazy("都仍用名册上的姓名"))]),
        "worker_left": (lazy("已退出又上了名单"), [("rehire", lazy("都重新上岗"))]),
        "person_alike": (lazy("疑似重复"), [("new", lazy("都是另一个人，新增"))]),
        "person_ambiguous": (lazy("分不清是谁"), []),
        "id_number_truncated": (lazy("身份证号残缺，像名册里的人"), []),
        "date_ambiguous": (
            lazy("1 月还是 10 月"),
            [("january", lazy("都是 1 月")), ("october", lazy("都是 10 月")), ("year", lazy("都只记年份"))],
        ),
    }
    fill = ("township", "community")
    only_exported = ("number",)
    export = ("roster_export", lazy("导出花名册"))

    @classmethod
    def allowed(cls, user: Any) -> bool:
        return reach.has(user, Duty.ROSTER)

    @classmethod
    def missing(cls) -> str:
        return "" if Grid.objects.exists() else _("系统里还没有网格。请先导入网格台账，再导入花名册。")

    @classmethod
    def lists(cls, user: Any) -> dict[str, list[str]]:
        return {**super().lists(user), "post": list(PostBand.objects.values_list("name", flat=True))}

    # --- judging ----------------------------------------------------------------------------------------------------

    def prepare(self, *, actor: Any, now: datetime) -> None:
        if sentence := self.missing():
            raise Refused(sentence)
        self.map, self.bands = Map.draw(), Bands.draw()
        self.map.posts = self.bands.names
        self.paths = reach.paths(actor, Duty.ROSTER) if actor else [""]
        self.may_decide = actor is None or reach.has(actor, Role.CITY_ADMIN, Role.COUNTY_ADMIN, Duty.ROSTER)
        self.cut: list[tuple[Line, dict[str, Any]]] = []

    def judge(self, lines: list[Line], *, tables: list[sheets.Table]) -> None:
        good = [line for line in lines if line.plan and not line.wrong]
        groups = listing.by_person(good)
        names = {plan["person"]["name"] for _line, plan in self.cut}
        names |= {line.plan["person"]["name"] for line in good if line.plan and not line.plan["person"]["id_number"]}
        found = Known.among([line.plan for line in good if line.plan], names=names)
        self.matching = Matching(self.map, self.paths, found, self.may_decide)
        groups.reverse()
        while groups:
            group = groups.pop()
            self.bands.fit(group, self.matching)
            self.matching.judge(group)
        for line, plan in self.cut:
            self.matching.truncated(line, plan, line.values["id_number"].head)

    def judge_alone(self, line: Line) -> None:
        """What one row says by itself: a person and a grid, or what is wrong with it."""
        self.say(line)
        # what is asked about later: 1 or 10, and who has a number of which the end is lost
        line.let_go(*(name for name in ("joined", "id_number") if getattr(line.values.get(name), "codes", ())))

    def say(self, line: Line) -> None:
        values = line.values
        line.label = values.get("name") or ""
        number, mobile = values.get("id_number", identity.IdNumber()), values.get("mobile", identity.Mobile())
        if not values.get("number"):
            self.known_by(line, number, mobile)
        if identity.sex_differs(number, values.get("sex", "")):
            line.remark("sex_differs", SENTENCES["sex_differs"], "sex")
        grid, community = self.place(line)
        written = f"{values.get('community', '')} · {values.get('grid', '')}"
        line.shown["facts"] = [masked(number), full_name(grid, community) if grid and community else written]
        if line.outcome == Outcome.OUT_OF_REACH:
            return
        if community and not covered(community.path, self.paths):
            line.out_of_reach(_("%s不在你的管辖范围内。") % community.name)
            return
        kind = self.employment_of(line, grid)
        if grid is None or community is None:
            return
        line.area = in_county(community.path)
        if not line.wrong:
            line.plan = self.plan(line, grid, community, kind)
        elif {note.code for note in line.notes if note.level == ERROR} == {"id_number_truncated"}:
            self.cut.append(
                (line, {**self.plan(line, grid, community, kind), "key": f"cut/{line.sheet}/{line.number}"})
            )

    def known_by(self, line: Line, number: identity.IdNumber, mobile: identity.Mobile) -> None:
        """Without the roster's own number, an ID number or a mobile must tell who it is, and whole."""
        if identity.starred(number.original):
            line.fault(
                "id_masked", _("身份证号是打了星号的，认不出是谁。请填完整的号码，或保留“登录号”这一列。"), "id_number"
            )
        elif number.missing and not mobile.first:
            line.fault("id_missing", _("没有身份证号，也没有手机号，认不出是谁。"), "id_number")

    def plan(self, line: Line, grid: Grid, community: Territory, kind: str) -> dict[str, Any]:
        person = listing.as_json(self.person(line, community, kind))
        return {"person": person, "number": line.values.get("number", ""), "grid": grid.pk, "close": NONE}

    def place(self, line: Line) -> tuple[Grid | None, Territory | None]:
        """The grid a row means: by its code where that is known, else by its number inside the community."""
        written = line.values.get("grid_code") or ""
        by_code = self.map.by_code(written) if written else None
        if by_code and not line.values.get("community"):
            return self.remarked(line, by_code, self.map.by_id[by_code.community_id])
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
            return None, community
        return self.remarked(line, grid, community)

    def remarked(self, line: Line, grid: Grid, community: Territory) -> tuple[Grid, Territory]:
        """What the list calls by a former name or number is told; the grid may stand in another community by now."""
        for remark in self.map.remarks(line.values, community=community, grid=grid):
            line.remark(*remark)
        return grid, self.map.by_id[grid.community_id]

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
        # part-timers do not stand on the ladder
        post, step = self.bands.read(line) if kind == Employment.FULL_TIME else (None, None)
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
            employer=values.get("employer", "")[:60],
            managed_by=values.get("managed_by", "")[:60],
            certificate_number=values.get("certificate_number", "")[:40],
            certificate_expires_on=(values.get("certificate_expires_on") or identity.PartialDate()).date,
            post_id=post,
            step=step,
            listed_agreement=values.get("listed_agreement", "")[:30],
            listed_grade=values.get("listed_grade", "")[:30],
        )

    # --- with the whole file in view ----------------------------------------------------------------------------------

    def absent(self, lines: Sequence[Line]) -> list[Line]:
        """
        Those of the townships in the file, of the employments in it, whom it does not name. A name on a row that is wrong or waits
        counts as named: who cannot be told is not missing.
        """
        people = [line.plan["person"] for line in lines if line.plan]
        doubtful = {line.label for line in lines if line.wrong or line.question}
        listed = Worker.objects.listed().filter(
            township__in={person["township_id"] for person in people},
            employment__in={person["employment"] for person in people},
        )
        missing = sorted(set(listed.values_list("pk", flat=True)) - self.matching.seen)
        found = [worker for chunk in known.chunks(missing) for worker in unnamed(chunk) if worker.label not in doubtful]
        return sorted(found, key=lambda line: line.key)

    def said(self, lines: Sequence[Line]) -> list[str]:
        shared = listing.sharing(lines)
        if not shared:
            return []
        rows = [str(line.number) for people in shared for line in people]
        text = _(
            "有 %(numbers)s 个手机号写在了 %(people)s 个人名下（第 %(rows)s 行）。共用的，登录时会问是哪一位；填错的，请改好再传。"
        )
        named = "、".join(rows[:SHOWN]) + ("……" if len(rows) > SHOWN else "")
        return [text % {"numbers": len(shared), "people": len(rows), "rows": named}]

    def known_in(self, areas: Sequence[str]) -> dict[str, int]:
        return {area: Worker.objects.listed().within([area]).count() for area in areas}

    # --- applying ---------------------------------------------------------------------------------------------------

    def permit(self, plans: Sequence[dict[str, Any]], *, actor: Any) -> None:
        paths = reach.paths(actor, Duty.ROSTER)
        grids = Grid.objects.filter(pk__in={plan["grid"] for plan in plans})
        if not all(covered(path, paths) for path in grids.values_list("community__path", flat=True).distinct()):
            raise Refused(_("你的管辖范围变了，剩下的行没有导入。需要导入的，请联系上级管理员。"))

    def apply(self, plans: Sequence[dict[str, Any]], *, run: ImportRun | None, now: datetime) -> Applied:
        employment.hold_numbers()
        employment.hold_people(plan["worker"] for plan in plans if plan["worker"])
        found = Known.among(plans)
        current = Grid.objects.current().filter(pk__in={plan["grid"] for plan in plans})
        township_of = dict(current.values_list("pk", "community__parent"))
        going, overtaken = [], {}
        for index, plan in enumerate(plans):
            worker = found.find(plan)
            stands = township_of.get(plan["grid"]) == plan["person"]["township_id"]
            gone = "" if stands else _("预览以后这个网格停用或者换了乡镇，没有导入。请重新上传核对。")
            if sentence := gone or self.overtaken(plan, worker, found):
                overtaken[index] = sentence
                continue
            # someone taken up since the preview keeps what was entered then
            changes = tuple(plan["was"]) if worker and worker.pk == plan["worker"] else ()
            person, rehire = listing.from_json(plan["person"]), bool(plan.get("rehire"))
            ending = tuple(plan["close"])
            going.append((index, arrivals.Arrival(plan["key"], person, worker, plan["grid"], ending, changes, rehire)))
        done = arrivals.bring_in(
            [arrival for _index, arrival in going],
            import_run_id=run.pk if run else None,
            by_id=(run.confirmed_by_id or run.actor_id) if run else None,
            now=now,
        )
        return Applied(overtaken, {index: vars(one) for (index, _arrival), one in zip(going, done, strict=True)})

    def overtaken(self, plan: dict[str, Any], worker: Worker | None, found: Known) -> str:
        """Why a row may not go in any more, "" when all is as the preview saw it or as this row would make it."""
        if worker is None:
            return _("预览以后这个人的身份证号或手机号改过了，没有导入。") if plan["worker"] else ""
        names = {plan["person"]["name"], plan["was"].get("name")}
        if plan["worker"] not in (None, worker.pk) or worker.name not in names:
            return _("预览以后这个人的资料改过了，没有导入。请重新上传核对。")
        if worker.state in GONE and not plan.get("rehire"):
            return _("预览以后这个人退出了，没有导入。")
        if plan.get("stands") and worker.township_id not in (plan["stands"], plan["person"]["township_id"]):
            return _("预览以后这个人换了乡镇，没有导入。请重新上传核对。")
        if not set(found.postings.get(worker.pk, {})) <= set(plan["expects"]):
            return _("预览以后这个人换了网格，没有导入。请重新上传核对。")
        for name, old in plan["was"].items():
            if known.value(worker, name) not in (old, plan["person"][name]):
                return _("预览以后这个人的资料改过了，没有导入。请重新上传核对。")
        return ""

    def standing(self, done: Sequence[dict[str, Any]]) -> dict[int, str]:
        return takeback.standing(done)

    def undo(self, done: Sequence[dict[str, Any]], *, run: ImportRun, by: Any, now: datetime) -> dict[int, str]:
        return takeback.undo(done, run_id=run.pk, by=by, now=now)

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
    if identity.starred(number.original):
        return number.original
    return identity.mask_id(number.value or number.original) if not number.missing else _("没有")


def unnamed(workers: Sequence[int]) -> Iterable[Line]:
    """A line for each of these people, whom the list does not name: who, where, and the way to their file."""
    held: dict[int, list[str]] = defaultdict(list)
    for posting in Posting.objects.current().filter(worker__in=workers).select_related("grid__community"):
        held[posting.worker_id].append(full_name(posting.grid, posting.grid.community))
    for worker in Worker.objects.filter(pk__in=workers).only("name", "number", "id_number"):
        facts = [worker.masked_id_number, "、".join(held[worker.pk])]
        shown = {"facts": facts, "link": ["workers:inspect", worker.pk]}
        yield Line("", 0, {}, {}, label=worker.name, outcome=Outcome.ABSENT, shown=shown, key=worker.number)
