"""What is shown too early, whose session it is, and what a guess finds out."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from wagtail.documents import get_document_model

from exams.models import PaperItem
from roster.models import Worker
from tests.advisories.walks import everywhere

# --- shown too early ---------------------------------------------------------------------------------------------------

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


# --- who is there ------------------------------------------------------------------------------------------------------


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
