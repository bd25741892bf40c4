"""Marking with no hand on the mouse."""

from decimal import Decimal

import pytest

from exams.models import Award


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_three_answers_are_marked_by_keys_alone(mentor, crowd, page_for):
    crowd(3)
    page = page_for(mentor.worker.user)
    page.goto("/marking/")
    page.get_by_role("button", name="领取下一份").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-key]:not([hidden])")

    page.keyboard.press("1")
    page.keyboard.press("3")
    assert page.locator("[data-total]").inner_text() == "7"
    with page.expect_navigation():
        page.keyboard.press("Enter")

    page.wait_for_selector("[data-key]:not([hidden])")
    page.keyboard.press("2")
    page.keyboard.press("2")
    page.keyboard.press("0")
    page.keyboard.press("r")
    page.keyboard.type("1 要点都没有写到")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")

    page.wait_for_selector("[data-key]:not([hidden])")
    page.keyboard.press("?")
    assert page.locator("dialog#keys").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    page.keyboard.press("2")
    page.keyboard.press("3")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    assert "眼下没有等你评的答卷了" in page.content()
    assert list(Award.objects.order_by("pk").values_list("marks", "remark")) == [
        (Decimal("7.0"), ""),
        (Decimal("0.0"), "1 要点都没有写到"),
        (Decimal("10.0"), ""),
    ]


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_keys_can_be_switched_off_and_stay_off(mentor, crowd, page_for):
    crowd(2)
    page = page_for(mentor.worker.user)
    page.goto("/marking/")
    page.get_by_role("button", name="领取下一份").click()
    page.get_by_role("link", name="键盘操作").click()
    page.get_by_label("用键盘评分").uncheck()
    page.get_by_text("知道了").click()
    page.keyboard.press("1")
    assert page.locator("[data-total]").inner_text() == "0"
    page.reload()
    page.keyboard.press("1")
    assert page.locator("[data-total]").inner_text() == "0"
    page.locator("#p1").check()
    assert page.locator("[data-total]").inner_text() == "4"


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_marking_works_without_script_on_a_phone(mentor, crowd, page_for):
    crowd(2)
    page = page_for(mentor.worker.user, 360, 740, mobile=True, java_script_enabled=False)
    page.goto("/marking/")
    page.get_by_role("button", name="领取下一份").click()
    page.locator("#p1").check()
    page.get_by_role("button", name="保存，下一份").click()
    assert Award.objects.get().marks == Decimal("4.0")
    assert page.get_by_text("匿名答卷").is_visible()
