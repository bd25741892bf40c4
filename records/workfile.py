"""Work results of the provincial platform (业务实绩): points of 100 for a month, quarter or year, with the figures they were made from."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lms import numbers, sheets
from lms.imports import kind
from lms.resources import ColumnField, Judge, Line
from records import origins, periods
from records.figures import FULL, CountJudge, PointsJudge, RateJudge
from records.models import Kind
from records.recordfile import RecordResource
from records.shelf import Claim, Held
from roster.identity.cleaning import plain
from roster.models import Duty, Role


class CellJudge(Judge):
    """The cell as it is: what it means is told with the other columns in view."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        return value


@kind
class WorkResource(RecordResource):
    kind = "work"
    order = 50
    title = lazy("业务实绩（省平台）")
    need = ("name", "points")
    label_title = lazy("姓名")
    fact_titles = (lazy("号码"), lazy("考核期"), lazy("得分"), lazy("数据"))
    hint = lazy(
        "一行一个人一个考核期。表头里要有姓名、得分、考核期，再加身份证号、手机号、登录号中的一样；得分按百分制。"
    )
    lead = ("assessments", lazy("看年度考核"))
    posts = Kind.WORK
    prefix = origins.WORK
    out_of = FULL
    roles = (Role.CITY_ADMIN, Role.COUNTY_ADMIN, Duty.ASSESSMENT)

    period = ColumnField(
        "考核期",
        "考核周期",
        "统计周期",
        "统计月份",
        "考核月份",
        "所属期",
        "月份",
        "季度",
        "考核时间",
        "统计时间",
        judge=CellJudge(),
        samples=("2026年3月", "2026年第一季度"),
        hint=lazy("月份、季度、半年或年度，例如 2026年3月。"),
    )
    year = ColumnField("年度", "年份", "考核年度", judge=CellJudge(), hint=lazy("考核期里没有写年份的，填在这里。"))
    points = ColumnField(
        "得分",
        "考核得分",
        "综合得分",
        "业务实绩得分",
        "实绩得分",
        "总分",
        "总得分",
        "成绩",
        judge=PointsJudge(),
        samples=("92.5", "88"),
        hint=lazy("百分制，最多两位小数。"),
    )
    indicator = ColumnField(
        "指标", "考核指标", "考核项目", "指标名称", hint=lazy("一个人一期有几个指标的，一个指标一行；只有总分的空着。")
    )
    reported = ColumnField(
        "事件上报数", "上报数", "上报事件数", "上报件数", "事件数", judge=CountJudge(), hint=lazy("有就填，只作依据。")
    )
    closed = ColumnField(
        "办结数", "事件办结数", "办结件数", "按时办结数", judge=CountJudge(), hint=lazy("有就填，只作依据。")
    )
    closing_rate = ColumnField("办结率", "按时办结率", "事件办结率", judge=RateJudge(), hint=lazy("有就填，写百分数。"))
    visits = ColumnField(
        "走访数", "走访次数", "走访户数", "入户走访数", "走访人次", judge=CountJudge(), hint=lazy("有就填，只作依据。")
    )
    visit_rate = ColumnField(
        "走访率", "重点人员走访率", "走访完成率", judge=RateJudge(), hint=lazy("有就填，写百分数。")
    )

    # --- what a row claims ------------------------------------------------------------------------------------------

    def titles(self, tables: Sequence[sheets.Table]) -> None:
        """Many exports name their month only in the title over the table, or in the sheet's name."""
        found: dict[str, set[periods.Period]] = defaultdict(set)
        for table in tables:
            # the header's own rows among them: of a title that stands close to it the reader makes the header's first row
            rows = table.sheet.rows[: table.header_rows[-1]]
            over = [sheets.text(cell) for row in rows for cell in row if not sheets.blank(cell)]
            # titles over a header that comes again further down
            between = [
                one.text for one, next_ in pairwise(table.skipped) if (one.reason, next_.reason) == ("note", "header")
            ]
            for titles in ([table.sheet.name, *over], *([title] for title in between)):
                if period := periods.in_titles(titles):
                    found[table.sheet.name].add(period)
        # of two tables in one sheet whose titles name two months no row can be told which it is of
        self.over = {name: named.pop() for name, named in found.items() if len(named) == 1}

    def claims(self, line: Line) -> list[Claim]:
        found = self.meant(line)
        if line.wrong:
            return []
        return [self.claim(line, period, told=len(found) > 1) for period in found]

    def meant(self, line: Line) -> list[periods.Period]:
        period, year = line.values.get("period"), line.values.get("year")
        found = periods.periods(period, year)
        over = self.over.get(line.sheet)
        if not found and over and not plain(period) and not plain(year):
            found = [over]
        found = [one for one in found if one.begin <= self.today] if len(found) > 1 else found
        if not found:
            written = plain(period) or plain(year)
            text = _("考核期看不懂。请写成 2026年3月、2026年第一季度或 2026年度 这样。")
            line.fault("period_format" if written else "period_missing", text if written else NO_PERIOD, "period")
        elif found[0].begin > self.today:
            line.fault("period_future", _("这个考核期还没有开始。请核对。"), "period")
        elif found[0].begin.year < 2000:
            line.fault("period_early", _("年份不对，请填 2000 年以后的考核期。"), "period")
        elif found[0].end > self.today:
            line.remark("period_running", _("这个考核期还没有结束，先按今天登记。"), "period")
        return found

    def claim(self, line: Line, period: periods.Period, *, told: bool) -> Claim:
        """Dated to the last day of its period, or to today while that is still running."""
        indicator, figures = line.values.get("indicator", "")[:30], figures_of(line)
        title = _("%(period)s%(name)s") % {"period": period.label, "name": indicator or _("业务实绩")}
        return Claim(
            source=origins.work(period.code, indicator),
            title=f"{title}：{figures}" if figures else title,
            amount=line.values["points"],
            begin=period.begin,
            end=period.end,
            on=min(period.end, self.today),
            label=period.label if told else "",
            told=bool(figures),
        )

    def facts(self, line: Line, claim: Claim | None) -> list[str]:
        written = sheets.text(line.cells.get("period")) or sheets.text(line.cells.get("year"))
        period = periods.of_code(origins.known_of(claim.source)) if claim else None
        points = line.values.get("points")
        shown = numbers.plain(points) if points is not None else sheets.text(line.cells.get("points"))
        return [period.label if period else written, shown, figures_of(line)]

    # --- against the ledger -----------------------------------------------------------------------------------------

    def corrects_by_itself(self) -> bool:
        """The platform is where these figures are made: its newer list is right unless somebody says no."""
        return True

    def changes(self, held: Held, claim: Claim) -> list[list[str]]:
        found = []
        if held.amount != claim.amount:
            found.append([_("得分"), numbers.plain(held.amount), numbers.plain(claim.amount)])
        if claim.told and held.title != claim.title:
            old, new = (title.partition("：")[2] or _("没有") for title in (held.title, claim.title))
            found.append([_("数据"), old, new])
        return found

    def alike(self, held: Held, claim: Claim) -> bool:
        """A period of the same indicator that lies in the other: a year beside its months would count twice in the mean."""
        known = origins.known_of(held.source)
        period = periods.of_code(known) if known else None
        mine, other = (
            source.partition(":")[2].partition(":")[2] for source in (claim.source, origins.first(held.source))
        )
        return bool(period) and mine == other and period.begin <= claim.end and claim.begin <= period.end  # type: ignore[union-attr]

    def asked_of_alike(self, what: str) -> str:
        return _("疑似重复：%s和这一行的考核期有重叠，都记上会一起算进平均。请看要不要记。") % what


NO_PERIOD = lazy("没有写考核期，表名里也看不出。请加一列“考核期”。")
FIGURES = (
    ("reported", lazy("上报 %s 件")),
    ("closed", lazy("办结 %s 件")),
    ("closing_rate", lazy("办结率 %s")),
    ("visits", lazy("走访 %s 次")),
    ("visit_rate", lazy("走访率 %s")),
)


def figures_of(line: Line) -> str:
    """上报 12 件，办结 11 件，办结率 91.67%"""
    return "，".join(str(words) % line.values[name] for name, words in FIGURES if line.values.get(name))
