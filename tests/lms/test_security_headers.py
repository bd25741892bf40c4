"""What every answer says about scripts, frames and types; and that the front needs no allowance."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from lms import policy, violations
from roster.models import User, Worker

TEMPLATES = Path(settings.BASE_DIR) / "templates"
# Wagtail's editor needs inline scripts; its templates and ours inside it are served under /cms/ alone
BACK = {"wagtailadmin"}
FRONT_PAGES = ["/", "/me/", "/password/", "/agreement/", "/study/", "/exams/", "/records/", "/nowhere/"]
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style\b|\sstyle=|\son[a-z]+=\"|javascript:", re.IGNORECASE)


HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": policy.PERMISSIONS,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def rules(text: str) -> dict[str, str]:
    return dict(rule.strip().partition(" ")[::2] for rule in text.split(";"))


def test_the_policy_of_the_front_allows_nothing_inline_and_nothing_from_elsewhere() -> None:
    front = rules(policy.FRONT)
    assert front["default-src"] == front["object-src"] == front["base-uri"] == front["frame-ancestors"] == "'none'"
    assert front["script-src"] == front["style-src"] == front["form-action"] == front["connect-src"] == "'self'"
    assert not [word for word in ("unsafe", "*", "http") if word in policy.FRONT]
    assert (front["report-uri"], front["report-to"]) == ("/policy-report/", "policy")


def test_the_back_office_allows_what_is_inside_the_page_only_where_wagtail_writes_them() -> None:
    office, writing = rules(policy.OFFICE), rules(policy.WRITING)
    assert office["script-src"] == office["style-src"] == "'self'"
    wider = {name for name in writing if writing[name] != office.get(name)}
    assert wider == {"script-src", "script-src-attr", "style-src"}
    assert writing["script-src-attr"] == "'none'"
    assert not [word for word in ("unsafe-eval", "*", "http") if word in policy.WRITING]


def test_nothing_that_is_no_page_runs_anything() -> None:
    file = rules(policy.FILE)
    assert file == {
        "default-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "sandbox": "",
    }


@pytest.mark.parametrize("path", FRONT_PAGES)
def test_every_front_page_is_strict(client_of: Callable[[User], Client], worker: Worker, path: str) -> None:
    response = client_of(worker.user).get(path, follow=True)
    assert response.headers["Content-Security-Policy"] == policy.FRONT
    assert response.headers["X-Frame-Options"] == "DENY"
    assert {name: response.headers[name] for name in HEADERS} == HEADERS
    assert not INLINE.search(response.content.decode())


@pytest.mark.parametrize("path", ["/sign-in/", "/check/none/"])
def test_so_are_the_pages_of_a_visitor(client: Client, db: None, path: str) -> None:
    assert client.get(path).headers["Content-Security-Policy"] == policy.FRONT


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/cms/", policy.OFFICE),
        ("/cms/workers/", policy.OFFICE),
        ("/cms/imports/", policy.OFFICE),
        ("/cms/assessments/", policy.OFFICE),
        ("/cms/nowhere/", policy.OFFICE),
        ("/cms/pages/nowhere/", policy.WRITING),
        ("/cms/reports/site-history/", policy.OFFICE),
        ("/cms/jsi18n/", policy.FILE),
        ("/cms/workers/?export=xlsx&purpose=manage", policy.FILE),
        ("/cms/imports/template/roster.xlsx", policy.FILE),
        ("/healthz", policy.FILE),
        ("/static/js/app.js", policy.FILE),
        ("/static/nowhere.js", policy.FRONT),
        ("/media/images/nowhere.png", policy.FRONT),
        ("/documents/1/nowhere.pdf", policy.FRONT),
    ],
)
def test_each_kind_of_answer_has_its_policy(
    client_of: Callable[[User], Client], city_admin: User, path: str, expected: str, settings: Any
) -> None:
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = True
    response = client_of(city_admin).get(path, follow=True)
    response.close()
    assert response.headers["Content-Security-Policy"] == expected
    assert response.headers["X-Frame-Options"] == (
        "SAMEORIGIN" if expected in {policy.OFFICE, policy.WRITING} else "DENY"
    )
    assert {name: response.headers[name] for name in HEADERS} == HEADERS


@pytest.mark.parametrize(
    ("path", "code"),
    [("/sign-out/", 405), ("/check/none/?x=%00", 400), ("/nowhere/", 404), ("/password/", 403)],
)
def test_so_has_every_refusal(worker: Worker, path: str, code: int) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(worker.user)
    response = client.post(path) if code == 403 else client.get(path)
    assert response.status_code == code
    assert response.headers["Content-Security-Policy"] in {policy.FRONT, policy.FILE}
    assert {name: response.headers[name] for name in HEADERS} == HEADERS


def test_an_error_of_the_server_is_dressed_too(
    client_of: Callable[[User], Client], worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roster.reach.worker_of", lambda *_: 1 / 0)
    client = client_of(worker.user)
    client.raise_request_exception = False
    response = client.get("/records/")
    assert (response.status_code, response.headers["Content-Security-Policy"]) == (500, policy.FRONT)


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "testserver@evil.example", "a b"])
def test_a_name_that_is_not_ours_is_not_answered(client: Client, host: str) -> None:
    response = client.get("/sign-in/", HTTP_HOST=host)
    assert response.status_code == 400
    assert "evil" not in response.text


# --- what browsers tell ---------------------------------------------------------------------------------------------


def tell(client: Client, report: Any, kind: str = "application/csp-report") -> int:
    return client.post("/policy-report/", json.dumps(report), kind).status_code


def test_a_broken_policy_is_told_without_a_word_of_anyone(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """Of the page its name alone: its address may hold a key, and the query a name."""
    secret = "Zm9yLW5vYm9keQ"
    told = {
        "effective-directive": "script-src-elem",
        "document-uri": f"http://testserver/check/{secret}/?q=王桂兰",
        "blocked-uri": f"https://evil.example/{secret}.js",
        "script-sample": "王桂兰 420222199001011234",
        "referrer": f"http://testserver/{secret}",
    }
    assert tell(client, {"csp-report": told}) == 204
    newer = {"effectiveDirective": "img-src", "documentURL": f"http://testserver/{secret}/", "blockedURL": "inline"}
    assert tell(client, [{"type": "csp-violation", "body": newer}], "application/reports+json") == 204
    lines = [record.getMessage() for record in caplog.records if "policy_broken" in record.getMessage()]
    assert len(lines) == 2
    assert "certificate_check" in lines[0]
    assert "https://evil.example" in lines[0]
    assert not [word for word in (secret, "王桂兰", "4202") if word in "".join(lines)]


def test_reports_do_not_fill_the_disk(
    client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(violations, "allowance", violations.Allowance(3, 60.0))
    assert {tell(client, {"csp-report": {"blocked-uri": "inline"}}) for _one in range(9)} == {204}
    assert tell(client, [{"body": {"blockedURL": "inline"}}] * 100, "application/reports+json") == 204
    assert len([record for record in caplog.records if "policy_broken" in record.getMessage()]) == 3


def test_the_allowance_comes_back_with_the_next_minute() -> None:
    allowance = violations.Allowance(2, 60.0)
    assert [allowance.take(at) for at in (0, 1, 2, 59, 60, 61, 62)] == [True, True, False, False, True, True, False]


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        ("{" * 50_000, "application/csp-report", 413),
        ("[" * 10_000, "application/csp-report", 204),
        ("", "application/csp-report", 415),
        ("{}", "text/plain", 415),
        (
            '{"csp-report": {"document-uri": 7, "blocked-uri": ["x"], "effective-directive": {}}}',
            "application/csp-report",
            204,
        ),
        ('{"csp-report": {"document-uri": "http://[", "blocked-uri": "http://["}}', "application/csp-report", 204),
    ],
)
def test_a_report_of_a_wrong_shape_does_no_harm(client: Client, body: str, kind: str, code: int) -> None:
    assert client.post("/policy-report/", body, kind).status_code == code


def test_a_report_costs_no_query_and_starts_no_session(client: Client) -> None:
    # no database here: a query would fail the test
    assert (client.get("/policy-report/").status_code, tell(client, {})) == (405, 204)
    assert not client.cookies


# --- who sees the back office ---------------------------------------------------------------------------------------


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
    assert (session["httponly"], session["samesite"]) == (True, "Lax")
    assert (token["httponly"], token["samesite"]) == (True, "Lax")


def test_pages_behind_sign_in_are_not_kept_where_passwords_are_typed(client: Client, db: None) -> None:
    assert "no-store" in client.get("/sign-in/").headers["Cache-Control"]
