"""Wagtail's own screens in a real browser under our policy: each works, and no rule is broken (`page_for` fails on the first)."""

from typing import Any

import pytest
from django.conf import settings
from wagtail.models import Page

from courses import loading
from courses.models import CoursePage, LessonPage
from roster.models import User

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def lesson(city: Any) -> LessonPage:
    """A lesson with a block of each kind that has a field of its own in the editor."""
    body = [
        {"type": "text", "value": "<p>断电以后再<b>救人</b>。</p><ul><li>一</li></ul>"},
        {"type": "quote", "value": {"text": "原文", "source": "条例"}},
        {"type": "steps", "value": {"title": "怎么办", "items": ["先看", "再报"]}},
        {"type": "check", "value": {"stem": "？", "options": ["甲", "乙"], "key": "A", "explanation": "。"}},
    ]
    course = loading.catalog().add_child(instance=CoursePage(title="课", slug="course", subject="case", summary="学。"))
    stream = LessonPage._meta.get_field("body").stream_block.to_python(body)
    return course.add_child(instance=LessonPage(title="节", slug="lesson", minutes=1, body=stream))


def test_the_editor_works_under_the_policy(page_for: Any, editor: User, lesson: LessonPage) -> None:
    page = page_for(editor)
    page.goto(f"/cms/pages/{lesson.pk}/edit/")
    text = page.locator(".public-DraftEditor-content").first
    text.wait_for()
    text.click()
    page.keyboard.type("新写的一句。")
    page.locator(".c-sf-add-button").first.click()
    page.get_by_role("option", name="图片").click()
    page.get_by_role("button", name="选择一个图片").first.click()
    page.get_by_role("dialog").get_by_role("tab").first.wait_for()
    page.keyboard.press("Escape")
    page.goto("/cms/pages/")
    page.goto(f"/cms/pages/{lesson.get_parent().pk}/")
    page.goto(f"/cms/pages/{lesson.pk}/history/")
    page.get_by_role("main").wait_for()


def test_so_do_pictures_and_documents(page_for: Any, editor: User, lesson: LessonPage) -> None:
    page = page_for(editor)
    for address in ("/cms/", "/cms/images/", "/cms/images/add/", "/cms/documents/", "/cms/documents/multiple/add/"):
        assert page.goto(address).ok, address
        page.wait_for_load_state("networkidle")
    assert Page.objects.filter(pk=lesson.pk).exists()


def test_a_script_in_an_office_page_does_not_run(
    browser: Any, live_server: Any, city_admin: User, client_of: Any
) -> None:
    """What the policy is for: put in by force, as if an escape had been forgotten."""
    cookie = client_of(city_admin).cookies[settings.SESSION_COOKIE_NAME]
    page = browser.new_page(base_url=live_server.url)
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    page.goto("/cms/workers/")
    broken = page.evaluate(
        """() => new Promise(done => {
          const rules = [];
          document.addEventListener("securitypolicyviolation", e => {
            rules.push(e.effectiveDirective);
            if (rules.length > 1) done(rules.sort());
          });
          setTimeout(() => done(rules), 3000);
          const box = document.createElement("div");
          box.innerHTML = "<img src=x onerror='window.ran = 1'>";
          document.body.append(box);
          const script = document.createElement("script");
          script.textContent = "window.ran = 2";
          document.body.append(script);
        })"""
    )
    assert (broken, page.evaluate("window.ran")) == (["script-src-attr", "script-src-elem"], None)
    page.context.close()
