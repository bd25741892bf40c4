"""One person's year in a real browser: the county's list comes in, a worker on a phone studies and sits an exam, a mentor marks it, the county
settles the year, the leader reads the page. The lists are those that a city really sent, the people on them are invented.

The clock runs, but is moved on where a person would sit and read for minutes.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from courses import hours
from courses.models import LessonProgress, StudyClock
from exams import tasks as exam_tasks
from exams.models import Attempt, AttemptState
from mentors.models import Mentor
from records import assessments
from records.models import Certificate, Kind, Round, SkillRecord
from roster import roles
from roster.models import Agreement, Role, Territory, User, Worker

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

DATA = Path(__file__).parent / "data"
LISTS = {
    "divisions": DATA / "xianning_divisions_2023.csv",
    "grids": DATA / "rosters" / "网格台账.xlsx",
    "roster": DATA / "rosters" / "嘉鱼县_网格员信息表.csv",
}
PEOPLE = 658
OWN_PASSWORD = "杨柳岸1晓风残月"
MORNING = datetime(2026, 9, 16, 8, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def clock() -> Iterator[Any]:
    """A clock that runs from a Wednesday morning and can be moved on."""
    with time_machine.travel(MORNING, tick=True) as traveller:
        yield traveller


def test_a_year_of_one_person(page_for: Any, clock: Any) -> None:
    ground()
    office = page_for(User.objects.get(username="admin"), 1280, 900)
    import_the_city(office)
    county = Territory.objects.get(name="嘉鱼县")
    worker, mentor = people(county)
    admin = county_admin(county)
    desk = page_for(admin, 1280, 900)
    appoint_mentors(desk)
    slips = first_passwords(desk, worker.township)

    phone = page_for(None, 360, 740, mobile=True)
    first_sign_in(phone, worker.number, slips[worker.number], name=worker.name)
    study(phone, clock, worker)
    hold_exam(desk, county)
    sit_exam(phone, page_for, worker)
    marker = page_for(account(mentor), 1280, 900)
    sit_it_too(marker)
    mark(marker, worker)
    exams_swept()
    certificate_stands(phone, page_for(None, 360, 740, mobile=True), worker)
    assess_the_year(desk, county)
    own_grade(phone, worker)
    leader_reads(page_for(leader(), 1280, 900), county)


# --- what an installation brings along -------------------------------------------------------------------------------


def ground() -> None:
    """An administrator, and what every installation starts with."""
    User.objects.create_superuser("admin", password=OWN_PASSWORD, name="系统管理员")
    call_command("lay_ground", verbosity=0)


def account(worker: Worker) -> User:
    """The account of someone who has been with us for long."""
    user = worker.user or User(username=worker.number)
    user.name, user.must_change_password = worker.name, False
    user.save()
    Worker.objects.filter(pk=worker.pk).update(user=user)
    worker.signatures.get_or_create(
        agreement=Agreement.objects.get(), defaults={"name": worker.name, "signed_at": MORNING - timedelta(days=20)}
    )
    return user


def people(county: Territory) -> tuple[Worker, Worker]:
    """A full-time worker, and a county-level mentor who serves in another township."""
    mentor = Worker.objects.filter(listed_as_mentor="county").order_by("number")[0]
    plain = Worker.objects.filter(listed_as_mentor="", employment="fulltime").exclude(mobile_hash="")
    return plain.exclude(township=mentor.township).order_by("number")[0], mentor


def county_admin(county: Territory) -> User:
    user = User.objects.create_user("jiayu", password=OWN_PASSWORD, name="嘉鱼县管理员")
    roles.grant(user, Role.COUNTY_ADMIN, county, since=MORNING.date(), by=None, now=MORNING, reason="任命")
    return user


def leader() -> User:
    user = User.objects.create_user("leader", password=OWN_PASSWORD, name="周建平")
    city = Territory.objects.get(level="city")
    roles.grant(user, Role.LEADER, city, since=MORNING.date(), by=None, now=MORNING, reason="分管")
    return user


def press(page: Page, button: Locator) -> None:
    """Click, and wait for the page it leads to; going elsewhere at once would call the click off."""
    with page.expect_navigation():
        button.click()


# --- the steps -------------------------------------------------------------------------------------------------------


def import_the_city(office: Page) -> None:
    office.set_default_timeout(60_000)
    for kind, path in LISTS.items():
        office.goto("/cms/imports/")
        office.locator(f"[name=kind][value={kind}]").check()
        office.set_input_files("input[type=file]", path)
        office.get_by_role("button", name="上传并预览").click()
        confirm = office.get_by_role("button", name=re.compile("^导入 "))
        expect(confirm).to_be_visible(timeout=60_000)
        if kind == "roster":
            expect(office.locator("main")).to_contain_text("身份证号的校验位不对")
            expect(confirm).to_have_text(re.compile("导入 669 行，留下 3 行"))
        confirm.click()
        expect(office.locator("main")).to_contain_text("已导入", timeout=60_000)
    assert Worker.objects.count() == PEOPLE


def appoint_mentors(desk: Page) -> None:
    desk.goto("/cms/mentors/appoint/")
    press(desk, desk.get_by_role("button", name=re.compile("聘任这 8 人")))
    assert Mentor.objects.count() == 8


def first_passwords(desk: Page, township: Territory) -> dict[str, str]:
    """Make and open a township's list; sign-in number → password."""
    desk.goto("/cms/passwords/")
    press(desk, desk.locator("tr", has_text=township.name).get_by_role("button"))
    desk.get_by_role("button", name="打开并打印").click()
    expect(desk.locator(".slip").first).to_be_visible()
    numbers = [re.search(r"W\d{6}", text)[0] for text in desk.locator(".slip dd.num").all_inner_texts()]  # type: ignore[index]
    return dict(zip(numbers, desk.locator(".slip code").all_inner_texts(), strict=True))


def first_sign_in(phone: Page, number: str, password: str, *, name: str) -> None:
    phone.goto("/")
    phone.get_by_label("手机号或登录号").fill(number)
    phone.locator("[name=password]").fill(password)
    phone.get_by_role("button", name="登录", exact=True).click()
    phone.locator("[name=new]").fill(OWN_PASSWORD)
    phone.locator("[name=again]").fill(OWN_PASSWORD)
    phone.get_by_role("button", name="保存新密码").click()
    expect(phone.locator("h1")).to_have_text("网格员保密协议")
    phone.locator("[name=read]").check()
    phone.locator("[name=name]").fill(name)
    phone.get_by_role("button", name="签署", exact=True).click()
    expect(phone.locator("h1")).to_have_text("个人信息处理告知书")
    phone.locator("[name=read]").check()
    phone.get_by_role("button", name="读完了，继续").click()
    expect(phone.locator("h1")).to_contain_text(name)
    expect(phone.locator("main")).to_contain_text("要做的事")


def study(phone: Page, clock: Any, worker: Worker) -> None:
    """Find a lesson in the catalog, read it for as long as it takes by the server's clock, finish it."""
    phone.goto("/study/")
    expect(phone.locator("main")).to_contain_text("案事例处置")
    phone.get_by_role("link", name=re.compile("公共安全隐患排查")).first.click()
    phone.get_by_role("link", name=re.compile("上门查燃气|开始学")).first.click()
    expect(phone.locator("h1")).to_contain_text("上门查燃气")
    finish = phone.locator("[data-finish]")
    finish.click()
    expect(phone.locator("main")).to_contain_text("还要再学")
    progress = LessonProgress.objects.get(worker=worker)
    for _look in range(30):
        clock.shift(timedelta(seconds=40))
        moment = timezone.now()
        phone.evaluate("dispatchEvent(new Event('focus'))")
        # the next minute passes only when the server has heard of this one
        for _wait in range(200):
            if StudyClock.objects.get(worker=worker).heard_at >= moment:
                break
            phone.wait_for_timeout(50)
        progress.refresh_from_db()
        if not study_lacks(progress):
            break
    press(phone, phone.locator("[data-finish]"))
    phone.goto("/records/hours/")
    expect(phone.locator("main")).to_contain_text("上门查燃气")
    assert [str(record.amount) for record in worker.records.filter(kind=Kind.HOURS)] == ["0.25"]


def study_lacks(progress: LessonProgress) -> bool:
    return progress.seconds < hours.seconds_needed(progress.lesson.minutes)


def hold_exam(desk: Page, county: Territory) -> None:
    """The county writes an exam of four kinds of question, looks at what it would freeze, publishes."""
    desk.goto("/cms/exams/new/")
    desk.locator("[name=title]").fill("嘉鱼县三季度业务考试")
    desk.locator("[name=territory]").select_option(label=county.name)
    opens = datetime.now(tz=MORNING.tzinfo)
    desk.locator("[name=opens_at]").fill(f"{opens - timedelta(minutes=5):%Y-%m-%dT%H:%M}")
    desk.locator("[name=closes_at]").fill(f"{opens + timedelta(hours=8):%Y-%m-%dT%H:%M}")
    desk.locator("[name=results]").select_option("once")
    sections = [("single", 2, "20.0"), ("multiple", 1, "20.0"), ("truefalse", 1, "20.0"), ("case", 1, "20.0")]
    for place, (kind, count, marks) in enumerate(sections):
        desk.locator(f"[name$='-{place}-kind']").select_option(kind)
        desk.locator(f"[name$='-{place}-count']").fill(str(count))
        desk.locator(f"[name$='-{place}-marks']").fill(marks)
    press(desk, desk.get_by_role("button", name=re.compile("保存")).first)
    press(desk, desk.get_by_role("button", name=re.compile("发布")))
    assert Attempt.objects.filter(exam__title="嘉鱼县三季度业务考试").count() == PEOPLE


def sit_exam(phone: Page, page_for: Any, worker: Worker) -> None:
    """Answer on the phone, go on after a reload and on another device, hand in, and keep the receipt."""
    phone.goto("/exams/")
    phone.get_by_role("link", name="去考试").click()
    phone.locator("[name=pledge]").check()
    phone.get_by_role("button", name="开始作答").click()
    attempt = Attempt.objects.get(worker=worker)
    keys = {item.pk: item for item in attempt.exam.items.all()}
    rows = phone.locator("[data-question]")
    rows.first.wait_for()
    for place in range(rows.count()):
        if place == 3:
            phone.reload()
            go_to(phone, place)
        question = rows.nth(place)
        item = keys[int(question.get_attribute("data-question") or 0)]
        answer(question, item, attempt)
        expect(question.locator("[data-state]")).to_contain_text("已保存", timeout=10_000)
        if place < rows.count() - 1:
            phone.get_by_role("button", name="下一题").click()
    other = page_for(Worker.objects.get(pk=worker.pk).user, 1280, 800)
    other.goto(f"/exams/attempt/{attempt.pk}/")
    other.get_by_role("button", name="在这里作答").click()
    expect(other.locator("[data-question] :checked")).to_have_count(phone.locator("[data-question] :checked").count())
    phone.reload()
    phone.get_by_role("button", name="在这里作答").click()
    go_to(phone, rows.count() - 1)
    phone.locator("[data-last]").click()
    phone.get_by_role("button", name="确认交卷").click()
    phone.locator(".receipt-no").wait_for()
    attempt = Attempt.objects.get(pk=attempt.pk)
    expect(phone.locator("main")).to_contain_text(attempt.receipt or "?")
    assert attempt.state == AttemptState.HANDED_IN
    assert attempt.machine_marks == 80


def go_to(phone: Page, place: int) -> None:
    """After a reload the paper opens where one was; step on to the question wanted."""
    for _step in range(10):
        if phone.locator("[data-question]").nth(place).is_visible():
            return
        phone.get_by_role("button", name="下一题").click()


def answer(question: Any, item: Any, attempt: Attempt) -> None:
    """The right answer, clicked or written."""
    area = question.locator("textarea")
    if area.count():
        area.fill("先把两家人分开听，记下时间、地点和各自的要求，当天上报平台，三天内回访。")
        return
    for index in item.content["key"]:
        question.locator(f".opts input[value='{index}']").click()


def sit_it_too(desk: Page) -> None:
    """Whoever marks an exam has handed in their own paper first; the desk says so."""
    desk.goto("/marking/")
    expect(desk.locator("main")).to_contain_text("要等你自己考完")
    desk.goto("/exams/")
    desk.get_by_role("link", name="去考试").click()
    desk.locator("[name=pledge]").check()
    desk.get_by_role("button", name="开始作答").click()
    desk.locator("[data-question]").first.wait_for()
    desk.goto(desk.url.replace("/sit/", "/attempt/").replace("/paper", "/hand-in/"))
    desk.get_by_role("button", name="确认交卷").click()
    expect(desk.locator("main")).to_contain_text("回执")


def mark(desk: Page, worker: Worker) -> None:
    """The mentor gets the answer without a name, ticks the points, and the result is out."""
    desk.goto("/marking/")
    desk.get_by_role("button", name="领取下一份").click()
    expect(desk.locator("main")).to_contain_text("分开听")
    page = desk.content()
    assert worker.name not in page
    assert worker.number not in page
    for point in desk.locator("#mark [name=points]").all():
        point.click()
    press(desk, desk.locator("button.grow[form=mark]"))
    attempt = Attempt.objects.get(worker=worker)
    assert (attempt.state, attempt.marks) == (AttemptState.MARKED, 100)


def exams_swept() -> None:
    """What a worker process does each minute: results that are out go to the records."""
    exam_tasks.close_overdue()


def certificate_stands(phone: Page, stranger: Page, worker: Worker) -> None:
    """The result is on the record, the certificate is a picture, and anyone can check it without learning the name."""
    certificate = Certificate.objects.get(worker=worker)
    phone.goto("/records/")
    expect(phone.locator("main")).to_contain_text("嘉鱼县三季度业务考试")
    phone.goto(f"/records/certificates/{certificate.number}/")
    expect(phone.locator("main img").first).to_be_visible()
    assert phone.request.get(f"/records/certificates/{certificate.number}.png").body()[:4] == b"\x89PNG"
    stranger.goto(f"/check/{certificate.token}/")
    expect(stranger.locator("main")).to_contain_text(certificate.number)
    expect(stranger.locator("main")).to_contain_text("有效")
    assert worker.name not in stranger.content()


def assess_the_year(desk: Page, county: Territory) -> None:
    """The county drafts the year from the records and settles both rounds, with the quota's arithmetic before its eyes."""
    for employment in ("fulltime", "parttime"):
        desk.goto(f"/cms/assessments/?year={MORNING.year}")
        scheme = assessments.default_schemes(MORNING.year)[0 if employment == "fulltime" else 1]
        form = desk.locator(f"form:has([name=scheme][value='{scheme.pk}'])")
        press(desk, form.get_by_role("button"))
        drafted = Round.objects.get(scheme=scheme, county=county)
        desk.goto(f"/cms/assessments/{drafted.pk}/")
        desk.get_by_role("link", name=re.compile("审定")).click()
        expect(desk.locator("main")).to_contain_text("名")
        press(desk, desk.get_by_role("button", name="审定", exact=True))
        assert Round.objects.get(pk=drafted.pk).state == Round.SETTLED


def own_grade(phone: Page, worker: Worker) -> None:
    """The worker reads the grade, and opens a figure to the records it was made from."""
    assessment = worker.assessments.get()
    phone.goto(f"/records/assessment/{MORNING.year}/")
    expect(phone.locator("main")).to_contain_text(assessment.grade)
    expect(phone.locator("main")).to_contain_text("100 ÷ 100")
    phone.get_by_role("link", name=re.compile("条记录")).first.click()
    expect(phone.locator("main")).to_contain_text("上门查燃气")


def leader_reads(desk: Page, county: Territory) -> None:
    desk.goto("/")
    expect(desk.locator("h1")).to_contain_text("通报")
    expect(desk.locator("main")).to_contain_text(county.name)
    sheet = desk.request.get(f"/bulletin.xlsx?year={MORNING.year}")
    assert sheet.body()[:2] == b"PK"
    # the worker and the mentor; nobody is absent before the close
    assert SkillRecord.objects.filter(kind=Kind.EXAM).count() == 2
