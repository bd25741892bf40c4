"""What the house promises of itself, wherever code is written later: no code from data, no markup without an escape, strong secrets."""

import ast
import base64
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured, RequestDataTooBig
from django.db import connection
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from kombu import Connection
from kombu.exceptions import ContentDisallowed

from courses import blocks
from lms import deployment, formulas, middleware, strength
from lms.celery import app
from lms.sheets import delimited
from lms.sheets.book import DEFAULT
from tests.databases import ROOT
from tests.test_house import name, sources, templates

# --- no code from data ----------------------------------------------------------------------------------------------

CALLS = {"eval", "exec", "compile", "__import__", "execfile"}
MODULES = {"pickle", "cPickle", "marshal", "shelve", "dill", "jsonpickle", "code", "imp"}


def dangers(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=called)) if called in CALLS:
                found.append(called)
            case ast.Call(func=ast.Attribute(value=ast.Name(id="yaml"), attr="load" | "unsafe_load" | "full_load")):
                found.append("yaml.load")
            case ast.Call(func=ast.Attribute(value=ast.Name(id="os"), attr="system" | "popen")):
                found.append("os.system")
            case ast.Import(names=names) if hit := {one.name.partition(".")[0] for one in names} & MODULES:
                found += hit
            case ast.ImportFrom(module=str(module)) if module.partition(".")[0] in MODULES:
                found.append(module)
            case ast.keyword(arg="shell", value=ast.Constant(value=True)):
                found.append("shell=True")
    return found


def scripts() -> list[Path]:
    return [
        ROOT / "manage.py",
        ROOT / "gunicorn.conf.py",
        *(path for path in (ROOT / "script").iterdir() if path.is_file()),
    ]


def test_nothing_that_comes_in_is_run() -> None:
    found = {name(path): dangers(ast.parse(path.read_text())) for path in [*sources(), *scripts()]}
    assert {path: calls for path, calls in found.items() if calls} == {}


@pytest.mark.parametrize(
    "code",
    [
        "eval(x)",
        "exec(x)",
        "import pickle",
        "from marshal import loads",
        "yaml.load(x)",
        "run(x, shell=True)",
        "os.system(x)",
    ],
)
def test_and_the_test_of_it_sees_each(code: str) -> None:
    assert dangers(ast.parse(code))


def test_a_worker_refuses_a_message_that_is_pickled() -> None:
    """A pickle runs whatever its sender likes; only JSON is unpacked."""
    with Connection("memory://hardening") as connection:
        taken: list[Any] = []
        with app.amqp.TaskConsumer(connection, accept=app.conf.accept_content) as consumer:
            consumer.callbacks = [lambda body, message: taken.append(body)]
            consumer.on_message = None
            queue = next(iter(app.amqp.queues.consume_from.values()))
            producer = connection.Producer()
            producer.publish(
                {"a": 1}, exchange=queue.exchange, routing_key=queue.routing_key, serializer="pickle", declare=[queue]
            )
            with pytest.raises(ContentDisallowed):
                connection.drain_events(timeout=2)
    assert (taken, set(app.conf.accept_content), app.conf.result_serializer) == ([], {"json"}, "json")


# --- no markup without an escape ------------------------------------------------------------------------------------

UNESCAPED = re.compile(r"\|\s*safe\b|\|\s*safeseq\b|autoescape\s+off|\|\s*richtext\b")
# what may say that its text is safe: each escapes what it was given
# (a report of an error is drawn by Django, and only loses numbers; a QR code is drawn from a key of ours)
SAYS_SAFE = {"courses/markup.py", "exams/day/pieces.py", "lms/reporting.py", "roster/my_account.py"}


def test_no_template_puts_text_in_unescaped() -> None:
    assert [name(path) for path in templates() if UNESCAPED.search(path.read_text())] == []


def test_no_code_says_of_a_text_that_it_is_safe() -> None:
    says = re.compile(r"\bmark_safe\(|\bSafeString\(|\b__html__\b|\bis_safe\s*=\s*True")
    assert {name(path) for path in sources() if says.search(path.read_text())} == SAYS_SAFE


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ('<p data-block-key="a1">好<b>的</b></p>', '<p data-block-key="a1">好<b>的</b></p>'),
        ('<a linktype="document" id="5">表</a>', '<a linktype="document" id="5">表</a>'),
        ('<a href="https://example.org/">外</a>', '<a href="https://example.org/">外</a>'),
        ("<p>x</p><script>alert(1)</script>", "<p>x</p>"),
        ("<img src=x onerror=alert(1)>", ""),
        ('<p onclick="alert(1)" style="position:fixed">x</p>', "<p>x</p>"),
        ('<a href="javascript:alert(1)">x</a>', "<a>x</a>"),
        ('<a href="data:text/html,<script>alert(1)</script>">x</a>', "<a>x</a>"),
        ("<svg><style><!--</style><img title='--><img src=x onerror=alert(1)>'>", "'&gt;"),
        ('<embed embedtype="media" url="https://evil.example/"/>', ""),
        ("<iframe src=//evil.example></iframe><h1>x</h1>", "x"),
    ],
)
def test_rich_text_is_clean_when_it_is_kept_and_when_it_is_read(written: str, kept: str) -> None:
    """Whoever wrote it into the database: the editor's own limits hold for the editor alone."""
    block = blocks.ProseBlock(features=["bold", "link"])
    assert block.get_prep_value(block.normalize(written)) == kept
    assert block.to_python(written).source == kept


# --- formulas -------------------------------------------------------------------------------------------------------

SIGNS = ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"]


@pytest.mark.parametrize("sign", SIGNS)
def test_text_like_a_formula_is_guarded(sign: str) -> None:
    assert formulas.guarded(f"{sign}cmd|' /C calc'!A0").startswith("'")
    assert formulas.like(f"{sign}1+1")


@pytest.mark.parametrize("text", ["王桂兰", "-5", "+8613907150001", "3.5", '="421202199001011234"', "", "a=b"])
def test_what_is_none_stays_as_it_is(text: str) -> None:
    assert formulas.guarded(text) == text


@given(st.text(st.sampled_from([*SIGNS, "'", '"', "1", "王", "\n", " "]), max_size=6) | st.text(max_size=20))
def test_the_guard_comes_off_without_a_trace(text: str) -> None:
    assert formulas.unguarded(formulas.guarded(text)) == text
    assert not formulas.like(formulas.guarded(text)) or formulas.HARMLESS.fullmatch(text)


@given(st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8), min_size=2, max_size=4))
def test_a_guarded_table_read_by_our_own_import_is_the_same(cells: list[str]) -> None:
    import csv
    import io

    out = io.StringIO(newline="")
    csv.writer(out).writerows([["甲", "乙", "丙", "丁"], [formulas.guarded(cell) for cell in cells]])
    sheet, _encoding, _mark = delimited.read(out.getvalue().encode(), DEFAULT)
    plain = [found[1] if (found := delimited.EXCEL_TEXT.fullmatch(cell)) else cell for cell in cells]
    expected = [None if cell in delimited.ERRORS else cell for cell in plain]
    while expected and not expected[-1]:
        expected.pop()
    assert [cell or None for cell in sheet.rows[1]][: len(expected)] == [cell or None for cell in expected]


# --- secrets and settings -------------------------------------------------------------------------------------------

STRONG = {
    "SECRET_KEY": "vJ8mQ2xk0Rr7Zt5eWc9uLh3nYp6sDg1aFb4iTo-KqXM_zNwEyUV",
    "LOOKUP_KEY": "Hk3-pZ9wQm7xTf2vRc8yNb5sJd1gLe6uAo4iEt0_KzXWqVYhUMD",
    "PERSONAL_DATA_KEYS": base64.urlsafe_b64encode(bytes(range(7, 256, 8))).decode(),
}


def weak(**changes: str) -> list[str]:
    return list(strength.weaknesses({key: [value] for key, value in {**STRONG, **changes}.items()}))


def test_strong_secrets_are_none_of_these() -> None:
    assert weak() == []


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"SECRET_KEY": "short"}, "太短"),
        ({"SECRET_KEY": ""}, "太短"),
        ({"SECRET_KEY": "a" * 60}, "太容易猜"),
        ({"SECRET_KEY": "abc123XY" * 8}, "太容易猜"),
        ({"LOOKUP_KEY": "django-insecure-" + STRONG["LOOKUP_KEY"]}, "例子"),
        ({"LOOKUP_KEY": STRONG["SECRET_KEY"]}, "相同的值"),
        ({"PERSONAL_DATA_KEYS": "x"}, "不是有效的密钥"),
        ({"PERSONAL_DATA_KEYS": base64.urlsafe_b64encode(b"a" * 32).decode()}, "文字或重复"),
        ({"PERSONAL_DATA_KEYS": base64.urlsafe_b64encode(b"my secret words are thirty-two!!").decode()}, "文字或重复"),
    ],
)
def test_weak_secrets_are_named(changes: dict[str, str], word: str) -> None:
    (sentence,) = weak(**changes)
    assert word in sentence
    assert next(iter(changes)) in sentence
    assert not [value for value in changes.values() if len(value) > 5 and value in sentence]


def test_no_key_of_this_repository_is_good_enough() -> None:
    from tests.settings import ENVIRONMENT

    for key in STRONG:
        with pytest.raises(ImproperlyConfigured):
            strength.insist(**{key: [ENVIRONMENT[key]]})


def production(folder: Path, **changes: str) -> dict[str, str]:
    (folder / "static").mkdir(exist_ok=True)
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    address = {"SITE_URL": "https://study.example.gov.cn", "ALLOWED_HOSTS": "study.example.gov.cn", "BEHIND_PROXY": "1"}
    settings = {"DJANGO_SETTINGS_MODULE": "lms.settings", "VAR_DIR": str(folder), "DEBUG": "0", "DATABASE_URL": ""}
    settings["DATABASE_URL"] = f"sqlite:///{folder / 'db.sqlite3'}"
    return {**kept, **STRONG, **address, **settings, **changes}


def checked(folder: Path, **changes: str) -> tuple[int, str]:
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    environment = production(folder, **changes)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, encoding="utf-8")
    return done.returncode, done.stdout + done.stderr


def test_a_proper_installation_has_nothing_to_be_said_of(tmp_path: Path) -> None:
    code, told = checked(tmp_path)
    assert (code, "no issues" in told) == (0, True), told


def test_what_is_wrong_is_said_in_a_sentence(tmp_path: Path) -> None:
    code, told = checked(
        tmp_path, SITE_URL="http://study.example.gov.cn", ALLOWED_HOSTS="*", HTTPS="0", SECRET_KEY="x" * 50
    )
    assert code == 1
    for sentence in ("SITE_URL 要以 https:// 开头", "ALLOWED_HOSTS 里不能有 *", "SECRET_KEY 太容易猜"):
        assert sentence in told


def test_it_does_not_start_with_a_weak_secret(tmp_path: Path) -> None:
    """Nothing starts: not the check, which would say it too, but the reading of the settings."""
    command = [sys.executable, "-c", "import django; django.setup()"]
    environment = production(tmp_path, SECRET_KEY="changeme" * 8)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode
    assert "SECRET_KEY 用的是例子里的值，请重新生成。" in done.stderr
    assert "changemechangeme" not in done.stdout + done.stderr


@pytest.mark.django_db
@pytest.mark.postgres
def test_the_database_is_asked_whether_it_keeps_what_it_acknowledges() -> None:
    """A database that need not survive a power cut is found out, whatever the tests' own is set to."""
    with connection.cursor() as cursor:
        off = "SET synchronous_commit TO off" if connection.vendor == "postgresql" else "PRAGMA synchronous"
        cursor.execute(off)
    assert list(deployment.durability())


def test_cookies_of_an_installation_on_https_can_be_written_by_no_other_house(tmp_path: Path) -> None:
    code = (
        "from django.conf import settings as s; "
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, "
        "s.SESSION_COOKIE_HTTPONLY, s.CSRF_COOKIE_HTTPONLY, s.SESSION_COOKIE_DOMAIN, s.SESSION_COOKIE_PATH, "
        "s.SECURE_HSTS_SECONDS, s.SECURE_HSTS_INCLUDE_SUBDOMAINS, s.SECURE_SSL_REDIRECT)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=production(tmp_path), capture_output=True, text=True
    )
    assert done.stdout.split() == [
        *(
            "__Host-sessionid",
            "__Host-csrftoken",
            "True",
            "True",
            "True",
            "True",
            "None",
            "/",
            "31536000",
            "True",
            "True",
        )
    ]


# --- how much may be sent -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "size"),
    [("/sign-in/", 2), ("/policy-report-not/", 2), ("/cms/imports/", 32), ("/cms/documents/multiple/add/", 512)],
)
def test_nobody_sends_more_than_a_place_takes(path: str, size: int, rf: Any) -> None:
    guarded = middleware.plain_addresses(lambda request: request)  # type: ignore[arg-type,return-value]
    for content_type, most in (
        ("multipart/form-data; boundary=x", size),
        ("application/json", 2 * size),
        ("", 2 * size),
    ):
        sent = {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(most * 1024 * 1024)}
        fits = rf.generic("POST", path, **sent)
        assert guarded(fits) is fits
        with pytest.raises(RequestDataTooBig):
            guarded(rf.generic("POST", path, **{**sent, "CONTENT_LENGTH": str(most * 1024 * 1024 + 1)}))


def test_nobody_sends_more_fields_or_files_than_a_form_has(client: Client) -> None:
    assert client.post("/sign-in/", {f"f{number}": "" for number in range(2100)}).status_code == 400


# --- the audit of dependencies --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_audit_says_so_when_it_could_not_ask() -> None:
    dead = "http://127.0.0.1:9"
    environment = {
        **os.environ,
        "HTTPS_PROXY": dead,
        "HTTP_PROXY": dead,
        "https_proxy": dead,
        "NO_PROXY": "",
        "no_proxy": "",
    }
    command = [sys.executable, str(ROOT / "script" / "audit"), "--timeout", "2", "--cache-dir", os.devnull + "-none"]
    done = subprocess.run(command[:2], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.returncode, "NOT AUDITED: the advisory database cannot be reached" in done.stdout) == (2, True)
