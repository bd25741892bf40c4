"""What every answer says about scripts, frames and types; and that the front needs no allowance."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from lms.middleware import BACK_POLICY, FRONT_POLICY
from roster.models import User, Worker

TEMPLATES = Path(settings.BASE_DIR) / "templates"
# Wagtail's editor needs inline scripts; its templates and ours inside it are served under /cms/ alone
BACK = {"wagtailadmin"}
FRONT_PAGES = ["/", "/me/", "/password/", "/agreement/", "/study/", "/exams/", "/records/", "/nowhere/"]
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style\b|\sstyle=|\son[a-z]+=\"|javascript:", re.IGNORECASE)


def test_the_front_policy_allows_nothing_inline() -> None:
    assert FRONT_POLICY == (
        "default-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'; "
        "script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'"
    )


@pytest.mark.parametrize("path", FRONT_PAGES)
def test_every_front_page_is_strict(client_of: Callable[[User], Client], worker: Worker, path: str) -> None:
    response = client_of(worker.user).get(path, follow=True)
    assert response.headers["Content-Security-Policy"] == FRONT_POLICY
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["Permissions-Policy"] == "camera=(), microphone=(), geolocation=(), payment=()"
    assert not INLINE.search(response.content.decode())


@pytest.mark.parametrize("path", ["/sign-in/", "/check/none/", "/display/", "/healthz"])
def test_so_are_the_pages_of_a_visitor(client: Client, db: None, path: str) -> None:
    assert client.get(path).headers["Content-Security-Policy"] == FRONT_POLICY


@pytest.mark.parametrize("path", ["/cms/", "/cms/workers/", "/cms/nowhere/"])
def test_the_allowance_of_the_editor_stays_on_its_own_path(
    client_of: Callable[[User], Client], city_admin: User, path: str
) -> None:
    assert client_of(city_admin).get(path).headers["Content-Security-Policy"] == BACK_POLICY
    assert "unsafe-eval" not in BACK_POLICY


@pytest.mark.parametrize("persona", ["worker", "leader"])
def test_a_page_under_cms_for_those_without_work_there_is_no_way_around(
    client_of: Callable[[User], Client], persona: str, request: pytest.FixtureRequest
) -> None:
    person = request.getfixturevalue(persona)
    client = client_of(person if isinstance(person, User) else person.user)
    assert client.get("/cms/").status_code == 404


def test_no_template_has_inline_script_or_style() -> None:
    found = {
        str(path.relative_to(TEMPLATES)): sorted(set(INLINE.findall(path.read_text(encoding="utf-8"))))
        for path in TEMPLATES.rglob("*.html")
        if path.relative_to(TEMPLATES).parts[0] not in BACK
    }
    assert {name: hits for name, hits in found.items() if hits} == {}


def test_cookies_keep_to_the_house(client: Client, worker: Worker, password: str) -> None:
    client.post("/sign-in/", {"username": "W0001", "password": password})
    session, token = client.cookies[settings.SESSION_COOKIE_NAME], client.cookies[settings.CSRF_COOKIE_NAME]
    assert (session["httponly"], session["samesite"], token["samesite"]) == (True, "Lax", "Lax")


def test_pages_behind_sign_in_are_not_kept_where_passwords_are_typed(client: Client, db: None) -> None:
    assert "no-store" in client.get("/sign-in/").headers["Cache-Control"]
