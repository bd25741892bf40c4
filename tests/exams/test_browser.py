"""The exam on a phone of 360 px in a real browser: cut off, reloaded, back on line, another device, time running out."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from exams.day import attempts, lane, receipts, saving
from exams.models import Answer, Attempt, AttemptState, Incident, IncidentKind, Layout, Notice
from tests.barriers import look
from tests.exams.conftest import CASE, SECTIONS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def sit(make_exam, worker, page_for):
    """A window on the paper, just begun, with the exam's attempt."""

    def sit(**fields):
        exam = make_exam(sections=[*SECTIONS, CASE], **fields)
        page = page_for(worker.user, 360, 740, mobile=True)
        page.goto(f"/exams/{exam.pk}/")
        page.check("[name=pledge]")
        page.click("text=开始作答 >> visible=true >> nth=-1")
        page.wait_for_selector("[data-dialog=cells]:visible")
        return page, Attempt.objects.get(exam=exam, worker=worker)

    return sit


def choose(page, number, index=0):
    go_to(page, number)
    page.check(f"#q-{number} .opts input >> nth={index}")


def go_to(page, number):
    page.click("button:has-text('题目表')")
    page.click(f"#cells [data-go='{number}']")


def state(page, number):
    return page.inner_text(f"#q-{number} [data-state]")


def wait_saved(page, number):
    page.wait_for_selector(f"#q-{number} [data-state]:text-matches('已保存 [0-9]')", state="attached")


def stored(attempt, number):
    item_id, _order = attempt.paper[number - 1]
    return Answer.objects.filter(attempt=attempt, item_id=item_id).values_list("value", flat=True).first()


def mirror(page, attempt):
    return page.evaluate(f"JSON.parse(localStorage.getItem('in:exam:{attempt.pk}'))")


def until(page, expression):
    """Our policy forbids the browser the eval that Playwright's own waiting needs."""
    for _look in range(100):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(100)
    pytest.fail(expression)


def seconds_shown(page):
    hours, minutes, seconds = re.search(r"(?:(\d+):)?(\d+):(\d+)", page.inner_text("[data-left]")).groups()
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)


def end_in(attempt, **left):
    Attempt.objects.filter(pk=attempt.pk).update(deadline=timezone.now() + timedelta(**left))


@pytest.fixture
def unreachable(monkeypatch):
    """The server takes no answers, until it is called; also none that a browser sends while it leaves a page."""
    within_reach = lane.ACTS["answers"]
    monkeypatch.setitem(lane.ACTS, "answers", ("POST", lambda _ask, _holder: lane.Reply(429)))
    return lambda: monkeypatch.setitem(lane.ACTS, "answers", within_reach)


def test_cut_off_reloaded_back_on_line_and_handed_in(sit, request):
    page, attempt = sit()
    choose(page, 1)
    wait_saved(page, 1)
    assert stored(attempt, 1) is not None

    page.context.set_offline(True)
    choose(page, 2)
    page.wait_for_selector("[data-save][data-state=offline]", timeout=3500)
    assert state(page, 2) == "网络断开，答案留在手机里"
    assert "有 1 题的答案等联网后自动送出" in page.inner_text("[data-banner]")
    assert stored(attempt, 2) is None
    page.context.set_offline(False)
    wait_saved(page, 2)
    assert stored(attempt, 2) is not None
    page.wait_for_selector("[data-banner]", state="hidden")

    reachable = request.getfixturevalue("unreachable")
    choose(page, 3, 1)
    page.wait_for_selector("[data-save][data-state=waiting]", timeout=3500)
    page.reload()
    page.wait_for_selector("#q-3:visible")
    assert "已保存" not in state(page, 3)
    assert page.is_checked("#q-3 .opts input >> nth=1")
    assert stored(attempt, 3) is None
    reachable()
    wait_saved(page, 3)
    assert stored(attempt, 3) is not None

    go_to(page, 5)
    page.fill("#q-5 textarea", "先稳住双方，\n再分别听。")
    assert "已写 12 字" in page.inner_text("#q-5 .hint")
    page.check("#q-5 [name=flag]")
    page.click("text=去交卷")
    assert "已答 4 题，未答 1 题，标记 1 题" in page.inner_text("#check")
    page.click("text=确认交卷")
    page.wait_for_selector(".receipt-no")
    attempt.refresh_from_db()
    assert page.inner_text(".receipt-no") == attempt.receipt
    assert (attempt.state, stored(attempt, 5)) == (AttemptState.HANDED_IN, "先稳住双方，\n再分别听。")
    page.click("text=这台手机上的保存记录")
    assert page.locator("[data-kept-receipts] li").count() == 4
    assert mirror(page, attempt)["items"] == {}  # the answers are gone from the phone, their receipts are not
    page.go_back()
    page.wait_for_selector(".receipt-no")


def test_a_paper_reopened_without_network_says_when_it_was_last_saved(sit):
    page, attempt = sit()
    until(page, f"caches.match('/exams/sit/{attempt.pk}/paper').then(Boolean)")
    choose(page, 1)
    wait_saved(page, 1)
    at = state(page, 1).split()[1]
    page.context.set_offline(True)
    choose(page, 2)
    page.reload()
    page.wait_for_selector(f"[data-banner]:has-text('最近一次保存：{at}')")


def test_a_receipt_lost_on_the_way_comes_again(sit):
    page, attempt = sit()
    page.route("**/answers", lambda route: (route.fetch(), route.abort()))  # the server has it, the phone does not know
    choose(page, 1)
    page.wait_for_selector("[data-save][data-state=offline]")
    assert stored(attempt, 1) is not None
    assert "已保存" not in state(page, 1)
    page.unroute("**/answers")
    page.reload()
    wait_saved(page, 1)
    until(page, f"JSON.parse(localStorage.getItem('in:exam:{attempt.pk}')).unsent === 0")
    (row,) = mirror(page, attempt)["receipts"]
    item, seq, number, code = row[1], row[2], row[3], row[5]
    answer = Answer.objects.get(attempt=attempt, item=item)
    assert code == receipts.code(attempt.pk, item, seq=seq, page=number, at=answer.saved_at, value=answer.value)


def test_without_network_the_paper_opens_again_and_the_hand_in_goes_out_by_itself(sit):
    page, attempt = sit()
    choose(page, 1)
    wait_saved(page, 1)
    kept = "caches.open('in-exam-papers').then(c => c.match(location.pathname)).then(Boolean)"
    until(page, kept)
    page.context.set_offline(True)
    choose(page, 2)
    page.wait_for_selector("[data-save][data-state=offline]")
    left = seconds_shown(page)
    page.reload()
    page.wait_for_selector("#q-2:visible")
    assert page.is_checked("#q-2 .opts input >> nth=0")
    assert page.is_visible("text=（估计）")
    assert left - 15 <= seconds_shown(page) <= left
    go_to(page, 1)
    assert page.is_checked("#q-1 .opts input >> nth=0")
    page.goto("about:blank")  # with a reload an old Chromium lets its worker out of the cut, so it is cut once more
    page.context.set_offline(False)
    page.context.set_offline(True)
    page.goto("/exams/")
    page.click("text=回到试卷")
    page.wait_for_selector("#q-1:visible")
    go_to(page, len(attempt.paper))
    page.click("text=去交卷")
    page.click("text=确认交卷")
    page.wait_for_selector("text=交卷已经记下。")
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.SITTING
    page.context.set_offline(False)
    page.wait_for_selector(".receipt-no")
    assert stored(attempt, 2) is not None
    until(page, "caches.open('in-exam-papers').then(c => c.keys()).then(k => k.length === 0)")


def test_another_device_takes_over_and_the_older_can_only_look(sit, worker, page_for):
    page, attempt = sit()
    choose(page, 1)
    wait_saved(page, 1)
    other = page_for(worker.user, 768, 1024)
    other.goto(f"/exams/attempt/{attempt.pk}/")
    assert "正在另一台设备上作答" in other.inner_text("h1")
    other.click("text=在这里作答")
    other.wait_for_selector("#q-1:visible")
    assert other.is_checked("#q-1 .opts input >> nth=0")
    choose(other, 2)
    wait_saved(other, 2)
    choose(page, 3)
    page.wait_for_selector("[data-banner]:has-text('这里只能看')")
    assert page.is_disabled("#q-3 .opts input >> nth=0")
    assert stored(attempt, 3) is None
    assert page.get_attribute("[data-banner-link]", "href") == f"/exams/attempt/{attempt.pk}/"
    assert "等管理员决定" in state(page, 3)  # the server has it: no backup is asked for
    assert page.is_hidden("[data-rescue-open]")
    page.click("[data-banner-link]")
    page.click("button:has-text('在这里作答')")
    page.wait_for_selector("#q-3:visible")
    wait_saved(page, 3)  # what was chosen before it knew goes out now
    go_to(page, 2)
    assert page.is_checked("#q-2 .opts input >> nth=0")


def test_an_older_tab_shows_the_newer_answer(sit):
    page, attempt = sit()
    second = page.context.new_page()
    second.goto(f"/exams/attempt/{attempt.pk}/")
    choose(second, 1, 1)
    wait_saved(second, 1)
    page.wait_for_selector("#q-1 .opts input:checked", state="attached")
    assert page.is_checked("#q-1 .opts input >> nth=1")
    wait_saved(page, 1)
    choose(page, 1, 2)
    wait_saved(second, 1)
    until(second, "document.querySelectorAll('#q-1 .opts input')[2].checked")


def test_an_answer_that_lost_is_shown_and_never_overwrites(sit):
    """Without a word between the tabs: as on two devices that hold the paper one after the other."""
    page, attempt = sit()
    item_id, _order = attempt.paper[-1]
    guard = (attempt.pk, attempt.worker_id, Attempt.objects.get(pk=attempt.pk).device)
    given = [attempts.Given(item_id, 9, "那边写的")]
    attempts.answer(saving.Guard(*guard), given, exam_id=attempt.exam_id, page=7, now=timezone.now())
    number = len(attempt.paper)
    go_to(page, number)
    page.fill("textarea", "这边写的")
    page.wait_for_selector(f"#q-{number} [data-note]:visible")
    assert "你在这里写的是：这边写的" in page.inner_text(f"#q-{number} [data-note]")
    assert page.input_value("textarea") == stored(attempt, number) == "那边写的"
    page.fill("textarea", "这边写的，再写一次")
    until(page, "document.querySelector('[data-save]').dataset.state === 'saved'")
    assert stored(attempt, number) == "这边写的，再写一次"


def test_signed_out_in_the_middle_nothing_is_lost(sit):
    page, attempt = sit()
    cookies = page.context.cookies()
    page.context.clear_cookies()
    choose(page, 1)
    page.wait_for_selector("[data-banner]:has-text('登录过期了。')")
    assert "已保存" not in state(page, 1)
    page.context.add_cookies(cookies)
    wait_saved(page, 1)
    assert stored(attempt, 1) is not None


@pytest.mark.parametrize("shift", [timedelta(days=-1), timedelta(days=1)])
def test_the_phones_clock_plays_no_part(sit, shift):
    page, attempt = sit()
    page.context.clock.set_fixed_time(timezone.now() + shift)
    page.reload()
    page.wait_for_selector("[data-step='1']:visible")
    left = (attempt.deadline - timezone.now()).total_seconds()
    assert left - 4 < seconds_shown(page) <= left + 1


def test_time_granted_and_notices_reach_the_open_page(sit, city_admin):
    page, attempt = sit()
    before = seconds_shown(page)
    Attempt.objects.filter(pk=attempt.pk).update(granted=600, deadline=attempt.deadline + timedelta(minutes=10))
    Notice.objects.create(exam=attempt.exam, text="第 3 题没有印错。", at=timezone.now(), by=city_admin)
    page.evaluate("dispatchEvent(new Event('online'))")  # the beat is due, or a minute later
    page.wait_for_selector("text=考试时间加了 10 分钟")
    page.wait_for_selector("text=第 3 题没有印错。")
    assert before + 590 < seconds_shown(page) <= before + 600
    page.reload()
    page.wait_for_selector("text=第 3 题没有印错。")
    page.click("text=知道了")
    assert page.is_hidden("[data-news]")


def test_who_left_the_page_is_told_so(sit):
    page, attempt = sit()
    page.evaluate("""() => {
      const turn = (state) => {
        Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      };
      turn("hidden");
      setTimeout(() => turn("visible"), 3200);
    }""")
    page.wait_for_selector("text=离开过答题页面 1 次，会记下来")
    until(page, f"JSON.parse(localStorage.getItem('in:exam:{attempt.pk}')).away.length === 0")
    assert Incident.objects.get(attempt=attempt, kind=IncidentKind.LEFT).detail["seconds"] == 3


def test_when_the_time_is_over_the_page_says_so(sit):
    page, attempt = sit()
    choose(page, 1)
    wait_saved(page, 1)
    end_in(attempt, seconds=3)
    page.reload()
    page.wait_for_selector("text=时间到")
    assert page.is_disabled("#q-1 .opts input >> nth=0")
    page.click("text=看回执", timeout=15_000)
    page.wait_for_selector(".receipt-no")
    assert "时间到，系统自动交卷。" in page.inner_text("main")
    assert "收到的 1 题答案都会计分" in page.inner_text("main")


def test_a_phone_that_slept_past_the_end_says_what_happened(sit):
    page, attempt = sit()
    end_in(attempt, minutes=-5)
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_selector("[data-banner]:has-text('时间到，系统已自动交卷。')")
    assert page.is_disabled("#q-1 .opts input >> nth=0")
    assert page.url.endswith("/paper")
    page.click("text=看回执")
    page.wait_for_selector(".receipt-no")


def test_the_size_of_the_print_changes_without_losing_anything(sit):
    page, attempt = sit(layout=Layout.ALL)
    page.context.set_offline(True)
    page.fill("textarea", "写了一半")
    page.click("text=大字版")
    assert page.get_attribute("html", "data-print") == "large"
    assert page.input_value("textarea") == "写了一半"
    page.context.set_offline(False)
    wait_saved(page, len(attempt.paper))
    for size in ("标准字号", "大字版"):
        with page.expect_response("**/look"):
            page.click(f"text={size}")
    page.reload()
    assert page.get_attribute("html", "data-print") == "large"
    assert page.is_visible("#q-1")
    assert page.is_visible("#q-5")


def test_it_hands_in_without_script(make_exam, worker, page_for):
    exam = make_exam(sections=[*SECTIONS, CASE])
    page = page_for(worker.user, 360, 740, java_script_enabled=False)
    page.goto(f"/exams/{exam.pk}/")
    page.check("[name=pledge]")
    page.click(".actions button")
    page.check("#q-1 .opts input >> nth=0")
    page.click("text=大字版")
    assert page.get_attribute("html", "data-print") == "large"
    assert page.is_checked("#q-1 .opts input >> nth=0")
    page.fill("textarea", "回访。")
    page.click(".actions >> text=保存")
    assert "保存。" in page.inner_text(".note.ok")
    page.click(".actions >> text=检查并交卷")
    assert "还有 3 题没有作答" in page.inner_text("main")
    page.click("text=确认交卷")
    attempt = Attempt.objects.get(exam=exam, worker=worker)
    assert page.inner_text(".receipt-no") == receipts.number(attempt.pk)


def test_no_barrier_on_any_exam_screen(sit):
    page, attempt = sit()
    for address in ("/exams/", f"/exams/{attempt.exam_id}/", "/exams/offline/", f"/exams/attempt/{attempt.pk}/"):
        page.goto(address)
        look(page)
    choose(page, 1)
    wait_saved(page, 1)
    page.click("button:has-text('题目表')")
    look(page)
    page.click("#cells >> text=检查并交卷")
    look(page)
    page.click("#check >> text=回去作答")
    page.context.set_offline(True)
    page.wait_for_selector("[data-banner]:visible")
    look(page)
    page.context.set_offline(False)
    page.goto(f"/exams/attempt/{attempt.pk}/hand-in/")
    look(page)
    page.click("text=确认交卷")
    page.wait_for_selector(".receipt-no")
    look(page)


def test_what_is_tapped_before_the_script_has_come_is_saved_too(make_exam, worker, page_for):
    exam = make_exam(sections=[*SECTIONS, CASE])
    attempt = attempts.start(Attempt.objects.get(exam=exam, worker=worker), now=timezone.now())
    page = page_for(worker.user, 360, 740, mobile=True)
    held = []
    page.route(re.compile(r"/js/exam\.js"), lambda route: held.append(route))
    page.goto(f"/exams/attempt/{attempt.pk}/", wait_until="commit")
    page.click("#q-1 .opts input >> nth=1")
    page.fill("textarea", "先分开听。")
    held[0].continue_()
    wait_saved(page, 1)
    wait_saved(page, len(attempt.paper))
    assert stored(attempt, 1) is not None
    assert stored(attempt, len(attempt.paper)) == "先分开听。"


def test_the_phone_forgets_at_sign_out_but_not_what_was_never_sent(sit, request):
    page, attempt = sit()
    choose(page, 1)
    wait_saved(page, 1)
    kept = "caches.keys().then(names => names.includes('in-exam-papers'))"
    until(page, kept)
    request.getfixturevalue("unreachable")
    choose(page, 2)
    page.wait_for_selector("[data-save][data-state=waiting]")
    page.goto("/me/")
    page.click("text=退出登录")
    page.wait_for_selector("[name=password]")
    assert mirror(page, attempt)["unsent"] == 1
    assert not page.evaluate(kept)


def test_a_phone_that_slept_is_told_how_long_and_a_clock_that_jumped_is_not_believed(sit):
    page, attempt = sit()
    page.evaluate("{ const now = Date.now; Date.now = () => now() + 40 * 60 * 1000; }")
    end_in(attempt, minutes=19)  # as if 40 of the 60 minutes had gone by
    page.wait_for_selector("text=手机休眠了 40 分钟")
    assert 18 * 60 < seconds_shown(page) <= 19 * 60
    page.evaluate("{ const now = Date.now; Date.now = () => now() + 24 * 3600 * 1000; }")
    page.wait_for_timeout(2000)
    assert page.locator("[data-news] li").count() == 1
    assert 18 * 60 < seconds_shown(page) <= 19 * 60


def test_at_twice_the_size_of_text_nothing_is_cut(sit):
    page, _attempt = sit(layout=Layout.ALL)
    page.set_viewport_size({"width": 180, "height": 370})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("button:has-text('题目表')")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
