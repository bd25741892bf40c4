"""Cross-site scripting and formulas: whatever somebody typed is shown as text, in every screen and file."""

import io
import re
from typing import Any

import openpyxl
import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from exams.models import Answer, PaperItem
from lms.models import ImportRow
from roster.models import User
from tests.advisories.walks import everywhere
from tests.test_house import FLOORS

# begins a formula, ends an attribute and opens an element: one for each row, so that what is unique stays so
POISON, SHORT = "='\"><i x={}>", '="<i x={}>'
RAW = re.compile(r"<i x=|='\">")
SHORTEST = 12
# what addresses, keys and machines are made of; nobody types it
KEPT = {
    "path",
    "token",
    "key",
    "slug",
    "url_path",
    "seed",
    "sha256",
    "series",
    "request_id",
    "query",
    "listing",
    "receipt",
    "place",
}
KEPT |= {"kind", "source", "title_key", "file_hash", "password", "codename", "locale", "draft_title", "field"}


def typed(model: type[models.Model]) -> list[models.Field]:
    """The fields of a model that hold what somebody typed."""
    return [
        field
        for field in model._meta.local_concrete_fields
        if isinstance(field, models.CharField | models.TextField)
        and not isinstance(field, models.FileField)
        and type(field).__name__ not in {"SealedJSONField", "LessonBody"}
        and not field.choices
        and not field.primary_key
        and field.name not in KEPT
        and not field.name.endswith(("_hash", "_key", "_precision"))
        and (field.max_length or SHORTEST) >= SHORTEST
        and not (model._meta.label == "records.Certificate" and field.name == "number")
    ]


def poisoned(field: Any, row: str) -> str:
    return POISON.format(row) if (field.max_length or 99) >= len(POISON) else SHORT.format(row)


def poison() -> set[str]:
    """Write it into every text of every row; returns which fields took it."""
    taken = set()
    for model in apps.get_models():
        if model._meta.app_label not in {*FLOORS, "wagtaildocs", "wagtailcore"} or model._meta.label.endswith(
            "LogEntry"
        ):
            continue
        for field in typed(model):
            if model._meta.app_label == "wagtailcore" and field.name != "title":
                continue
            for row in model._default_manager.values_list("pk", flat=True):
                try:
                    with transaction.atomic():
                        model._default_manager.filter(pk=row).update(**{field.name: poisoned(field, str(row)[:2])})
                    taken.add(f"{model._meta.label}.{field.name}")
                except (IntegrityError, ValidationError):
                    break
    word = POISON.format(0)
    content = {
        **dict.fromkeys(("material", "stem", "reference", "basis", "explanation"), word),
        "options": [word, word],
        "key": [0],
    }
    PaperItem.objects.update(content={**content, "points": [{"text": word, "marks": "50.0"}]})
    Answer.objects.update(value=word)
    note = {"level": "error", "column": word, "message": word, "code": "x"}
    ImportRow.objects.update(sheet=word, label=word, notes=[note], outcome="wrong", cells={"facts": [word, word]})
    return taken


@pytest.mark.django_db
def test_cross_site_scripting_through_any_text_in_any_screen_or_file(
    things: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    taken = poison()
    assert {
        "roster.Worker.name",
        "roster.Worker.number",
        "roster.User.name",
        "exams.Exam.title",
        "records.Assessment.reason",
    } <= taken
    raw, formulas, shown = [], [], set()
    for where, reply, body in everywhere(things, request, "wmtacleysu"):
        kind = reply.get("Content-Type", "")
        if kind.startswith("text/html"):
            text = body.decode()
            raw += [(where, text[max(0, hit.start() - 60) : hit.end() + 20]) for hit in RAW.finditer(text)]
            shown |= {where} if "&lt;i x=" in text else set()
        elif "spreadsheet" in kind:
            book = openpyxl.load_workbook(io.BytesIO(body))
            cells = [cell for sheet in book.worksheets for line in sheet.iter_rows() for cell in line]
            formulas += [(where, cell.coordinate) for cell in cells if cell.data_type == "f"]
            shown |= {where} if any("<i x=" in str(cell.value) for cell in cells) else set()
    assert (raw, formulas) == ([], [])
    assert len(shown) > 60
    assert {"a workers:index as a file", "a assessment_export as a file", "m marking_claim", "a import_run"} <= shown


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("persona", "pages"),
    [
        ("worker", ["/", "/me/", "/me/file/", "/records/", "/exams/", "/study/"]),
        (
            "county_admin",
            ["/cms/", "/cms/workers/", "/cms/workers/inspect/{worker}/", "/cms/imports/{imports}/", "/bulletin/"],
        ),
        ("mentor", ["/marking/", "/marking/{key}/"]),
    ],
)
def test_cross_site_scripting_in_a_real_browser(
    persona: str,
    pages: list[str],
    things: dict[str, Any],
    page_for: Any,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No dialog opens, nothing of it becomes an element, and the policy (`page_for` watches it) has nothing to stop."""
    monkeypatch.setitem(globals(), "POISON", "='\"><img class=hurt src=x onerror=alert({})>")
    poison()
    person = request.getfixturevalue(persona)
    page = page_for(person if isinstance(person, User) else getattr(person, "worker", person).user)
    opened: list[str] = []
    page.on("dialog", lambda dialog: (opened.append(dialog.message), dialog.dismiss()))
    shown = 0
    for address in pages:
        page.goto(address.format(**things))
        page.wait_for_load_state("networkidle")
        shown += "onerror=alert(" in page.locator("body").inner_text()
        assert page.locator(".hurt").count() == 0
    assert opened == []
    assert shown
