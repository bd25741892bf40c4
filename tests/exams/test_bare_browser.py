"""The exam inside another app's window (WebView): no worker, no storage, no encryption, no download. It is sat and handed in all the same, and the
page says what cannot be done there."""

import pytest

from exams.models import Attempt, AttemptState
from tests.exams.conftest import CASE, SECTIONS
from tests.exams.test_browser import choose, go_to, state, stored, until, wait_saved

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# what such windows lack, or refuse where it is touched
BARE = """
const without = (home, ...names) => { for (const name of names) if (home) delete home[name]; };
without(Navigator.prototype, "serviceWorker", "wakeLock", "clipboard", "storage", "locks", "share", "vibrate", "connection", "sendBeacon", "getBattery");
without(Crypto.prototype, "subtle", "randomUUID");
without(window, "caches", "indexedDB", "BroadcastChannel", "Notification", "speechSynthesis", "CompressionStream", "SharedWorker", "PushManager",
  "requestIdleCallback", "structuredClone", "ReportingObserver", "openDatabase", "cookieStore", "scheduler", "trustedTypes", "navigation");
for (const name of ["caches", "indexedDB", "CompressionStream"]) {
  try { Object.defineProperty(window, name, { value: undefined, configurable: true }); } catch {}
}
"""
STORAGE = {
    "refused": 'get() { throw new DOMException("denied", "SecurityError"); }',
    "none": "value: null",
    "full": """value: { getItem: () => null, removeItem() {}, setItem() { throw new DOMException("full", "QuotaExceededError"); } }""",
}


@pytest.mark.parametrize("storage", STORAGE)
def test_in_a_window_of_another_app_it_is_sat_and_handed_in(make_exam, worker, page_for, storage):
    exam = make_exam(sections=[*SECTIONS, CASE])
    page = page_for(worker.user, 360, 740, mobile=True, accept_downloads=False)
    page.add_init_script(BARE)
    for name in ("localStorage", "sessionStorage"):
        page.add_init_script(f'Object.defineProperty(window, "{name}", {{ configurable: true, {STORAGE[storage]} }});')
    page.goto(f"/exams/{exam.pk}/")
    assert (
        page.evaluate("['caches', 'indexedDB', 'BroadcastChannel', 'Notification'].filter((name) => window[name])")
        == []
    )
    assert page.evaluate("'serviceWorker' in navigator || 'wakeLock' in navigator || Boolean(crypto.subtle)") is False
    page.wait_for_selector("[data-check=browser]:has-text('断网时没有新浏览器稳') [data-sign=warn]:visible")
    page.wait_for_selector("[data-check=storage]:has-text('断网时答案留不住') [data-sign=bad]:visible")
    page.wait_for_selector("[data-check=network] [data-sign=ok]:visible")
    page.check("[name=pledge]")
    page.click("[data-begin]")
    page.wait_for_selector("[data-dialog=cells]:visible")
    attempt = Attempt.objects.get(exam=exam, worker=worker)
    choose(page, 1)
    wait_saved(page, 1)

    page.context.set_offline(True)
    choose(page, 2, 1)
    page.wait_for_selector("[data-save][data-state=offline]")
    assert "这台手机存不下答案，请不要关闭或刷新这个页面" in page.inner_text("[data-banner]")
    assert "已保存" not in state(page, 2)
    page.evaluate("{ const now = Date.now; Date.now = () => now() + 90_000; }")  # after a minute a backup is offered
    page.click("[data-rescue-open]")
    page.wait_for_selector("#rescue:has-text('不能加密，做不了备份')")
    page.click("#rescue >> text=回去作答")
    page.context.set_offline(False)
    wait_saved(page, 2)
    page.wait_for_selector("[data-banner]", state="hidden")

    page.reload()  # nothing is kept on the phone: the server shows what it has
    page.wait_for_selector("[data-dialog=cells]:visible")
    until(page, "document.querySelectorAll('.opts input:checked').length === 2")
    go_to(page, 5)
    page.fill("#q-5 textarea", "先稳住双方。")
    page.click("text=去交卷")
    page.click("text=确认交卷")
    page.wait_for_selector(".receipt-no")
    attempt.refresh_from_db()
    assert page.inner_text(".receipt-no") == attempt.receipt
    assert (attempt.state, stored(attempt, 5)) == (AttemptState.HANDED_IN, "先稳住双方。")
    assert stored(attempt, 1) is not None
    assert stored(attempt, 2) is not None


def test_a_hand_in_asked_for_without_network_goes_out_by_itself_there_too(make_exam, worker, page_for):
    page = page_for(worker.user, 360, 740, mobile=True)
    page.add_init_script(BARE + 'Object.defineProperty(window, "localStorage", { value: null });')
    exam = make_exam()
    page.goto(f"/exams/{exam.pk}/")
    page.check("[name=pledge]")
    page.click("[data-begin]")
    page.wait_for_selector("[data-dialog=cells]:visible")
    page.context.set_offline(True)
    choose(page, 1)
    go_to(page, 4)
    page.click("text=去交卷")
    page.click("text=确认交卷")
    page.wait_for_selector("text=交卷已经记下。")
    assert "请不要关掉这个页面" in page.inner_text("[data-banner]")
    page.context.set_offline(False)
    page.wait_for_selector(".receipt-no")
    attempt = Attempt.objects.get(exam=exam, worker=worker)
    assert (attempt.state, stored(attempt, 1) is not None) == (AttemptState.MARKED, True)


# as an iPhone before iOS 15.4: what is called dialog is a box like any other
NO_DIALOGS = """
for (const name of ["show", "showModal", "close", "open", "returnValue", "requestClose"]) delete HTMLDialogElement.prototype[name];
delete window.HTMLDialogElement;
const plain = new CSSStyleSheet();
plain.replaceSync("@layer none { dialog { display: inline; position: static; } }");
document.adoptedStyleSheets = [plain];
"""


def test_where_there_are_no_dialogs_the_table_of_questions_and_the_last_look_are_boxes_in_front(
    make_exam, worker, page_for
):
    page = page_for(worker.user, 360, 740, mobile=True)
    page.add_init_script(NO_DIALOGS)
    exam = make_exam()
    page.goto(f"/exams/{exam.pk}/")
    page.check("[name=pledge]")
    page.click("[data-begin]")
    page.wait_for_selector("[data-dialog=cells]:visible")
    assert [page.is_visible(box) for box in ("#cells", "#check", "#rescue")] == [False] * 3
    choose(page, 1)
    wait_saved(page, 1)

    page.click("[data-dialog=cells]")
    page.wait_for_selector("#cells:visible")
    assert page.evaluate("document.activeElement.id") == "cells"
    page.click("#cells [data-close]")
    page.wait_for_selector("#cells", state="hidden")
    go_to(page, 4)
    page.wait_for_selector("#cells", state="hidden")
    assert page.is_visible("#q-4")
    page.click("text=去交卷")
    page.wait_for_selector("#check:visible")
    box = page.locator("#check").bounding_box()  # a sheet at the foot of the screen
    assert (round(box["y"] + box["height"]), box["x"], box["width"]) == (740, 0, 360)
    page.click("text=确认交卷")
    page.wait_for_selector(".receipt-no")
