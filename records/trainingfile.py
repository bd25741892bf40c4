"""Past training: who was at which course elsewhere, when, for how many hours, and who held it. Each row becomes hours in the ledger."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lms import numbers, sheets, times
from lms.imports import kind
from lms.resources import ColumnField, Judge, Line
from records import origins, periods
from records.figures import HoursJudge, WordJudge
from records.models import Kind, Subject
from records.recordfile import RecordResource
from records.shelf import Claim, Held
from roster.judges import RequiredJudge
from roster.models import Duty

SUBJECTS = (("政策", Subject.POLICY), ("法", Subject.POLICY), ("平台", Subject.PLATFORM), ("案", Subject.CASE))
MODES = (
    ("线上", "online"),
    ("网", "online"),
    ("直播", "online"),
    ("视频", "online"),
    ("现场", "onsite"),
    ("线下", "onsite"),
    ("集中", "onsite"),
    ("面授", "onsite"),
)
MODE_NAMES = {"online": lazy("线上"), "onsite": lazy("现场"), "": lazy("没有写")}


class SpanJudge(Judge):
    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> periods.Span:
        return periods.span(value)


@kind
class TrainingResource(RecordResource):
    kind = "training"
    order = 40
    title = lazy("过往培训记录")
    need = ("name", "course", "day", "hours", "host")
    label_title = lazy("姓名")
    fact_titles = (lazy("号码"), lazy("课程"), lazy("日期"), lazy("学时"), lazy("主办单位"))
    hint = lazy(
        "一行一个人一次培训。表头里要有姓名、课程、培训时间、学时、主办单位，再加身份证号、手机号、登录号中的一样。"
    )
    lead = ("workers:index", lazy("看网格员名单"))
    next_kind = "work"
    posts = Kind.HOURS
    prefix = origins.TRAINING
    roles = (Duty.TRAINING,)

    course = ColumnField(
        "课程",
        "培训名称",
        "培训内容",
        "课程名称",
        "班次",
        "培训班次",
        "培训主题",
        "培训项目",
        judge=RequiredJudge("course_missing", lazy("没有写课程或培训名称。"), longest=70),
        samples=("网格员岗前培训", "消防安全知识"),
        hint=lazy("培训班或课程的名称，同一次培训每个人写一样。"),
    )
    day = ColumnField(
        "培训时间",
        "日期",
        "培训日期",
        "时间",
        "起止时间",
        "培训起止时间",
        "参训时间",
        judge=SpanJudge(),
        samples=("2024.3.4-3.6", "2024年5月20日"),
        hint=lazy("写到哪一天，只知道月份的写月份；几天的写起止，按第一天登记。"),
    )
    hours = ColumnField(
        "学时",
        "培训学时",
        "课时",
        "学时数",
        "获得学时",
        judge=HoursJudge(),
        samples=("18", "4"),
        hint=lazy("填数字，最多两位小数。"),
    )
    host = ColumnField(
        "主办单位",
        "来源",
        "培训单位",
        "组织单位",
        "举办单位",
        "承办单位",
        "主办",
        judge=RequiredJudge("host_missing", lazy("没有写主办单位或来源。说不出来源的学时不能记档。"), longest=40),
        samples=("县委政法委", "镇综治中心"),
        hint=lazy("谁办的培训；说不出来源的学时不能记档。"),
    )
    subject = ColumnField(
        "科目",
        "类别",
        "培训类别",
        "课程类别",
        judge=WordJudge(SUBJECTS, "subject_unknown", lazy("科目看不懂，先空着。")),
        samples=("政策法规", "案事例处置"),
        choices=tuple(Subject.labels),
        hint=lazy("从选项里选，分不清的空着。"),
    )
    mode = ColumnField(
        "形式",
        "培训形式",
        "培训方式",
        "方式",
        judge=WordJudge(MODES, "mode_unknown", lazy("看不出是线上还是现场，先空着。")),
        samples=("现场", "线上"),
        choices=("线上", "现场"),
        hint=lazy("从选项里选，不知道的空着。"),
    )

    # --- what a row claims ------------------------------------------------------------------------------------------

    def claims(self, line: Line) -> list[Claim]:
        values = line.values
        days = self.days(line)
        if line.wrong:
            return []
        found = [self.claim(line, span, day) for span, day in days]
        if len(found) == 1 and values["day"].end and values["day"].begin.precision == "day":
            line.remark("date_range", _("写了起止时间，按第一天登记。"), "day")
        return found

    def days(self, line: Line) -> list[tuple[periods.Span, str]]:
        """The days (or months) the row can mean, each with how exactly it is known; a fault where there is none that can be."""
        span: periods.Span = line.values.get("day") or periods.Span(periods.PartialDate())
        begin = span.begin
        if begin.codes == ("date_ambiguous",) and begin.date:
            found = [periods.month_span(begin.date.year, month) for month in periods.TWO_MONTHS]
            can_be = [one for one in found if one.begin.date and one.begin.date <= self.today] or found[:1]
            if len(can_be) > 1:
                return [(one, one.begin.date.isoformat()[:7]) for one in can_be if one.begin.date]
            span, begin = can_be[0], can_be[0].begin
        if begin.date is None or span.last is None:
            code = "date_format" if begin.codes else "date_missing"
            text = _("培训时间看不懂。请写成 2024年3月4日，或 2024.3.4-3.6 这样。")
            line.fault(code, text if begin.codes else _("没有写培训时间。"), "day")
        elif begin.date > self.today:
            line.fault("date_future", _("培训时间还没有到。请核对年份。"), "day")
        elif begin.date.year < times.FIRST_YEAR:
            line.fault("date_early", _("年份不对，请填 %d 年以后的日期。") % times.FIRST_YEAR, "day")
        else:
            return [(span, begin.date.isoformat()[: {"year": 4, "month": 7}.get(begin.precision, 10)])]
        return []

    def claim(self, line: Line, span: periods.Span, day: str) -> Claim:
        values, begin, last = line.values, span.begin.date, span.last
        assert begin
        assert last
        course, host = values["course"], values["host"]
        return Claim(
            source=origins.training(course, host, day),
            title=course + origins.HOST.format(host),
            amount=values["hours"],
            begin=begin,
            end=last,
            on=begin,
            subject=values.get("subject", ""),
            mode=values.get("mode", ""),
            label=told(span) if len(day) == 7 else "",
        )

    def facts(self, line: Line, claim: Claim | None) -> list[str]:
        values = line.values
        span: periods.Span | None = values.get("day")
        day = told(span) if span and span.begin.date and not span.begin.codes else sheets.text(line.cells.get("day"))
        hours = numbers.plain(values["hours"]) if values.get("hours") else sheets.text(line.cells.get("hours"))
        return [values.get("course", ""), day, hours, values.get("host", "")]

    # --- against the ledger -----------------------------------------------------------------------------------------

    def changes(self, held: Held, claim: Claim) -> list[list[str]]:
        """Hours; subject and form where the row says them, an empty cell changes nothing."""
        found = []
        if held.amount != claim.amount:
            found.append([_("学时"), numbers.plain(held.amount), numbers.plain(claim.amount)])
        if claim.subject and held.subject != claim.subject:
            old = str(Subject(held.subject).label) if held.subject else _("没有写")
            found.append([_("科目"), old, str(Subject(claim.subject).label)])
        if claim.mode and held.mode != claim.mode:
            found.append([_("形式"), str(MODE_NAMES[held.mode]), str(MODE_NAMES[claim.mode])])
        return found

    def alike(self, held: Held, claim: Claim) -> bool:
        """The same course within the same days: posted by the platform itself, or brought in with another organiser or day."""
        if not claim.begin <= held.day <= claim.end and not self.around(held, claim):
            return False
        wanted = origins.key(origins.course(claim.title))
        title = origins.course(held.title)
        return wanted in {origins.key(title), origins.key(title.partition("：")[0])}

    def around(self, held: Held, claim: Claim) -> bool:
        """Whether a record that is known no finer than a month or a year can have been on the claim's day."""
        known = origins.known_of(held.source)
        return 0 < len(known) < 10 and claim.begin.isoformat().startswith(known)

    def asked_of_alike(self, what: str) -> str:
        return _("疑似重复：%s是同一门课、同一时间。请看是不是同一次培训。") % what


def told(span: periods.Span) -> str:
    """2024年3月4日, 2024年3月, 2024年; 2024年3月4日至3月6日."""
    day, end = span.begin.date, span.end
    if day is None:
        return ""
    if span.begin.precision != "day":
        return (
            _("%s年") % day.year
            if span.begin.precision == "year"
            else _("%(y)s年%(m)s月") % {"y": day.year, "m": day.month}
        )
    begin = _("%(y)s年%(m)s月%(d)s日") % {"y": day.year, "m": day.month, "d": day.day}
    return _("%(begin)s至%(m)s月%(d)s日") % {"begin": begin, "m": end.month, "d": end.day} if end else begin
