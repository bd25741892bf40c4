"""Weaknesses that systems like this one were found to have, each as a test named for its class. Who sees whose: `test_reach_matrix`."""

import ast
import io
import re
import socket
from collections.abc import Iterator
from typing import Any

import openpyxl
import pytest
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import get_resolver
from wagtail.documents import get_document_model

from exams.models import Answer, Attempt, AttemptState, PaperItem
from lms.models import ImportRow
from roster.models import Role, RoleGrant, User, Worker
from tests import test_reach_matrix as matrix
from tests.test_house import FLOORS, name, sources

things = matrix.things  # a fixture: one of everything

# --- what is sent ---------------------------------------------------------------------------------------------------


def fetch(
    client: Client, url: str, data: dict[str, Any] | None = None, **headers: Any
) -> tuple[HttpResponseBase, bytes]:
    """The answer and its bytes, files among them; what it did is taken back."""
    with transaction.atomic():
        reply = client.get(url, data, **headers)
        body = b"".join(reply.streaming_content) if reply.streaming else reply.content
        transaction.set_rollback(True)
    return reply, body


def seen_by(persona: str, things: dict[str, Any], request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """Every address that exists for someone, with its name; of lists also what leaves as a file."""
    entries = matrix.ours()
    for name_, letters in matrix.EXISTS_FOR.items():
        if persona in letters:
            url = matrix.address(name_, entries[name_], things)
            yield name_, url
            if name_ in {"workers:index", "assessment_export"}:
                yield f"{name_} as a file", f"{url}?export=xlsx&purpose=manage"


def everywhere(
    things: dict[str, Any], request: pytest.FixtureRequest, personas: str
) -> Iterator[tuple[str, HttpResponseBase, bytes]]:
    for persona in personas:
        client = matrix.client_for(persona, request)
        for name_, url in seen_by(persona, things, request):
            reply, body = fetch(client, url)
            if reply.status_code == 200:
                yield f"{persona} {name_}", reply, body


# --- cross-site scripting, and formulas -----------------------------------------------------------------------------

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


# --- forged requests ------------------------------------------------------------------------------------------------


def every_address(things: dict[str, Any]) -> dict[str, str]:
    entries = matrix.ours()
    own = {
        name_: matrix.address(name_, entry, things) for name_, entry in entries.items() if name_ in matrix.EXISTS_FOR
    }
    return {**own, **{url: url for url in matrix.wagtails()}}


# a browser's report of a broken policy carries no token; it changes nothing and is answered before any session is opened
WITHOUT_TOKEN: set[str] = set()


@pytest.mark.django_db
def test_forged_requests_to_every_address(things: dict[str, Any], worker: Worker) -> None:
    root = User.objects.create_superuser(username="root", password="x", name="根")
    office, front = Client(enforce_csrf_checks=True), Client(enforce_csrf_checks=True)
    office.force_login(root)
    front.force_login(worker.user)
    addresses = every_address(things)
    assert len(addresses) > 200
    let_in = []
    for name_, url in addresses.items():
        for method in ("post", "put", "delete"):
            client = office if url.startswith("/cms/") else front
            with transaction.atomic():
                code = getattr(client, method)(url).status_code
                transaction.set_rollback(True)
            let_in += [(name_, method, code)] if code != 403 and name_ not in WITHOUT_TOKEN else []
    assert let_in == []


def test_no_view_is_spared_the_token() -> None:
    """Wagtail's own interface for its editor asks for the token by itself; `test_forged_requests_to_every_address` goes there too."""
    spared = [
        name_
        for _route, name_, entry in matrix.patterns(get_resolver())
        if getattr(entry.callback, "csrf_exempt", False)
    ]
    assert {name_.partition(":")[0] for name_ in spared} <= {"wagtailadmin_api"}


@pytest.mark.django_db
def test_a_token_in_an_address_counts_for_nothing(worker: Worker) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(worker.user)
    client.get("/me/")
    token = client.cookies[settings.CSRF_COOKIE_NAME].value if settings.CSRF_COOKIE_NAME in client.cookies else "x" * 32
    assert client.post(f"/sign-out/?csrfmiddlewaretoken={token}").status_code == 403


# --- fields that nobody offered -------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_mass_assignment_of_rights(client_of: Any, county_admin: User, city: Any, worker: Worker) -> None:
    """Who gives a role gives that role, whatever else is in the form."""
    sent = {"role": Role.TOWNSHIP_ADMIN, "territory": f"{city.township.pk}", "reason": "接替", "username": "W0001"}
    more = {
        "is_superuser": "1",
        "is_staff": "1",
        "by": "1",
        "given_by": "1",
        "role_name": "city_admin",
        "since": "2020-01-01",
    }
    client_of(county_admin).post("/cms/roles/give/", {**sent, **more})
    worker.user.refresh_from_db()
    assert (worker.user.is_superuser, worker.user.is_staff) == (False, False)
    given = RoleGrant.objects.filter(user=worker.user)
    assert {(one.role, one.territory_id, one.granted_by_id) for one in given} <= {
        (Role.TOWNSHIP_ADMIN, city.township.pk, county_admin.pk)
    }


@pytest.mark.django_db
def test_mass_assignment_of_a_file_of_ones_own(client_of: Any, worker: Worker, city: Any) -> None:
    before = {field.attname: getattr(worker, field.attname) for field in Worker._meta.concrete_fields}
    more = {
        "state": "left",
        "township": city.township_b.pk,
        "employment": "parttime",
        "step": 18,
        "name": "别人",
        "decided_by": 1,
    }
    client_of(worker.user).post("/me/file/mobile/correct/", {"proposed": "13907150088", **more})
    worker.refresh_from_db()
    assert {field.attname: getattr(worker, field.attname) for field in Worker._meta.concrete_fields} == before


@pytest.mark.django_db
def test_mass_assignment_of_marks(client_of: Any, things: dict[str, Any], worker: Worker) -> None:
    sitting = Attempt.objects.get(pk=things["attempt"])
    item = sitting.paper[0][0]
    one = {"item": item, "value": "先断电。", "seq": 9, "marks": 50, "state": "settled", "marked_by": 1}
    sent = {"answers": [one], "score": 100, "state": "handed_in", "deadline": "2030-01-01T00:00", "worker": 1}
    client_of(worker.user).post(f"/exams/attempt/{sitting.pk}/answers", sent, "application/json")
    before = (sitting.marks, sitting.state, sitting.deadline, sitting.worker_id)
    sitting.refresh_from_db()
    assert (sitting.marks, sitting.state, sitting.deadline, sitting.worker_id) == before
    assert sitting.answers.get().marks is None
    assert sitting.state == AttemptState.SITTING


# --- shown too early ------------------------------------------------------------------------------------------------

SECRETS = {"reference": "参考答案秘密", "basis": "依据秘密", "explanation": "解析秘密"}


@pytest.mark.django_db
def test_answers_shown_before_an_exam_shows_them(things: dict[str, Any], request: pytest.FixtureRequest) -> None:
    """To nobody who sits, marks elsewhere or looks on; only who marks sees the rubric."""
    for item in PaperItem.objects.filter(exam=things["exam"]):
        item.content = {**item.content, **SECRETS, "points": [{"text": "要点秘密", "marks": "50.0"}]}
        item.save()
    looked, told = 0, []
    for where, _reply, body in everywhere(things, request, "wxl"):
        looked += 1
        told += [where] if "秘密" in body.decode(errors="ignore") else []
    assert (told, looked > 40) == ([], True)


# --- fetched from elsewhere -----------------------------------------------------------------------------------------

FETCHERS = {"requests", "httpx", "aiohttp", "urllib3", "http.client", "urllib.request", "ftplib", "pycurl"}


def test_server_side_requests_have_nobody_to_make_them() -> None:
    """No code of ours can fetch an address. A city's own sign-on is asked by allauth, at an address of the settings alone."""
    found = []
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found += [(name(path), one.name) for one in node.names if one.name in FETCHERS]
            elif isinstance(node, ast.ImportFrom) and node.module in FETCHERS:
                found.append((name(path), node.module))
    # which asks itself whether it is up
    assert found == [("lms/management/commands/serve.py", "urllib.request")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:6379/", "file:///etc/passwd"]
)
def test_server_side_requests_through_an_embed(client_of: Any, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect", lambda self, where: asked.append(where))
    root = User.objects.create_superuser(username="root", password="x", name="根")
    reply = client_of(root).post("/cms/embeds/chooser/upload/", {"embed-chooser-url": url})
    assert (reply.status_code < 500, asked, settings.WAGTAILEMBEDS_FINDERS) == (True, [], [])


# --- led astray -----------------------------------------------------------------------------------------------------

# other ways to write it are tried at the one door that takes such an address: `test_hostile_requests`
TARGET = "//evil.example/"
WAYS = ("next", "back", "return_to", "return", "redirect", "redirect_to", "url", "continue", "then", "return_url")


@pytest.mark.django_db
@pytest.mark.slow
def test_open_redirects_at_every_address(things: dict[str, Any], worker: Worker, client_of: Any) -> None:
    root = User.objects.create_superuser(username="root", password="x", name="根")
    office, front, ways = client_of(root), client_of(worker.user), dict.fromkeys(WAYS, TARGET)
    office.raise_request_exception = front.raise_request_exception = False
    led = []
    for name_, url in every_address(things).items():
        client, bare = office if url.startswith("/cms/") else front, url.partition("?")[0]
        for send in [client.post] if name_ == url else [client.get, client.post]:
            with transaction.atomic():
                reply = send(bare, ways)
                b"".join(reply.streaming_content) if reply.streaming else None
                transaction.set_rollback(True)
            led += [(name_, reply["Location"])] if reply.get("Location", "").startswith(TARGET) else []
    assert led == []


# --- one name for another -------------------------------------------------------------------------------------------

FORGED = {
    "HTTP_X_FORWARDED_HOST": "evil.example",
    "HTTP_X_HOST": "evil.example",
    "HTTP_X_ORIGINAL_URL": "/cms/",
    "HTTP_X_REWRITE_URL": "/cms/",
    "HTTP_X_HTTP_METHOD_OVERRIDE": "DELETE",
    "HTTP_FORWARDED": "host=evil.example",
}


@pytest.mark.django_db
def test_host_headers_and_others_that_no_address_shows_change_nothing(
    things: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    for persona in "wac":
        client = matrix.client_for(persona, request)
        for name_, url in seen_by(persona, things, request):
            if name_ in {"readyz", "attempt", "lesson"}:
                continue
            reply, body = fetch(client, url, **FORGED)
            assert b"evil.example" not in body, name_
            assert "evil.example" not in str(reply.headers), name_


@pytest.mark.django_db
def test_cache_poisoning_has_nothing_that_is_kept_for_others(
    things: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    """What is made for someone says so; a proxy that keeps it breaks its own rules."""
    for where, reply, _body in everywhere(things, request, "wmacl"):
        kept = reply.get("Cache-Control", "")
        assert "private" in kept or "no-store" in kept, where
        assert "public" not in kept, where


@pytest.mark.django_db
def test_clickjacking_of_any_screen(things: dict[str, Any], request: pytest.FixtureRequest) -> None:
    for where, reply, _body in everywhere(things, request, "wmacl"):
        policy, frame = reply["Content-Security-Policy"], reply["X-Frame-Options"]
        expected = ("frame-ancestors 'none'", "DENY")
        if "frame-ancestors 'self'" in policy:
            assert reply.request["PATH_INFO"].startswith("/cms/"), where  # type: ignore[attr-defined]
            expected = ("frame-ancestors 'self'", "SAMEORIGIN")
        assert expected[0] in policy, where
        assert frame == expected[1], where


# --- who is there ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_enumeration_of_accounts_by_what_sign_in_says(client: Client, worker: Worker) -> None:
    pages = []
    for number in ("W0001", "W9999"):
        page = client.post("/sign-in/", {"username": number, "password": "wrong-wrong"}).text
        pages.append(re.sub(r'value="[^"]*"', "", page.replace(number, "N")))
    assert pages[0] == pages[1]


@pytest.mark.django_db
def test_session_fixation(client: Client, worker: Worker, password: str) -> None:
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.cookies[settings.SESSION_COOKIE_NAME] = planted
    client.post("/sign-in/", {"username": "W0001", "password": password})
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != planted
    other = Client()
    other.cookies[settings.SESSION_COOKIE_NAME] = planted
    assert other.get("/me/").status_code == 302


@pytest.mark.django_db
def test_files_of_others_by_guessed_names(client_of: Any, outsider: Worker, things: dict[str, Any]) -> None:
    """A document under a name that is not its own, and storage beside the pictures."""
    document = get_document_model().objects.get(pk=things["document"])
    client = client_of(outsider.user)
    wrong = [
        f"/documents/{document.pk}/other.mp4",
        f"/documents/{document.pk + 1}/film.mp4",
        f"/media/{document.file.name}",
    ]
    assert [client.get(url).status_code for url in wrong] == [404, 404, 404]
