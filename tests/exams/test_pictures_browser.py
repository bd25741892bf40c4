"""Pictures on a phone: all there at once, there without network, asked for again, and on the whole screen by finger, key and ear."""

import io
from datetime import timedelta

import pytest
from django.utils import timezone
from PIL import Image, ImageDraw

from exams.day import attempts, lane
from exams.models import Attempt, Question
from tests.exams.conftest import CASE, SECTIONS, give_picture
from tests.exams.test_browser import choose, go_to, until, wait_saved

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LOADED = "[...document.querySelectorAll('[data-picture] img')].every((img) => img.complete && img.naturalWidth)"
KEPT = "caches.open('in-exam-papers').then((c) => c.keys()).then((k) => k.filter(({url}) => url.includes('/picture?')).length)"


def scene(size=(1280, 800)):
    """A platform's screen, as far as a drawing goes."""
    picture = Image.new("RGB", size, "#f4f6f8")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, size[0], 90), fill="#14515f")
    for row in range(6):
        top = 140 + row * 100
        draw.rectangle((60, top, size[0] - 60, top + 70), outline="#888", fill="white", width=3)
        draw.ellipse((90, top + 15, 130, top + 55), fill="#b23a2e" if row == 2 else "#22653f")
        draw.line((160, top + 35, 160 + 90 * row + 120, top + 35), fill="#333", width=9)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def pictures_everywhere(bank, now):
    sizes = {"truefalse": (1280, 800), "multiple": (700, 1100), "case": (120, 120)}
    for number, question in enumerate(Question.objects.filter(kind__in=sizes)):
        width, height = sizes[question.kind]
        give_picture(
            question, now, scene((width + number, height)), text="平台列表有六行，第三行前面是红点，其余是绿点"
        )


@pytest.fixture
def sit(pictures_everywhere, make_exam, worker, page_for):
    def sit(page=None, **fields):
        exam = make_exam(**{"sections": [*SECTIONS, CASE], **fields})
        page = page or page_for(worker.user, 360, 740, mobile=True)
        page.goto(f"/exams/{exam.pk}/")
        page.check("[name=pledge]")
        page.click("text=开始作答 >> visible=true >> nth=-1")
        page.wait_for_selector("[data-dialog=cells]:visible")
        return page, Attempt.objects.get(exam=exam, worker=worker)

    return sit


def barriers(page):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [(one["id"], [node["target"] for node in one["nodes"]]) for one in found]


def scale(page):
    return page.inner_text("[data-zoom-scale]")


def width(page):
    return page.evaluate("document.querySelector('.zoom-view img').getBoundingClientRect().width")


def test_the_paper_is_wholly_there_without_network(sit):
    page, _attempt = sit()
    until(page, LOADED)  # also of questions that nobody has turned to
    assert page.locator("[data-picture]").count() == 3
    until(page, f"{KEPT}.then((n) => n === 3)")
    page.context.set_offline(True)
    page.reload()
    page.wait_for_selector("[data-dialog=cells]:visible")
    until(page, LOADED)
    go_to(page, 3)
    page.click("#q-3 [data-zoom]")
    page.wait_for_selector("#zoom[open]")
    until(page, "document.querySelector('.zoom-view img').naturalWidth > 0")
    page.keyboard.press("Escape")
    choose(page, 4)
    page.context.set_offline(False)
    wait_saved(page, 4)
    # another size of print changes the copy of the paper and no picture
    page.click("[data-print-switch]")
    page.wait_for_timeout(500)
    page.context.set_offline(True)
    page.reload()
    page.wait_for_selector("html[data-print=large] [data-dialog=cells]")
    until(page, LOADED)
    page.context.set_offline(False)
    page.reload()
    page.wait_for_selector("[data-dialog=cells]:visible")
    go_to(page, 5)
    page.click("text=去交卷")
    page.click("text=确认交卷")
    page.wait_for_selector(".receipt-no")
    until(page, f"{KEPT}.then((n) => n === 0)")


def test_with_the_result_and_its_explanation(sit, bank):
    bank.questions.filter(kind="case").delete()
    page, attempt = sit(sections=SECTIONS, results_at=timezone.now() - timedelta(hours=1))
    attempts.hand_in(attempt, now=timezone.now())
    page.goto(f"/exams/attempt/{attempt.pk}/result/")
    assert page.locator("[data-picture]").count() == 2
    until(page, LOADED)
    assert barriers(page) == []
    page.locator("[data-zoom]").last.click()
    page.wait_for_selector("#zoom[open]")
    assert not page.is_visible("[data-zoom-time]")
    assert barriers(page) == []


def test_one_that_does_not_come_is_asked_for_again(sit, monkeypatch):
    there = lane.ACTS["picture"]
    monkeypatch.setitem(lane.ACTS, "picture", ("GET", lambda _ask, _holder: lane.Reply(404)))
    page, _attempt = sit()
    go_to(page, 4)
    button = page.locator("#q-4 [data-picture-again]")
    button.wait_for()
    assert button.inner_text() == "图片没有下载成功，点这里再试"
    assert barriers(page) == []
    page.emulate_media(color_scheme="dark")
    assert barriers(page) == []
    choose(page, 4)
    wait_saved(page, 4)
    monkeypatch.setitem(lane.ACTS, "picture", there)
    button.click()
    button.wait_for(state="hidden")
    assert page.evaluate("document.querySelector('#q-4 [data-picture] img').naturalWidth") > 600
    # the others are asked for again by themselves, at the latest when the network is back
    page.evaluate("dispatchEvent(new Event('online'))")
    until(page, LOADED)


def test_no_picture_moves_the_page_when_it_comes(sit, monkeypatch):
    there = lane.ACTS["picture"]
    monkeypatch.setitem(lane.ACTS, "picture", ("GET", lambda _ask, _holder: lane.Reply(404)))
    page, _attempt = sit()
    go_to(page, 4)
    page.locator("#q-4 [data-picture-again]").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    before = page.evaluate("document.querySelector('#q-4 img').getBoundingClientRect().height")
    monkeypatch.setitem(lane.ACTS, "picture", there)
    page.click("#q-4 [data-picture-again]")
    until(page, LOADED)
    assert page.evaluate("document.querySelector('#q-4 img').getBoundingClientRect().height") == before


def test_on_the_whole_screen_by_keys_and_buttons(sit):
    page, _attempt = sit()
    until(page, LOADED)
    go_to(page, 4)
    opener = page.locator("#q-4 [data-zoom]")
    box = opener.bounding_box()
    assert min(box["width"], box["height"]) >= 44
    opener.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#zoom[open]")
    assert page.inner_text("#zoom-title") == "第 4 题的图片"
    assert page.get_attribute(".zoom-view img", "alt").startswith("平台列表有六行")
    assert scale(page) == "100%"
    assert width(page) <= 360
    assert page.inner_text("[data-zoom-time]").startswith("剩余 59:") or "1:00:00" in page.inner_text(
        "[data-zoom-time]"
    )
    assert barriers(page) == []
    for key, shown in [("+", "150%"), ("=", "200%"), ("-", "150%"), ("0", "100%"), ("-", "100%"), ("+", "150%")]:
        page.keyboard.press(key)
        assert scale(page) == shown
    before = page.evaluate("document.querySelector('.zoom-view').scrollLeft")
    page.keyboard.press("ArrowRight")
    after = page.evaluate("document.querySelector('.zoom-view').scrollLeft")
    assert after > before
    for _each in range(4):
        page.get_by_role("button", name="放大", exact=True).click()
    assert scale(page) == "600%"
    assert page.get_attribute("[data-zoom-step='1']", "aria-disabled") == "true"
    for name in ("向左移", "向上移", "向右移", "向下移"):
        button = page.get_by_role("button", name=name)
        button.click()
        size = button.bounding_box()
        assert min(size["width"], size["height"]) >= 44
    assert barriers(page) == []
    assert page.evaluate("document.querySelector('.zoom').scrollWidth <= innerWidth")
    page.get_by_role("button", name="适合屏幕").click()
    assert (scale(page), page.is_visible("[data-zoom-move]")) == ("100%", False)
    page.keyboard.press("Escape")
    page.wait_for_selector("#zoom", state="hidden")
    assert page.evaluate("document.activeElement === document.querySelector('#q-4 [data-zoom]')")
    # space as well, for it is called a button
    page.keyboard.press(" ")
    page.wait_for_selector("#zoom[open]")
    page.get_by_role("button", name="关闭").click()
    choose(page, 4)
    wait_saved(page, 4)


def test_in_large_print_and_dark_there_is_no_barrier(sit):
    page, _attempt = sit()
    until(page, LOADED)
    page.evaluate("document.documentElement.dataset.print = 'large'")
    page.emulate_media(color_scheme="dark")
    go_to(page, 4)
    assert barriers(page) == []
    page.click("#q-4 [data-zoom]")
    page.keyboard.press("+")
    assert barriers(page) == []
    assert page.evaluate("document.querySelector('.zoom-view').clientHeight > innerHeight / 3")
    assert page.evaluate("document.querySelector('.zoom').scrollWidth <= innerWidth")


def test_the_end_of_the_paper_closes_it(sit):
    page, attempt = sit()
    until(page, LOADED)
    go_to(page, 4)
    page.click("#q-4 [data-zoom]")
    attempts.hand_in(attempt, now=attempt.started_at)
    page.keyboard.press("Escape")
    choose_and_open(page)
    page.wait_for_selector("#zoom", state="hidden")
    assert "不能再作答了" in page.inner_text("[data-banner]")


def choose_and_open(page):
    page.check("#q-4 .opts input >> nth=0")
    page.click("#q-4 [data-zoom]")


def test_without_script_the_picture_opens_by_its_link(pictures_everywhere, make_exam, worker, page_for):
    exam = make_exam(sections=[*SECTIONS, CASE])
    page = page_for(worker.user, 360, 740, mobile=True, java_script_enabled=False)
    page.goto(f"/exams/{exam.pk}/")
    page.check("[name=pledge]")
    page.locator("text=开始作答 >> visible=true").last.click()
    page.wait_for_selector("#paper")
    link = page.locator("#q-4 [data-zoom]")
    assert (link.get_attribute("role"), link.get_attribute("target")) == (None, "_blank")
    reply = page.context.request.get(page.evaluate("document.querySelector('#q-4 [data-zoom]').href"))
    assert reply.headers["content-type"] == "image/webp"
