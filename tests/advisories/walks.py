"""Every address that there is for someone, and what it answers."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.http.response import HttpResponseBase
from django.test import Client

from tests import test_reach_matrix as matrix


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


def every_address(things: dict[str, Any], theirs: Any) -> dict[str, str]:
    """Ours and Wagtail's, those that are closed to everybody as well."""
    entries = matrix.ours()
    own = {
        name_: matrix.address(name_, entry, things) for name_, entry in entries.items() if name_ in matrix.EXISTS_FOR
    }
    return {**own, **{url: url for _name, url in theirs()}}
