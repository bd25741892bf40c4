"""The server sent to fetch, the browser sent elsewhere, and one name given for another."""

import ast
import gc
import socket
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction

from roster.models import User, Worker
from tests import test_reach_matrix as matrix
from tests.advisories.walks import every_address, everywhere, fetch, seen_by
from tests.databases import ROOT
from tests.test_house import name, sources

# --- fetched from elsewhere --------------------------------------------------------------------------------------------

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
    # the one asks itself whether it is up; the other asks allauth, and knows by what name it fails
    assert found == [("lms/management/commands/serve.py", "urllib.request"), ("roster/sign_on.py", "requests")]
    (imported,) = [
        node
        for node in ast.walk(ast.parse((ROOT / "roster/sign_on.py").read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "requests"
    ]
    assert [one.name for one in imported.names] == ["RequestException"]


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


# --- led astray --------------------------------------------------------------------------------------------------------

# other ways to write it are tried at the one door that takes such an address: `test_hostile_requests`
TARGET = "//evil.example/"
WAYS = ("next", "back", "return_to", "return", "redirect", "redirect_to", "url", "continue", "then", "return_url")


@pytest.mark.django_db
@pytest.mark.slow
# Wagtail leaves the file of a picture it drew to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_open_redirects_at_every_address(things: dict[str, Any], theirs: Any, worker: Worker, client_of: Any) -> None:
    root = User.objects.create_superuser(username="root", password="x", name="根")
    office, front, ways = client_of(root), client_of(worker.user), dict.fromkeys(WAYS, TARGET)
    office.raise_request_exception = front.raise_request_exception = False
    led, broken = [], set()
    for name_, url in every_address(things, theirs).items():
        client, bare = office if url.startswith("/cms/") else front, url.partition("?")[0]
        for send in [client.post] if name_ == url else [client.get, client.post]:
            with transaction.atomic():
                reply = send(bare, ways)
                b"".join(reply.streaming_content) if reply.streaming else None
                transaction.set_rollback(True)
            led += [(name_, reply["Location"])] if reply.get("Location", "").startswith(TARGET) else []
            broken |= {url} if reply.status_code >= 500 and name_ != "readyz" else set()
    gc.collect()
    assert led == []
    # Wagtail's editor breaks where its own form is not sent; were it more, nobody would have been led anywhere
    assert {url for url in broken if not url.startswith(("/cms/pages/", "/cms/choose-"))} == set()


# --- one name for another ----------------------------------------------------------------------------------------------

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


@pytest.mark.slow
@pytest.mark.django_db
def test_cache_poisoning_and_clickjacking_of_any_screen(things: dict[str, Any], request: pytest.FixtureRequest) -> None:
    """What is made for someone says so, a proxy that keeps it breaks its own rules; and no other house may frame it."""
    for where, reply, _body in everywhere(things, request, "wmacl"):
        is_for_one_alone(where, reply)
        is_framed_by_none(where, reply)


def is_for_one_alone(where: str, reply: Any) -> None:
    kept = reply.get("Cache-Control", "")
    assert "private" in kept or "no-store" in kept, where
    assert "public" not in kept, where


def is_framed_by_none(where: str, reply: Any) -> None:
    policy, frame = reply["Content-Security-Policy"], reply["X-Frame-Options"]
    expected = ("frame-ancestors 'none'", "DENY")
    if "frame-ancestors 'self'" in policy:
        assert reply.request["PATH_INFO"].startswith("/cms/"), where
        expected = ("frame-ancestors 'self'", "SAMEORIGIN")
    assert expected[0] in policy, where
    assert frame == expected[1], where
