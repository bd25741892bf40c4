"""The division list: which places there are, and what they are called."""

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
from lms.resources import Applied, ColumnField, Line
from roster import employment, reach, registers, territories
from roster.gazetteer import PlacedResource
from roster.judges import RequiredJudge
from roster.models import Duty, Level, Role, Territory, TerritoryChange

LEVELS = {"市": "city", "县": "county", "乡镇": "township", "村": "village"} | {
    level: level for level in territories.LEVELS
}
ORDER = list(territories.LEVELS)


@kind
class DivisionResource(PlacedResource):
    kind = "divisions"
    order = 10
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
        return reach.has(user, Role.CITY_ADMIN, Duty.ROSTER)

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
        """Left out is what would be founded anew because its code, or that of what it stands in, has changed since the preview."""
        employment.hold_numbers()
        overtaken = {}
        if gone := self.gone(run):
            sentence = _("预览以后这个区划或者它的上级变动过了，没有导入。请重新上传核对。")
            overtaken = {i: sentence for i, plan in enumerate(plans) if {plan["code"], plan["parent_code"]} & gone}
        going = [index for index in range(len(plans)) if index not in overtaken]
        plans = [plans[index] for index in going]
        codes = [plan["code"] for plan in plans]
        before = {place.code: place for place in Territory.objects.current().filter(code__in=codes)}
        territories.establish([territories.Division(**plan) for plan in plans], on=timezone.localdate(now))
        after = {place.code: place for place in Territory.objects.current().filter(code__in=codes)}
        return Applied(
            overtaken,
            {
                index: registers.done(
                    before.get(code), after[code], ("name", "kind", "stem"), run_id=run.pk if run else None
                )
                for index, code in zip(going, codes, strict=True)
            },
        )

    @staticmethod
    def gone(run: ImportRun | None) -> set[str]:
        """The codes that places had until a change since the preview, and none has now."""
        changes = TerritoryChange.objects.filter(at__gte=run.created_at) if run else TerritoryChange.objects.none()
        codes = {code for detail in changes.values_list("detail", flat=True) for _name, code in detail.get("names", [])}
        return codes - set(Territory.objects.current().filter(code__in=codes).values_list("code", flat=True))

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
