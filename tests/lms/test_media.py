"""Pictures of lessons are served to those who are signed in, from wherever they are stored; nothing else in the storage has an address."""

from collections.abc import Callable

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from roster.models import User, Worker

pytestmark = pytest.mark.django_db
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


@pytest.fixture
def stored() -> str:
    return default_storage.save("images/one.png", ContentFile(PIXEL))


def test_a_picture_is_there_for_who_is_signed_in(
    stored: str, worker: Worker, client_of: Callable[[User], Client]
) -> None:
    answer = client_of(worker.user).get(f"/media/{stored}")
    assert b"".join(answer.streaming_content) == PIXEL
    assert answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_visitor_is_sent_to_sign_in(stored: str) -> None:
    assert Client().get(f"/media/{stored}").status_code == 302


@pytest.mark.parametrize(
    "path",
    [
        "images/none.png",
        "documents/form.xlsx",
        "private/imports/2026/09/list.bin",
        "images/../../db.sqlite3",
        "images/../documents/form.xlsx",
        "images/x%00.png",
        f"images/{'a' * 5000}.png",
        "images/%2e%2e/%2e%2e/.env",
        "images",
    ],
)
def test_nothing_else_has_an_address(path: str, worker: Worker, client_of: Callable[[User], Client]) -> None:
    default_storage.save("documents/form.xlsx", ContentFile(b"PK"))
    assert client_of(worker.user).get(f"/media/{path}").status_code == 404
