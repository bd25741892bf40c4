"""The demo city's exams of every kind, past, open and to come; each published, drawn, sat and marked by the verbs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from random import Random
from typing import Any

from django.utils import timezone

from exams import demo_answers
from exams.before import banks, drawing, papers
from exams.day import brought
from exams.marks import marking
from exams.models import AttemptState, Counts, Exam, ExamKind, Layout
from exams.worker import tryout
from lms.demo import City
from roster.models import Employment, Level, Territory, Worker

CHUNK = 1000
QUARTERS = "一二三四"


def section(kind: str, count: int, marks: str, subject: str = "") -> dict[str, Any]:
    return {"kind": kind, "count": count, "marks": marks, "subject": subject}


CHOICES = [section("single", 10, "4.0"), section("multiple", 5, "4.0"), section("truefalse", 10, "2.0")]
WHOLE = [*CHOICES, section("case", 1, "20.0")]
SHORT = [section("single", 10, "5.0"), section("multiple", 5, "4.0"), section("truefalse", 10, "3.0")]
OPEN = [
    section("single", 6, "6.0"),
    section("multiple", 4, "6.0"),
    section("truefalse", 5, "4.0"),
    section("case", 1, "20.0"),
]
QUICK = [section("single", 6, "10.0"), section("truefalse", 4, "10.0")]
PLATFORM = [
    section("single", 15, "3.0", "platform"),
    section("multiple", 5, "5.0", "platform"),
    section("truefalse", 10, "3.0", "platform"),
]


@dataclass(frozen=True)
class Plan:
    title: str
    opens_at: datetime
    days: int
    sections: list[dict[str, Any]]
    turnout: float
    minutes: int = 60
    employment: str = ""
    at_once: bool = False  # results are shown as soon as they are there
    kind: str = ExamKind.FORMAL
    tries: int = 1
    layout: str = Layout.ONE
    resit_of: str = ""  # the title of the exam


def plans(city: City) -> list[Plan]:
    now = timezone.localtime(city.now)
    last = now.year - 1

    def day(year: int, month: int, date: int) -> datetime:
        return now.replace(year=year, month=month, day=date, hour=8, minute=30, second=0, microsecond=0)

    def from_today(days: int) -> datetime:
        return (now + timedelta(days=days)).replace(hour=8, minute=30, second=0, microsecond=0)

    closed = from_today(-24)
    quarter = QUARTERS[(closed.month - 1) // 3]
    half = f"{last}年上半年网格员业务考试"
    return [
        Plan(half, day(last, 6, 10), 7, SHORT, 0.93),
        Plan(f"{half}补考", day(last, 7, 8), 3, SHORT, 0.88, kind=ExamKind.RESIT, resit_of=half),
        Plan(f"{last}年度网格员业务考试", day(last, 11, 18), 7, WHOLE, 0.95, minutes=90),
        Plan(f"{closed.year}年{quarter}季度网格员业务考试", closed, 7, WHOLE, 0.91, minutes=90),
        Plan(f"{now.year}年新规学习测试", from_today(-2), 16, OPEN, 0.18, at_once=True),
        Plan(
            f"{now.year}年平时练习（法规和处置）",
            from_today(-3),
            30,
            QUICK,
            0.04,
            minutes=20,
            at_once=True,
            kind=ExamKind.PRACTICE,
            tries=5,
            layout=Layout.ALL,
        ),
        Plan(f"{now.year}年专职网格员平台操作考核", from_today(7), 2, PLATFORM, 0, employment=Employment.FULL_TIME),
    ]


def build(city: City) -> None:
    city.say(f"题库 {banks.load()} 题")
    tryout.lay(now=city.now)
    workers = list(Worker.objects.active().order_by("pk").values_list("pk", "user_id"))
    talent = city.chance("exams.talent")
    ability = {pk: min(0.97, max(0.35, talent.gauss(0.76, 0.11))) for pk, _user in workers}
    visitors = {pk for pk, user in workers if user}
    for plan in plans(city):
        hold(city, plan, ability=ability, visitors=visitors)


def hold(city: City, plan: Plan, *, ability: dict[int, float], visitors: set[int]) -> None:
    """Publish, draw, sit; and when it is over by the city's clock, record absences and post what needs no person."""
    exam = create(city, plan)
    drawing.draw(exam, now=plan.opens_at - timedelta(days=3))
    open_ = exam.closes_at > city.now
    sheets = sit(
        exam, plan, ability, city.chance(f"exams.{plan.title}"), until=city.now, away=visitors if open_ else set()
    )
    counted = 0
    while chunk := list(islice(sheets, CHUNK)):
        counted += brought.bring_in(exam, chunk, now=min(city.now, exam.closes_at))
    over = exam.closes_at + timedelta(minutes=1)
    if over <= city.now:
        marking.finish_absent(exam, now=over)
    posted = marking.post_results(exam, now=min(city.now, over))
    waiting = exam.attempts.filter(state=AttemptState.HANDED_IN).count()
    city.say(f"{plan.title}：{counted} 人参加，{waiting} 份等评分，{posted} 人成绩入档")


def create(city: City, plan: Plan) -> Exam:
    exam = Exam.objects.create(
        title=plan.title,
        opens_at=plan.opens_at,
        closes_at=(plan.opens_at + timedelta(days=plan.days)).replace(hour=18, minute=0),
        minutes=plan.minutes,
        sections=plan.sections,
        territory=Territory.objects.current().get(level=Level.CITY),
        employment=plan.employment,
        seed=f"{city.seed}:{plan.title}"[:32],
        results_at=plan.opens_at if plan.at_once else None,
        kind=plan.kind,
        tries=plan.tries,
        layout=plan.layout,
        resit_of=Exam.objects.get(title=plan.resit_of) if plan.resit_of else None,
        counts=Counts.BEST if plan.resit_of else "",
    )
    return papers.publish(exam, by=None, now=plan.opens_at - timedelta(days=7))


def sit(
    exam: Exam, plan: Plan, ability: dict[int, float], chance: Random, *, until: datetime, away: set[int]
) -> Iterable[brought.Sheet]:
    """The sheets of those who turn up, at working hours within the window; nobody has finished after `until`."""
    items = list(exam.items.order_by("pk"))
    days = max(1, (min(until, exam.closes_at) - exam.opens_at).days)
    for pk in exam.attempts.order_by("worker_id").values_list("worker_id", flat=True):
        if pk in away or chance.random() > plan.turnout:
            continue
        begun = exam.opens_at + timedelta(days=chance.randrange(days), minutes=chance.triangular(0, 540, 60))
        spent = timedelta(minutes=chance.triangular(0.25, 1.02, 0.55) * exam.minutes)
        if begun + spent < until:
            yield brought.Sheet(pk, begun, begun + spent, demo_answers.answers(items, ability[pk], chance))
