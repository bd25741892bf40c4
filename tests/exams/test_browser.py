"""The exam on a phone of 360 px in a real browser: cut off, reloaded, back on line, a second window, time running out."""

import re
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.utils import timezone

from exams import attempts, saves
from exams.models import Answer, Attempt, AttemptState
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
        page.wait_for_selector("[data-step='1']:visible")
        return page, Attempt.objects.get(exam=exam, worker=worker)

    return sit


def choose(page, number, index=0):
    go_to(page, number)
    page.check(f"#q-{number} .opts input >> nth={index}")


def go_to(page, number):
    page.click("button:has-text('题目表')")
    page.click(f"[data-go='{number}']")


def state(page, number):
    return page.inner_text(f"#q-{number} [data-state]")


def wait_saved(page, number):
    page.wait_for_selector(f"#q-{number} [data-state]:text-matches('已保存 [0-9]')", state="attached")


def stored(attempt, number):
    item_id, _order = attempt.paper[number - 1]
    return Answer.objects.filter(attempt=attempt, item_id=item_id).values_list("value", flat=True).first()


def test_cut_off_reloaded_back_on_line_and_handed_in(sit, monkeypatch):
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
    assert page.is_hidden("[data-banner]")

    # from here the server is out of reach, also for what the browser sends while it leaves a page
    within_reach = saves.from_script
    monkeypatch.setattr(saves, "from_script", lambda *args, **kwargs: HttpResponse(status=429))
    choose(page, 3, 1)
    page.wait_for_selector("[data-save][data-state=waiting]", timeout=3500)
    page.reload()
    page.wait_for_selector("#q-3:visible")
    assert "已保存" not in state(page, 3)
    assert page.is_checked("#q-3 .opts input >> nth=1")
    assert stored(attempt, 3) is None
    monkeypatch.setattr(saves, "from_script", within_reach)
    wait_saved(page, 3)
    assert stored(attempt, 3) is not None

    go_to(page, 5)
    page.fill("#q-5 textarea", "先稳住双方，\n再分别听。")
    assert "已写 12 字" in page.inner_text("#q-5 .hint")
    page.check("#q-5 [name=flag]")
    page.click("text=去交卷")
    page.wait_for_url("**/hand-in/")
    assert "还有 1 题没有作答，1 题做了标记" in page.inner_text("main")
    page.click("text=确认交卷")
    page.wait_for_selector(".receipt-no")
    attempt.refresh_from_db()
    assert page.inner_text(".receipt-no") == attempt.receipt
    assert (attempt.state, stored(attempt, 5)) == (AttemptState.HANDED_IN, "先稳住双方，\n再分别听。")
    page.go_back()
    page.wait_for_selector(".receipt-no")


def test_an_older_window_shows_the_newer_answer_and_never_overwrites_it(sit, worker, page_for):
    page, attempt = sit()
    second = page_for(worker.user, 360, 740, mobile=True)
    second.goto(f"/exams/attempt/{attempt.pk}/")
    choose(second, 1, 0)
    wait_saved(second, 1)
    choose(second, 1, 1)
    second.wait_for_timeout(1500)
    newest = stored(attempt, 1)
    choose(page, 1, 2)
    page.wait_for_selector("#q-1 [data-note]:visible")
    assert "在另一处改过" in page.inner_text("#q-1 [data-note]")
    assert page.is_checked("#q-1 .opts input >> nth=1")
    assert stored(attempt, 1) == newest
    choose(page, 1, 2)
    wait_saved(page, 1)
    page.wait_for_timeout(1000)
    assert stored(attempt, 1) != newest


def test_signed_out_in_the_middle_nothing_is_lost(sit, worker, client_of):
    page, attempt = sit()
    cookies = page.context.cookies()
    page.context.clear_cookies()
    choose(page, 1)
    page.wait_for_selector("[data-banner]:has-text('登录过期了。')")
    assert "已保存" not in state(page, 1)
    page.context.add_cookies(cookies)
    wait_saved(page, 1)
    assert stored(attempt, 1) is not None


@pytest.mark.parametrize("shift", [timedelta(days=-1), timedelta(hours=1)])
def test_the_phones_clock_plays_no_part(sit, worker, page_for, shift):
    page, attempt = sit()
    page.context.clock.set_fixed_time(timezone.now() + shift)
    page.reload()
    page.wait_for_selector("[data-step='1']:visible")
    minutes, seconds = map(int, re.search(r"(\d+):(\d+)", page.inner_text("[data-left]")).groups())
    left = (attempt.deadline - timezone.now()).total_seconds()
    assert abs(minutes * 60 + seconds - left) < 4


def test_when_the_time_is_over_the_page_hands_in_and_says_so(sit):
    page, attempt = sit()
    choose(page, 1)
    wait_saved(page, 1)
    Attempt.objects.filter(pk=attempt.pk).update(deadline=timezone.now() + timedelta(seconds=3))
    page.reload()
    page.wait_for_selector(".receipt-no", timeout=15_000)
    assert "时间到，系统自动交卷。" in page.inner_text("main")
    assert "截止前保存的 1 题都会计分" in page.inner_text("main")


def test_it_hands_in_without_script(make_exam, worker, page_for):
    exam = make_exam(sections=[*SECTIONS, CASE])
    page = page_for(worker.user, 360, 740, java_script_enabled=False)
    page.goto(f"/exams/{exam.pk}/")
    page.check("[name=pledge]")
    page.click(".actions button")
    page.check("#q-1 .opts input >> nth=0")
    page.fill("textarea", "回访。")
    page.click("text=检查并交卷 >> visible=true")
    assert "还有 3 题没有作答" in page.inner_text("main")
    page.click("text=确认交卷")
    attempt = Attempt.objects.get(exam=exam, worker=worker)
    assert page.inner_text(".receipt-no") == attempts.receipt_number(attempt.pk)


@pytest.mark.parametrize("cookies", [{}, {"print": "large"}, {"theme": "dark"}])
def test_no_barrier_on_any_exam_screen(sit, live_server, cookies):
    from axe_playwright_python.sync_playwright import Axe

    page, attempt = sit()
    page.context.add_cookies([{"name": k, "value": v, "url": live_server.url} for k, v in cookies.items()])
    for address in ("/exams/", f"/exams/{attempt.exam_id}/", f"/exams/attempt/{attempt.pk}/"):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        found = Axe().run(page).response["violations"]
        assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("button:has-text('题目表')")
    assert Axe().run(page).response["violations"] == []
    page.goto(f"/exams/attempt/{attempt.pk}/hand-in/")
    assert Axe().run(page).response["violations"] == []
    page.click("text=确认交卷")
    page.wait_for_selector(".receipt-no")
    assert Axe().run(page).response["violations"] == []


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
