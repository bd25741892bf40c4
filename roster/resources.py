"""The kinds of import on the ground of the roster: division list and grid register. The roster itself is in `roster.rosterfile`."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lms import sheets
from lms.imports import kind
from lms.models import ImportRun, Outcome
from lms.resources import ColumnField, Line, SheetResource
from roster import identity, reach, territories
from roster.judges import RequiredJudge, TermJudge, WholeNumberJudge
from roster.models import Grid, GridKind, Role, Territory
from roster.places import Map

LEVELS = {"市": "city", "县": "county", "乡镇": "township", "村": "village"} | {
    level: level for level in territories.LEVELS
}


@kind
class DivisionResource(SheetResource):
    kind = "divisions"
    title = lazy("区划表")
    need = ("code", "name", "parent_code")

    level = ColumnField("层级", "level", "级别", judge=RequiredJudge("level_missing", lazy("没有写层级。")))
    code = ColumnField(
        "区划代码", "code", "代码", "统计用区划代码", judge=RequiredJudge("code_missing", lazy("没有区划代码。"))
    )
    name = ColumnField("名称", "name", "区划名称", judge=RequiredJudge("name_missing", lazy("没有名称。")))
    parent_code = ColumnField("上级代码", "parent_code", "上级区划代码", "父级代码")
    category = ColumnField("类别", "kind", "类型")

    @classmethod
    def allowed(cls, user: Any) -> bool:
        return reach.has(user, Role.CITY_ADMIN)

    def prepare(self, *, actor: Any, now: datetime) -> None:
        self.known = {place.code: place for place in Territory.objects.current()}

    def judge(self, lines: list[Line], *, tables: list[sheets.Table]) -> None:
        codes = {line.values.get("code") for line in lines} | set(self.known)
        for line in lines:
            values = line.values
            level = LEVELS.get(values.get("level", ""), "")
            if values.get("level") and not level:
                line.fault("level_unknown", _("层级只能是市、县、乡镇、村。"), "level")
            if level != "city" and values.get("parent_code") not in codes:
                line.fault("parent_unknown", _("上级代码不在表里，系统里也没有。"), "parent_code")
            line.label = values.get("name", "")
            line.shown = {"facts": [[_("代码"), values.get("code", "")], [_("类别"), values.get("category", "")]]}
            line.plan = {
                "level": level,
                "code": values.get("code", ""),
                "name": values.get("name", ""),
                "parent_code": values.get("parent_code", ""),
                "kind": values.get("category", ""),
            }
            line.outcome = self.outcome(line)

    def outcome(self, line: Line) -> str:
        place = self.known.get(line.values.get("code", ""))
        if place is None:
            return Outcome.NEW
        changes = [[_("名称"), place.name, line.label]] if place.name != line.label else []
        line.shown["changes"] = changes
        return Outcome.UPDATED if changes else Outcome.UNCHANGED

    def apply(self, plans: Sequence[dict[str, Any]], *, run: ImportRun | None, now: datetime) -> None:
        territories.establish([territories.Division(**plan) for plan in plans], on=timezone.localdate(now))

    def summary(self, lines: Iterable[Line]) -> dict[str, Any]:
        outcomes = [line.outcome for line in lines if not line.wrong]
        return {
            "rows": len(outcomes),
            "new": outcomes.count(Outcome.NEW),
            "updated": outcomes.count(Outcome.UPDATED),
            "unchanged": outcomes.count(Outcome.UNCHANGED),
        }


@kind
class GridResource(SheetResource):
    kind = "grids"
    title = lazy("网格台账")
    need = ("community", "grid")

    county = ColumnField("县市区", "所属县市区", "县(市、区)", "区县", "县")
    township = ColumnField(
        "乡镇街道",
        "乡镇（街道）",
        "镇街",
        "乡镇",
        "乡镇办",
        judge=RequiredJudge("township_missing", lazy("没有写乡镇（街道）。")),
    )
    community = ColumnField(
        "村社区",
        "社区（村）",
        "村（社区）",
        "社区",
        "村",
        judge=RequiredJudge("community_missing", lazy("没有写村（社区）。")),
    )
    grid = ColumnField("网格名称", "网格", "所属网格", judge=RequiredJudge("grid_missing", lazy("没有写网格名称。")))
    code = ColumnField("网格编码", "网格编号", "网格代码")
    category = ColumnField("网格类型", "类型", judge=TermJudge(identity.grid_kind))
    households = ColumnField("户数", "户籍户数", judge=WholeNumberJudge())
    population = ColumnField("人口数", "人口", "常住人口", "人数", judge=WholeNumberJudge())

    SHOWN = (("name", lazy("名称")), ("households", lazy("户数")), ("population", lazy("人口")))

    @classmethod
    def allowed(cls, user: Any) -> bool:
        return reach.has(user, Role.CITY_ADMIN, Role.COUNTY_ADMIN)

    def prepare(self, *, actor: Any, now: datetime) -> None:
        self.map = Map.draw()
        self.paths = reach.paths(actor) if actor else [""]

    def judge(self, lines: list[Line], *, tables: list[sheets.Table]) -> None:
        seen: set[str] = set()
        for line in lines:
            community = find_community(line, self.map, self.paths)
            line.label = f"{line.values.get('community', '')}{line.values.get('grid', '')}"
            line.outcome = Outcome.NEW
            if community is None:
                continue
            if not any(community.path.startswith(path) for path in self.paths):
                line.outcome = Outcome.OUT_OF_REACH
                continue
            self.plan(line, community, seen)

    def plan(self, line: Line, community: Territory, seen: set[str]) -> None:
        values = line.values
        ordinal = identity.grid_ordinal(values["grid"], community.name)
        code = values.get("code") or (f"{community.code}{ordinal:03d}" if ordinal else "")
        if not code:
            line.fault("grid_code_missing", _("没有网格编码，名称里也看不出是第几网格。"), "code")
            return
        if code in seen:
            line.fault("grid_code_twice", _("这个网格编码在表里出现了两次。"), "code")
            return
        seen.add(code)
        line.plan = {
            "community_id": community.pk,
            "code": code,
            "name": values["grid"],
            "ordinal": ordinal,
            "kind": values.get("category") or GridKind.RURAL,
            "households": values.get("households"),
            "population": values.get("population"),
        }
        self.compare(line, self.map.grids_by_code.get(code), community)

    def compare(self, line: Line, known: Grid | None, community: Territory) -> None:
        plan = line.plan or {}
        line.shown = {"facts": [[_("编码"), plan["code"]], [_("村（社区）"), community.name]]}
        if known is None:
            return
        fields = ["community_id", *dict(self.SHOWN)]
        changed = [name for name in fields if getattr(known, name) != plan[name]]
        line.shown["changes"] = [
            [str(label), str(getattr(known, name) or ""), str(plan[name] or "")]
            for name, label in self.SHOWN
            if name in changed
        ]
        line.outcome = Outcome.UPDATED if changed else Outcome.UNCHANGED

    def apply(self, plans: Sequence[dict[str, Any]], *, run: ImportRun | None, now: datetime) -> None:
        territories.register_grids([territories.GridLine(**plan) for plan in plans])

    def summary(self, lines: Iterable[Line]) -> dict[str, Any]:
        good = [line for line in lines if line.plan and not line.wrong]
        households = [line.plan["households"] for line in good if line.plan and line.plan["households"]]
        return {"rows": len(good), "outside_300_500_households": sum(not 300 <= count <= 500 for count in households)}


def find_community(line: Line, drawn: Map, paths: list[str], sheet_township: str = "") -> Territory | None:
    """The community a line means; a fault on the line where it means none or several."""
    values = line.values
    named = values.get("township") or sheet_township
    found = drawn.township(named, county=values.get("county", ""), paths=paths) if named else []
    if len(found) != 1:
        line.fault("township_unknown", _("“%s”不是这个县（市、区）的乡镇（街道）。") % named, "township")
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
