"""The demo city's study: last year finished by most, this year under way, with the sessions that the city held."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from django.utils import timezone

from courses import loading, obligations, sessions, study
from courses.models import CoursePage, LessonPage, Session
from courses.study import Finish
from lms.demo import City
from roster.models import Employment, Level, Territory, Worker

ALL, FULL, PART = "", Employment.FULL_TIME, Employment.PART_TIME


@dataclass(frozen=True)
class Duty:
    """One required course of the demo: until when, for whom, why, and the share that has finished it."""

    slug: str
    due_on: date
    employment: str
    reason: str
    share: float


def build(city: City) -> None:
    loading.load()
    city.say(f"课程 {CoursePage.objects.count()} 门，课 {LessonPage.objects.count()} 节")
    top = Territory.objects.get(level=Level.CITY)
    workers = list(Worker.objects.active().order_by("pk"))
    posted = 0
    for duty in [*last_year(city.now.year - 1), *this_year(city.now)]:
        course = CoursePage.objects.get(slug=duty.slug)
        obligations.require(
            course,
            territory=top,
            employment=duty.employment,
            due_on=duty.due_on,
            reason=duty.reason,
            by=None,
            now=min(city.now, morning(duty.due_on - timedelta(days=90))),
        )
        posted += study.bring_in(list(finishes(city, duty, course, workers)), course=course, now=city.now)
    city.say(f"在线学习 {posted} 笔")
    city.say(f"线上培训和现场指导 {hold(city, top, workers)} 笔")
    half_way(city)


def last_year(year: int) -> list[Duty]:
    return [
        Duty("policy-grid-duty", date(year, 4, 30), ALL, "年初统一要求：先弄清网格员该做什么、不该做什么", 0.96),
        Duty("policy-confidentiality", date(year, 6, 30), ALL, "签了保密协议的人都要学，学完才能接触台账", 0.94),
        Duty("platform-event-report", date(year, 8, 31), ALL, "上半年退回重报的事件多，先把上报这一关过好", 0.92),
        Duty("case-dispute-mediation", date(year, 11, 30), ALL, "年底前纠纷多，第一次上门要会谈、会记", 0.88),
    ]


def this_year(now: datetime) -> list[Duty]:
    """One rule that has run out, one that ends within days, and one for each employment that ends in some weeks."""
    today = timezone.localdate(now)
    after = [today + timedelta(days=days) for days in (-30, 6, 20, 26)]
    return [
        Duty("platform-visit-records", after[0], ALL, "今年走访记录抽查不合格的多，全市补这一课", 0.86),
        Duty("case-safety-hazards", after[1], ALL, "用气用电高峰前，人人要会查隐患、会劝停、会上报", 0.45),
        Duty("platform-phone-skills", after[2], PART, "兼职网格员主要用手机办事，先把照片、定位、账号弄清楚", 0.2),
        Duty("case-key-visits", after[3], FULL, "社区专职网格员要走访重点人员，走之前先学怎么走", 0.25),
    ]


def finishes(city: City, duty: Duty, course: CoursePage, workers: list[Worker]) -> Iterator[Finish]:
    """Most finish in the last weeks before the date, an hour or some days between two lessons; some stop half-way.

    Whoever has a login in the demo has left the courses that are still due for its visitor.
    """
    chance, lessons = city.chance(f"study:{duty.slug}"), list(course.lessons())
    open_yet = duty.due_on > timezone.localdate(city.now)
    for worker in workers:
        if duty.employment not in {ALL, worker.employment} or (worker.user_id and open_yet):
            continue
        draw = 0.0 if worker.user_id else chance.random()
        count = len(lessons) if draw < duty.share else chance.randrange(len(lessons)) if draw < duty.share + 0.1 else 0
        moment = evening(chance, min(duty.due_on, timezone.localdate(city.now)) - timedelta(days=6))
        for lesson in lessons[:count]:
            moment += timedelta(minutes=lesson.minutes + chance.randint(1, 20), days=chance.choice([0, 0, 0, 1]))
            if moment < city.now:
                yield Finish(worker.pk, lesson, moment)


def evening(chance: Random, last: date) -> datetime:
    """A time at which people study: noon or evening, more often near the end than early."""
    day = last - timedelta(days=int(chance.triangular(0, 60, 4)))
    hour = chance.choice([8, 12, 12, 13, 19, 19, 20, 20, 21])
    return timezone.make_aware(datetime.combine(day, time(hour, chance.randrange(60), chance.randrange(60))))


def morning(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(9)))


def hold(city: City, top: Territory, workers: list[Worker]) -> int:
    """Last year's first half as the city reported it: four trainings online and six on site; this year one in each county so far."""
    year, today = city.now.year - 1, timezone.localdate(city.now)
    posted = 0
    for title, subject, day in [
        ("平安建设政策解读", "policy", date(year, 3, 12)),
        ("综治网格化平台操作：事件上报", "platform", date(year, 4, 16)),
        ("综治网格化平台操作：走访与人房核对", "platform", date(year, 5, 14)),
        ("案事例处置：矛盾纠纷怎么接、怎么转", "case", date(year, 6, 18)),
    ]:
        posted += one(city, title, subject, Session.ONLINE, top, day, workers, share=0.62)
    for number, county in enumerate(Territory.objects.counties()):
        mine = list(Worker.objects.active().within([county.path]))
        day = date(year, 3, 20) + timedelta(days=16 * number)
        posted += one(city, f"{county.name}现场业务指导", "platform", Session.ONSITE, county, day, mine, share=0.9)
        recent = today - timedelta(days=40 + 9 * number)
        title = f"{county.name}案事例处置现场指导"
        posted += one(city, title, "case", Session.ONSITE, county, recent, mine, share=0.6)
    waiting_one(city)
    return posted


def one(
    city: City,
    title: str,
    subject: str,
    mode: str,
    territory: Territory,
    day: date,
    workers: list[Worker],
    share: float,
) -> int:
    session = plan(title, subject, mode, territory, day)
    chance, everyone = city.chance(f"session:{session.pk}"), [worker.pk for worker in workers]
    came = [worker.pk for worker in workers if worker.user_id or chance.random() < share]
    sessions.record(session, present=came, among=everyone, by=None, now=session.ends_at)
    return sessions.close(session, by=None, now=session.ends_at + timedelta(hours=1))


def plan(title: str, subject: str, mode: str, territory: Territory, day: date) -> Session:
    """Half a day online gives 3 hours, a day on site 6."""
    whole = mode == Session.ONSITE
    return Session.objects.create(
        title=title,
        subject=subject,
        mode=mode,
        territory=territory,
        place=f"{territory.name}综治中心" if whole else "",
        starts_at=morning(day),
        ends_at=morning(day) + timedelta(hours=8 if whole else 3),
        hours=Decimal(6 if whole else 3),
    )


def waiting_one(city: City) -> None:
    """A training of the day before yesterday whose attendance is still to be ticked."""
    county = Territory.objects.counties()[0]
    day = timezone.localdate(city.now) - timedelta(days=2)
    plan(f"{county.name}燃气隐患排查现场指导", "case", Session.ONSITE, county, day)


def half_way(city: City) -> None:
    """Those with a login have finished half of the course that is due next, and stopped in the middle of a lesson."""
    course = CoursePage.objects.get(slug="case-safety-hazards")
    lessons = list(course.lessons())
    half = len(lessons) // 2
    readers = Worker.objects.filter(user__isnull=False, signatures__isnull=False, user__must_change_password=False)
    for worker in readers.distinct():
        at = city.now - timedelta(days=1, hours=2)
        done = [Finish(worker.pk, lesson, at + timedelta(minutes=14 * n)) for n, lesson in enumerate(lessons[:half])]
        study.bring_in(done, course=course, now=city.now)
        read_a_while(worker, lessons[half], at + timedelta(minutes=14 * half))


def read_a_while(worker: Worker, lesson: LessonPage, at: datetime) -> None:
    place = list(lesson.body)[len(lesson.body) // 2].id
    study.open_lesson(worker, lesson=lesson, now=at)
    for beat in range(1, 8):
        study.beat(worker, lesson=lesson, place=place, now=at + timedelta(seconds=20 * beat))
