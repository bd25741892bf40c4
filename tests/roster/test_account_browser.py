"""Setting up a phone and signing in with its code, in a real browser at 360 px, in every print and colour."""

import pytest
from django.utils import timezone

from roster.models import Worker
from tests.barriers import look
from tests.roster.phones import code_at

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def sign_in(page, username, password):
    page.goto("/sign-in/")
    page.fill("#id_username", username)
    page.fill("#id_password", password)
    page.click("main button.btn.wide")


def test_an_admin_sets_up_a_phone_and_signs_in_with_its_code(county_admin, password, page_for, settings):
    settings.REQUIRE_SECOND_FACTOR = True
    page = page_for(None, 360, 740, mobile=True)
    sign_in(page, county_admin.username, password)
    page.wait_for_selector("text=手机上准备一个验证程序")
    look(page)
    box = page.locator("svg.qr").bounding_box()
    assert box["width"] == pytest.approx(box["height"], abs=1)
    assert box["width"] >= 200
    page.click("text=扫不了")
    secret = "".join(page.locator(".typed-key code").all_inner_texts())
    look(page)
    page.fill("#id_code", code_at(secret, timezone.now()))
    page.click("main form.card button.btn.wide")
    page.wait_for_selector("text=只显示这一次")
    look(page)
    code = page.locator(".codes code").first.inner_text()
    page.click("text=收好了，继续")
    page.wait_for_url("**/cms/")
    for address in (
        "/account/second-factor/",
        "/account/devices/",
        "/account/password/",
        "/account/second-factor/codes/",
    ):
        page.goto(address)
        look(page)
    page.goto("/me/")
    page.click("text=退出登录")
    sign_in(page, county_admin.username, password)
    page.wait_for_selector("text=填验证码")
    look(page)
    page.fill("#id_code", "000000")
    page.click("main button.btn.wide")
    page.wait_for_selector("text=验证码不对")
    look(page)
    page.fill("#id_code", code)
    page.click("main button.btn.wide")
    page.wait_for_url("**/cms/")


def test_a_worker_ends_a_session_elsewhere(worker: Worker, password, page_for):
    phone, desk = page_for(None, 360, 740, mobile=True), page_for(None)
    for page in (phone, desk):
        sign_in(page, "W0001", password)
        page.wait_for_function("location.pathname === '/'")
    phone.goto("/account/devices/")
    phone.click("button:has-text('让它退出')")
    phone.wait_for_selector("text=那台设备上的登录已退出。")
    desk.goto("/exams/")
    assert "/sign-in/" in desk.url


def test_no_barrier_where_a_sign_on_fails_or_ends(page_for, settings):
    settings.OIDC_SERVER_URL = "http://127.0.0.1:9"
    page = page_for(None, 360, 740, mobile=True)
    for address in ("/account/sign-on/back/", "/account/sign-on/left/", "/account/inactive/"):
        page.goto(address)
        look(page)
