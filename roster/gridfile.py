"""The grid register: which grids a community has, how large they are, and by which number and code they are known."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lms import sheets
from lms.imports import kind
from lms.models import ImportRun, Outcome
from lms.refusal import Refused
from lms.resources import Applied, ColumnField, Line
from roster import employment, identity, reach, registers, territories
from roster.gazetteer import PlacedResource, find_community
from roster.judges import RequiredJudge, TermJudge, WholeNumberJudge
from roster.models import Duty, Grid, GridKind, Level, Role, Territory
from roster.places import Map, covered


@kind
class GridResource(PlacedResource):
    kind = "grids"
    order = 20
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
        return reach.has(user, Role.CITY_ADMIN, Role.COUNTY_ADMIN, Duty.ROSTER)

    @classmethod
    def missing(cls) -> str:
        found = Territory.objects.current().filter(level=Level.COMMUNITY).exists()
        return "" if found else _("系统里还没有村和社区。请先导入区划表，再导入网格台账。")

    def prepare(self, *, actor: Any, now: datetime) -> None:
        if sentence := self.missing():
            raise Refused(sentence)
        self.map = Map.draw()
        self.paths = reach.paths(actor, Role.CITY_ADMIN, Role.COUNTY_ADMIN, Duty.ROSTER) if actor else [""]

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
        paths = reach.paths(actor, Role.CITY_ADMIN, Role.COUNTY_ADMIN, Duty.ROSTER)
        places = Territory.objects.filter(pk__in={plan["community_id"] for plan in plans}).values_list(
            "path", flat=True
        )
        held = Grid.objects.filter(code__in=[plan["code"] for plan in plans]).values_list("community__path", flat=True)
        if not all(covered(path, paths) for path in {*places, *held}):
            raise Refused(_("你的管辖范围变了，剩下的行没有导入。需要导入的，请联系上级管理员。"))

    def apply(self, plans: Sequence[dict[str, Any]], *, run: ImportRun | None, now: datetime) -> Applied:
        """
        Left out is what has changed since the preview: a number of a community that another code has taken, a code that a grid no longer
        has, a community that is no more.
        """
        employment.hold_numbers()
        communities = {plan["community_id"] for plan in plans}
        ended = set(Territory.objects.filter(pk__in=communities).exclude(valid_to=None).values_list("pk", flat=True))
        recoded = self.recoded({plan["code"] for plan in plans})
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
        for index, plan in enumerate(plans):
            if plan["community_id"] in ended:
                overtaken[index] = _("预览以后这个村（社区）合并或者撤销了，没有导入。请重新上传核对。")
            elif plan["code"] in recoded:
                overtaken[index] = _("预览以后这个网格的编码变过了，没有导入。请重新上传核对。")
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

    @staticmethod
    def recoded(codes: set[str]) -> set[str]:
        """Those of the codes that no grid has any more, though one had: the preview gave the codes of its day."""
        gone = codes - set(Grid.objects.filter(code__in=codes).values_list("code", flat=True))
        if not gone:
            return set()
        kept = Grid.objects.current().exclude(former_codes=[]).values_list("former_codes", flat=True)
        return gone & {entry[0] for entries in kept for entry in entries}

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
