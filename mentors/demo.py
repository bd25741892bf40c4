"""The demo city's 小教员: appointed from the roster, and what they have marked of last year's and this year's exams."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from django.utils import timezone

from exams import demo_answers
from exams.marks import marking
from exams.models import Exam, PaperItem
from lms.demo import City
from mentors import appointment, intake, queue
from mentors.models import Mentor
from records import demo as records_demo
from roster import passwords
from roster.models import Worker

CHUNK = 1000
SPECIALITIES = ["政策法规", "平台操作", "案事例处置"]
REMARKS = {
    "all": ["要点齐全，条理清楚。", "步骤和理由都写到了，很好。"],
    "most": ["主要步骤有了，回访和记录再写具体些。", "处置得当，还差一条要点，请对照参考答案看看。"],
    "some": ["先后顺序要理清，安全的事放在前面。", "写得偏短，每一步为什么这样做要说出来。"],
    "none": ["没有写到要点，请先学习对应的课程再来考。"],
}
# attempt, item, worker, township, county, what was written
Row = tuple[int, int, int, int, int | None, str]


def build(city: City) -> None:
    """Appoint those the roster lists, mark what they have marked by now, and have last year assessed."""
    mentors = appoint(city)
    for exam in Exam.objects.filter(closes_at__lte=city.now).order_by("closes_at"):
        mark_exam(city, exam, mentors)
    records_demo.assess_last_year(city)


def appoint(city: City) -> list[Mentor]:
    since = timezone.make_aware(datetime(timezone.localtime(city.now).year - 1, 1, 10, 9, 0))
    without = Worker.objects.exclude(listed_as_mentor="").filter(user=None).order_by("number")
    passwords.issue(list(without), expires=city.now + timedelta(days=30))
    count = appointment.appoint_listed(by=None, now=min(since, city.now))
    city.say(f"聘任小教员 {count} 名")
    chance = city.chance("mentors")
    mentors = list(Mentor.objects.select_related("worker__township").order_by("worker__number"))
    for mentor in mentors:
        mentor.specialities = chance.sample(SPECIALITIES, chance.choice([1, 1, 2]))
    Mentor.objects.bulk_update(mentors, ["specialities"])
    return mentors


def mark_exam(city: City, exam: Exam, mentors: list[Mentor]) -> None:
    """All of an exam of a past year, two thirds of one of this year; results go out where the exam shows them."""
    this_year = exam.closes_at.year == timezone.localtime(city.now).year
    chance = city.chance(f"marking:{exam.seed}")
    rows = answers(exam)
    chance.shuffle(rows)
    rows = rows[: len(rows) * 2 // 3] if this_year else rows
    begin = min(exam.closes_at + timedelta(hours=16), city.now)
    span = min(timedelta(days=9), city.now - begin)
    items = PaperItem.objects.in_bulk({row[1] for row in rows})
    marked = list(marks(rows, items, mentors, chance, begin=begin, span=span))
    counted = 0
    for start in range(0, len(marked), CHUNK):
        chunk = marked[start : start + CHUNK]
        counted += intake.take_in(chunk, now=chunk[-1].done_at)
    done_at = min(max(begin + span, exam.shows_results_at), city.now)
    marking.post_results(exam, now=done_at)
    city.say(f"{exam.title}：评案例答卷 {counted} 份")


def answers(exam: Exam) -> list[Row]:
    rows = marking.waiting(exam).order_by("attempt_id", "item_id")
    return list(
        rows.values_list(
            "attempt_id",
            "item_id",
            "attempt__worker",
            "attempt__worker__township",
            "attempt__worker__township__parent",
            "value",
        )
    )


def marks(
    rows: list[Row],
    items: dict[int, PaperItem],
    mentors: list[Mentor],
    chance: Random,
    *,
    begin: datetime,
    span: timedelta,
) -> Iterator[intake.Marked]:
    """One mark for each row, by the mentor with the fewest so far who may give it, spread over the days after the close."""
    load = Counter[Mentor]()
    for place, (attempt_id, item_id, worker, township, county, words) in enumerate(rows):
        able = [one for one in mentors if queue.fair(one, worker_id=worker, township_id=township, county_id=county)]
        if not able:
            continue
        mentor = min(able, key=lambda one: load[one])
        load[mentor] += 1
        rubric = items[item_id].content["points"]
        points = [point for point in demo_answers.covered(items[item_id], words) if chance.random() < 0.95]
        done_at = min(by_day(begin + span * (place / len(rows))), begin + span)
        taken_at = done_at - timedelta(seconds=chance.randint(60, 260))
        yield intake.Marked(mentor, attempt_id, item_id, points, remark(points, rubric, chance), taken_at, done_at)


def by_day(moment: datetime) -> datetime:
    """The same day, between half past eight in the morning and half past eight at night; order is kept."""
    local = timezone.localtime(moment)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(hours=8, minutes=30) + (local - midnight) / 2


def remark(points: list[int], rubric: list[dict], chance: Random) -> str:
    if chance.random() < 0.6:
        return ""
    share = len(points) / len(rubric)
    kind = "all" if share == 1 else "most" if share >= 0.6 else "some" if share else "none"
    return chance.choice(REMARKS[kind])
