"""The kinds of import on the ground of the roster: division list and grid register. The roster itself is in `roster.rosterfile`."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lms import sheets
from lms.imports import kind
from lms.models import ImportRow, ImportRun, Outcome
from lms.refusal import Refused
from lms.resources import Applied, ColumnField, Line
from roster import identity, reach, registers, territories
from roster.gazetteer import PlacedResource
from roster.judges import RequiredJudge, TermJudge, WholeNumberJudge
from roster.models import Grid, GridKind, Level, Role, Territory
from roster.places import Map, covered

LEVELS = {"市": "city", "县": "county", "乡镇": "township", "村": "village"} | {
    level: level for level in territories.LEVELS
}
ORDER = list(territories.LEVELS)


@kind
class DivisionResource(PlacedResource):
    kind = "divisions"
    title = lazy("区划表")
    need = ("code", "name", "parent_code")
    fact_titles = (lazy("代码"), lazy("级别"), lazy("类别"))
    hint = lazy("一行一个区划，从市到村（社区）。表头里要有层级、区划代码、名称、上级代码。")
    next_kind = "grids"

    level = ColumnField(
        "层级",
        "level",
        "级别",
        judge=RequiredJudge("level_missing", lazy("没有写层级。")),
        samples=("乡镇", "村"),
        choices=("市", "县", "乡镇", "村"),
        hint=lazy("从选项里选。街道写“乡镇”，社区写“村”。"),
    )
    code = ColumnField(
        "区划代码",
        "code",
        "代码",
        "统计用区划代码",
        judge=RequiredJudge("code_missing", lazy("没有区划代码。"), longest=12),
        samples=("421299999", "421299999999"),
        hint=lazy("照统计部门当年的代码填：县 6 位，乡镇 9 位，村 12 位。"),
    )
    name = ColumnField(
        "名称",
        "name",
        "区划名称",
        judge=RequiredJudge("name_missing", lazy("没有名称。"), longest=60),
        samples=("示例镇", "示例村委会"),
        hint=lazy("写全称，最多 60 个字。"),
    )
    parent_code = ColumnField(
        "上级代码",
        "parent_code",
        "上级区划代码",
        "父级代码",
        samples=("421299", "421299999"),
        hint=lazy("上一级的区划代码；市一级空着。"),
    )
    category = ColumnField(
        "类别",
        "kind",
        "类型",
        samples=("镇", "村委会"),
        choices=(
            "地级市",
            "市辖区",
            "县",
            "县级市",
            "街道",
            "镇",
            "乡",
            "类似乡级单位",
            "居委会",
            "村委会",
            "类似村级单位",
        ),
        hint=lazy("可以不填。最多 20 个字。"),
    )

    @classmethod
    def allowed(cls, user: Any) -> bool:
        return reach.has(user, Role.CITY_ADMIN)

    def prepare(self, *, actor: Any, now: datetime) -> None:
        self.known = {place.code: place for place in Territory.objects.current()}
        self.ended = {place.code: place for place in Territory.objects.exclude(valid_to=None).order_by("valid_to")}

    def judge(self, lines: list[Line], *, tables: list[sheets.Table]) -> None:
        """From the top down, so that each place finds the one above it, in the file or in what is known; the lines are put in that order."""
        for line in lines:
            self.describe(line)
        lines.sort(key=lambda line: ORDER.index(line.plan["level"]) if line.plan and line.plan["level"] else 0)
        levels = {code: place.level for code, place in self.known.items()}
        seen: set[str] = set()
        for line in lines:
            self.place(line, levels, seen)
            if not line.wrong and line.plan:
                levels[line.plan["code"]] = territories.LEVELS[line.plan["level"]]
            line.outcome = self.outcome(line)

    def describe(self, line: Line) -> None:
        values = line.values
        level = LEVELS.get(values.get("level", ""), "")
        if values.get("level") and not level:
            line.fault("level_unknown", _("层级只能是市、县、乡镇、村。"), "level")
        line.label = values.get("name", "")
        shown = Level(territories.LEVELS[level]).label if level else values.get("level", "")
        line.shown = {"facts": [values.get("code", ""), str(shown), values.get("category", "")[:20]]}
        if (ended := self.ended.get(values.get("code", ""))) and values.get("code") not in self.known:
            text = _(
                "代码 %(code)s 以前是%(name)s，%(on)s起已经合并或撤销。这份表会把它当作新的区划登记，请核对是不是旧表。"
            )
            on = date_format(ended.valid_to) if ended.valid_to else ""
            line.remark("territory_ended", text % {"code": ended.code, "name": ended.name, "on": on}, "code")
        line.plan = {
            "level": level,
            "code": values.get("code", ""),
            "name": values.get("name", ""),
            "parent_code": values.get("parent_code", ""),
            "kind": values.get("category", "")[:20],
        }

    def place(self, line: Line, levels: dict[str, str], seen: set[str]) -> None:
        """Find the place above; a fault where there is none or it is not of the level above."""
        plan = line.plan or {}
        if plan["code"] in seen:
            line.fault("code_twice", _("这个代码在表里前面已经有了。"), "code")
        seen.add(plan["code"])
        if not plan["level"] or plan["level"] == "city":
            return
        above = territories.LEVELS[ORDER[ORDER.index(plan["level"]) - 1]]
        if plan["parent_code"] not in levels:
            line.fault("parent_unknown", _("上级代码不在表里，系统里也没有。"), "parent_code")
        elif levels[plan["parent_code"]] != above:
            line.fault("parent_level", _("上级代码不是上一级的区划。请核对层级和上级代码。"), "parent_code")

    def outcome(self, line: Line) -> str:
        plan = line.plan or {}
        place = self.known.get(plan["code"])
        if place is None:
            return Outcome.NEW
        pairs = [(_("名称"), place.name, plan["name"]), (_("类别"), place.kind, plan["kind"])]
        line.shown["changes"] = [[title, old or _("没有"), new] for title, old, new in pairs if old != new]
        return Outcome.UPDATED if line.shown["changes"] else Outcome.UNCHANGED

    def apply(self, plans: Sequence[dict[str, Any]], *, run: ImportRun | None, now: datetime) -> Applied:
        codes = [plan["code"] for plan in plans]
        before = {place.code: place for place in Territory.objects.current().filter(code__in=codes)}
        territories.establish([territories.Division(**plan) for plan in plans], on=timezone.localdate(now))
        after = {place.code: place for place in Territory.objects.current().filter(code__in=codes)}
        return Applied(
            done={
                index: registers.done(
                    before.get(code), after[code], ("name", "kind", "stem"), run_id=run.pk if run else None
                )
                for index, code in enumerate(codes)
            }
        )

    def standing(self, done: Sequence[dict[str, Any]]) -> dict[int, str]:
        return registers.standing(Territory, done, along=self.came_along(done))

    def came_along(self, done: Sequence[dict[str, Any]]) -> set[int]:
        """
        The new territories of the same import that can go: a township goes together with the villages that came in with it, but
        stays with any of them that must.
        """
        rows = ImportRow.objects.filter(run__in={act["run"] for act in done}, done__isnull=False, undone_at=None)
        created = {act["pk"] for act in rows.values_list("done", flat=True) if act and act["created"]}
        bound = registers.referred(Territory, created, along=created)
        paths = Territory.objects.filter(pk__in=bound).values_list("path", flat=True)
        return created - {int(step) for path in paths for step in path.split("/") if step}

    def undo(self, done: Sequence[dict[str, Any]], *, run: ImportRun, by: Any, now: datetime) -> dict[int, str]:
        """From the last line up, so that what stands below goes first."""
        stays = self.standing(done)
        registers.take_back(Territory, [act for index, act in enumerate(done) if index not in stays])
        return stays

    def summary(self, lines: Iterable[Line]) -> dict[str, Any]:
        outcomes = [line.outcome for line in lines if not line.wrong]
        return {
            "rows": len(outcomes),
            "new": outcomes.count(Outcome.NEW),
            "updated": outcomes.count(Outcome.UPDATED),
            "unchanged": outcomes.count(Outcome.UNCHANGED),
        }


@kind
class GridResource(PlacedResource):
    kind = "grids"
    title = lazy("网格台账")
    need = ("community", "grid")
    label_title = lazy("网格")
    fact_titles = (lazy("编码"), lazy("村（社区）"), lazy("户数"), lazy("人口"))
    hint = lazy("一行一个网格。表头里要有乡镇、村（社区）、网格名称；有网格编码、类型、户数、人口的一起认。")
    lead = ("grids:index", lazy("看网格名单"))
    fillable = ("county", "township", "community")
    next_kind = "roster"

    county = ColumnField(
        "县市区",
        "所属县市区",
        "县(市、区)",
        "区县",
        "县",
        samples=("示例县", "示例县"),
        hint=lazy("可以不填。不同县有同名乡镇的，填上才分得清。"),
    )
    township = ColumnField(
        "乡镇街道",
        "乡镇（街道）",
        "镇街",
        "乡镇",
        "乡镇办",
        judge=RequiredJudge("township_missing", lazy("没有写乡镇（街道）。")),
        samples=("示例镇", "示例镇"),
        hint=lazy("从选项里选，要与区划表一致。"),
    )
    community = ColumnField(
        "村社区",
        "社区（村）",
        "村（社区）",
        "社区",
        "村",
        judge=RequiredJudge("community_missing", lazy("没有写村（社区）。")),
        samples=("示例社区", "示例村"),
        hint=lazy("要与区划表一致。同一乡镇里社区和村同名的，写明是社区还是村。"),
    )
    grid = ColumnField(
        "网格名称",
        "网格",
        "所属网格",
        judge=RequiredJudge("grid_missing", lazy("没有写网格名称。"), longest=60),
        samples=("第一网格", "第二网格"),
        hint=lazy("写“第一网格”这样，村（社区）的名字不用再写一遍。"),
    )
    code = ColumnField(
        "网格编码",
        "网格编号",
        "网格代码",
        samples=("421299999001001", "421299999201002"),
        hint=lazy("有编码的照填，最多 30 位；空着的，按村（社区）代码加三位顺序号编。"),
    )
    category = ColumnField(
        "网格类型",
        "类型",
        judge=TermJudge(identity.grid_kind),
        samples=("城镇社区网格", "农村网格"),
        choices=("城镇社区网格", "农村网格", "专属网格"),
        hint=lazy("从选项里选。空着的当作农村网格。"),
    )
    households = ColumnField(
        "户数",
        "户籍户数",
        judge=WholeNumberJudge(),
        samples=("412", "356"),
        hint=lazy("填整数。一个网格一般 300 到 500 户。"),
    )
    population = ColumnField(
        "人口数",
        "人口",
        "常住人口",
        "人数",
        judge=WholeNumberJudge(),
        samples=("1030", "890"),
        hint=lazy("填整数。一个网格一般一千人左右。"),
    )

    SHOWN = (
        ("community_id", lazy("村（社区）")),
        ("name", lazy("名称")),
        ("kind", lazy("类型")),
        ("households", lazy("户数")),
        ("population", lazy("人口")),
    )

    KEPT = ("community_id", "name", "ordinal", "kind", "households", "population", "former_codes")

    @classmethod
    def allowed(cls, user: Any) -> bool:
        return reach.has(user, Role.CITY_ADMIN, Role.COUNTY_ADMIN)

    @classmethod
    def missing(cls) -> str:
        found = Territory.objects.current().filter(level=Level.COMMUNITY).exists()
        return "" if found else _("系统里还没有村和社区。请先导入区划表，再导入网格台账。")

    def prepare(self, *, actor: Any, now: datetime) -> None:
        if sentence := self.missing():
            raise Refused(sentence)
        self.map = Map.draw()
        self.paths = reach.paths(actor, Role.CITY_ADMIN, Role.COUNTY_ADMIN) if actor else [""]

    def judge(self, lines: list[Line], *, tables: list[sheets.Table]) -> None:
        codes: set[str] = set()
        numbers: dict[tuple[int, int], str] = {place: grid.code for place, grid in self.map.grids.items()}
        for line in lines:
            values = line.values
            line.label = values.get("grid", "")
            line.shown = {"facts": [values.get("code", ""), values.get("community", "")]}
            community = find_community(line, self.map, self.paths)
            if community and line.outcome != Outcome.OUT_OF_REACH:
                self.plan(line, community, codes, numbers)

    def plan(self, line: Line, community: Territory, codes: set[str], numbers: dict[tuple[int, int], str]) -> None:
        values = line.values
        ordinal = identity.grid_ordinal(values["grid"], community.name)
        code = self.code_of(values.get("code", ""), community, ordinal)
        if code in self.map.retired_codes:
            line.fault("grid_retired", _("这个网格已经停用，不能再登记。请核对编码。"), "code")
        for remark in self.map.remarks(values, community=community, grid=self.map.by_code(values.get("code", ""))):
            line.remark(*remark)
        line.shown["facts"] = [code, community.name, values.get("households"), values.get("population")]
        if not code or len(code) > 30:
            line.fault("grid_code_missing", _("没有网格编码，名称里也看不出是第几网格。"), "code")
        elif code in codes:
            line.fault("grid_code_twice", _("这个网格编码在表里前面已经有了。"), "code")
        elif ordinal and numbers.setdefault((community.pk, ordinal), code) != code:
            text = _("%(community)s的第 %(number)s 网格已有编码 %(code)s，不能再登记一个。请核对编码和名称。")
            taken = numbers[community.pk, ordinal]
            line.fault("grid_taken", text % {"community": community.name, "number": ordinal, "code": taken}, "code")
        codes.add(code)
        line.plan = {
            "community_id": community.pk,
            "code": code,
            "name": values["grid"],
            "ordinal": ordinal,
            "kind": values.get("category") or GridKind.RURAL,
            "households": values.get("households"),
            "population": values.get("population"),
        }
        self.compare(line, self.map.grids_by_code.get(code))

    def code_of(self, written: str, community: Territory, ordinal: int | None) -> str:
        """The grid's code today: of one written with a code it had, of one without any that of its number, else a new one."""
        grid = self.map.by_code(written) if written else self.map.grids.get((community.pk, ordinal or 0))
        return grid.code if grid else written or (f"{community.code}{ordinal:03d}" if ordinal else "")

    def compare(self, line: Line, known: Grid | None) -> None:
        plan = line.plan or {}
        line.outcome = Outcome.NEW
        if known is None:
            return
        if not covered(self.map.by_id[known.community_id].path, self.paths):
            line.out_of_reach(_("这个网格编码已经用在你管辖范围以外。请核对编码。"))
            return
        line.shown["changes"] = [
            [str(label), self.shown(name, getattr(known, name)), self.shown(name, plan[name])]
            for name, label in self.SHOWN
            if getattr(known, name) != plan[name]
        ]
        line.outcome = Outcome.UPDATED if line.shown["changes"] else Outcome.UNCHANGED

    def shown(self, name: str, value: Any) -> str:
        if name == "community_id":
            return self.map.by_id[value].name
        if name == "kind":
            return str(GridKind(value).label)
        return _("没有") if value in (None, "") else str(value)

    def permit(self, plans: Sequence[dict[str, Any]], *, actor: Any) -> None:
        paths = reach.paths(actor, Role.CITY_ADMIN, Role.COUNTY_ADMIN)
        places = Territory.objects.filter(pk__in={plan["community_id"] for plan in plans}).values_list(
            "path", flat=True
        )
        held = Grid.objects.filter(code__in=[plan["code"] for plan in plans]).values_list("community__path", flat=True)
        if not all(covered(path, paths) for path in {*places, *held}):
            raise Refused(_("你的管辖范围变了，剩下的行没有导入。需要导入的，请联系上级管理员。"))

    def apply(self, plans: Sequence[dict[str, Any]], *, run: ImportRun | None, now: datetime) -> Applied:
        """A number of a community that another code has taken since the preview is left out."""
        communities = {plan["community_id"] for plan in plans}
        numbered = Grid.objects.current().filter(community__in=communities)
        taken = {
            (community, ordinal): code
            for community, ordinal, code in numbered.values_list("community", "ordinal", "code")
        }
        overtaken = {
            index: _("预览以后这个村（社区）的同一个网格已用别的编码登记，没有导入。")
            for index, plan in enumerate(plans)
            if plan["ordinal"] and taken.get((plan["community_id"], plan["ordinal"]), plan["code"]) != plan["code"]
        }
        going = [index for index in range(len(plans)) if index not in overtaken]
        codes = [plans[index]["code"] for index in going]
        before = {grid.code: grid for grid in Grid.objects.filter(code__in=codes)}
        territories.register_grids(
            [territories.GridLine(**plans[index]) for index in going], on=timezone.localdate(now)
        )
        after = {grid.code: grid for grid in Grid.objects.filter(code__in=codes)}
        run_id = run.pk if run else None
        done = {
            index: registers.done(before.get(code), after[code], self.KEPT, run_id=run_id)
            for index, code in zip(going, codes, strict=True)
        }
        return Applied(overtaken, done)

    def standing(self, done: Sequence[dict[str, Any]]) -> dict[int, str]:
        return registers.numbers_taken(done) | registers.standing(Grid, done)

    def undo(self, done: Sequence[dict[str, Any]], *, run: ImportRun, by: Any, now: datetime) -> dict[int, str]:
        stays = self.standing(done)
        registers.take_back(Grid, [act for index, act in enumerate(done) if index not in stays])
        return stays

    def summary(self, lines: Iterable[Line]) -> dict[str, Any]:
        good = [line for line in lines if line.plan and not line.wrong]
        households = [line.plan["households"] for line in good if line.plan and line.plan["households"]]
        return {"rows": len(good), "outside_300_500_households": sum(not 300 <= count <= 500 for count in households)}


def find_community(line: Line, drawn: Map, paths: list[str], sheet_township: str = "") -> Territory | None:
    """The community a line means; a fault on the line where it means none or several; out of reach where its township is."""
    values = line.values
    named = values.get("township") or sheets.bare_name(sheet_township)
    found = drawn.township(named, county=values.get("county", ""), paths=paths) if named else []
    if len(found) != 1:
        unknown = _("“%s”不是这个县（市、区）的乡镇（街道）。") % named
        line.fault("township_unknown", unknown if values.get("township") else _("没有写乡镇（街道）。"), "township")
        return None
    if not covered(found[0].path, paths):
        line.out_of_reach(_("%s不在你的管辖范围内。") % found[0].name)
        return None
    communities = drawn.community(values.get("community", ""), found[0])
    if not communities:
        text = _("%(township)s没有叫“%(name)s”的村或社区。请核对名称，或先更新区划表。")
        line.fault(
            "community_unknown", text % {"township": found[0].name, "name": values.get("community", "")}, "community"
        )
        return None
    if len(communities) > 1:
        names = "、".join(place.name for place in communities)
        line.fault("community_ambiguous", _("名称对得上几个：%s。请写明是社区还是村。") % names, "community")
        return None
    return communities[0]
