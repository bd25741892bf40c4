"""Every model says what it holds of people, and what is written of it for people is made from that."""

import logging
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils.log import AdminEmailHandler
from django.views.debug import ExceptionReporter, get_exception_reporter_class

from lms import logs, personal, personal_page
from lms.personal import Gone, Personal
from tests.databases import ROOT

ID_NUMBER, MOBILE, NAME = "421202198001011237", "13907150001", "王桂兰"


def test_every_model_and_field_is_declared():
    assert personal.undeclared() == []


def test_the_page_is_what_the_command_makes():
    assert (ROOT / "docs" / "personal-data.md").read_text(encoding="utf-8") == personal_page.page()
    call_command("personal_data", check=True, stdout=StringIO())


@pytest.mark.parametrize(
    ("model", "changed", "missing"),
    [
        ("roster.Worker", None, "roster.Worker：没有声明"),
        ("roster.Worker", {"holds": {"name": "姓名"}}, "roster.Worker.id_number：没有声明"),
        ("roster.Step", {"plain": frozenset()}, "roster.Step.state_before：没有声明"),
        ("roster.Correction", {"why": ""}, "roster.Correction：没有说为什么保存、保存多久"),
        ("roster.Signature", {"renames": ()}, "roster.Signature：清空哪些栏与怎么处理对不上"),
        ("roster.Posting", {"about": ""}, "roster.Posting：没有说这些行叫什么"),
        ("roster.Grid", {"plain": frozenset({"colour"})}, "roster.Grid：没有 colour 这一栏"),
    ],
)
def test_what_is_missing_or_wrong_is_named(
    model: str, changed: dict[str, Any] | None, missing: str, monkeypatch: pytest.MonkeyPatch
):
    declared = dict(personal.all_declared())
    one = declared.pop(model)
    if changed is not None:
        declared[model] = Personal(**{**vars(one), **changed})
    monkeypatch.setattr(personal, "_declared", declared)
    assert missing in personal.undeclared()
    with pytest.raises(CommandError):
        call_command("personal_data", stdout=StringIO())


def test_nothing_that_names_a_person_is_only_kept():
    """Whoever is forgotten is in no declaration that keeps a name or a number."""
    telling = ("姓名", "身份证", "手机", "电话", "证书编号", "邮箱")
    for one in personal.about_workers():
        if one.gone == Gone.KEPT:
            assert not any(word in what for what in one.holds.values() for word in telling), one.model


# --- logs and error reports -------------------------------------------------------------------------------------------


def report(request: HttpRequest | None = None) -> ExceptionReporter:
    """The report of an error in whose variables, words and form a person stands."""
    id_number, people = ID_NUMBER, {"name": NAME, "mobile": MOBILE}
    try:
        try:
            raise KeyError(MOBILE)
        except KeyError as error:
            error.add_note(f"{NAME} {id_number}")
            raise ValueError(f"不认识 {NAME} {id_number} {people}") from error
    except ValueError as error:
        return get_exception_reporter_class(request)(request, type(error), error, error.__traceback__)


@pytest.fixture
def asked(rf: RequestFactory) -> HttpRequest:
    request = rf.post(f"/cms/workers/?q={NAME}{MOBILE}", {"name": NAME, "id_number": ID_NUMBER, "password": "稻花香"})
    request.COOKIES["sessionid"] = "abcdef"
    return request


@pytest.fixture
def plainly_asked(rf: RequestFactory) -> HttpRequest:
    return rf.post(f"/cms/workers/?q={MOBILE}", {"id_number": ID_NUMBER})


@pytest.mark.parametrize("form", ["html", "text"])
def test_an_error_report_holds_nobody(form: str, asked: HttpRequest):
    reporter = report(asked)
    text = str(getattr(reporter, f"get_traceback_{form}")())
    assert "ValueError" in text
    assert "tests/lms/test_personal.py" in text
    for personal_part in (ID_NUMBER, MOBILE, NAME, "稻花香", "abcdef", "%E7%8E%8B"):
        assert personal_part not in text, personal_part


def test_a_developer_sees_variables_without_numbers(plainly_asked: HttpRequest, settings: Any):
    settings.DEBUG = True
    text = str(report(plainly_asked).get_traceback_text())
    html = str(report(plainly_asked).get_traceback_html())
    assert ID_NUMBER not in text + html
    assert MOBILE not in text + html
    assert "421****37" in html


def test_mail_to_the_admins_holds_nobody(asked: HttpRequest, settings: Any, mailoutbox: list[Any]):
    settings.ADMINS = [("admin", "admin@example.org")]
    handler = AdminEmailHandler(include_html=True)
    handler.setFormatter(logs.formatter())
    made = report(asked)
    record = logging.LogRecord(
        "django.request", logging.ERROR, "", 0, f"{asked.path}", (), (made.exc_type, made.exc_value, made.tb)
    )
    record.request = asked
    handler.emit(record)
    (mail,) = mailoutbox
    text = mail.subject + mail.body + "".join(str(content) for content, _kind in mail.alternatives)
    for personal_part in (ID_NUMBER, MOBILE, NAME, "稻花香"):
        assert personal_part not in text


def test_a_number_that_gets_into_a_line_of_the_log_is_masked():
    event = {"event": f"found {MOBILE}", "row": {"id": ID_NUMBER, "all": [MOBILE, 7]}, "count": 3}
    said = logs.without_what_was_typed(None, "info", event)
    assert said == {"event": "found 139****01", "row": {"id": "421****37", "all": ["139****01", 7]}, "count": 3}
