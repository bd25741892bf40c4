"""Nothing of county B leaves with what county A asks for: every page, list, search, filter, link, form, file, job and picture is read.

The addresses come from the URL configuration, and the links and forms from the pages, so that a new one is read by itself; what comes out
is opened by its kind. Everything of county B has a name, a number or a key that occurs nowhere else.
"""

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from courses.models import Attendance, CoursePage, Requirement, Session
from exams.models import Attempt, AttemptState, Exam
from lms.models import ImportRow, ImportRun, ImportState, Job, JobState
from mentors.models import Mentor
from records import certificates
from records.models import Assessment, Round
from roster import service
from roster.models import (
    Batch,
    Correction,
    PasswordSheet,
    Role,
    SavedView,
    Territory,
    User,
    Worker,
    id_lookup,
    mobile_lookup,
    tail_lookup,
)
from tests.asked import Asked, asked
from tests.lms.test_imports import number
from tests.test_reach_matrix import EXISTS_FOR, LEFT_OUT, SENT, address, ours, things

__all__ = ["asked", "things"]

pytestmark = pytest.mark.django_db
# a given name that nobody else has, a row's key that no counter reaches, a tail that no other number ends in
NAME, GIVEN, TAIL = "欧阳夔夔", "夔夔", "7747"
# rows that come later count on from the first, so the others stand apart
KEY, SECOND, THIRD = 987_650_001, 987_660_001, 987_670_001
ROSTER_NUMBER, MOBILE, ID_NUMBER = "W986501", f"1549876{TAIL}", "421221198802296996"
NEAR = "鼒鼒"
PLACES = ("嘉鱼县", "鱼岳镇", "官桥镇", "方庄社区", "朱砂村", "421221")
SECRETS = (
    GIVEN,
    ROSTER_NUMBER,
    MOBILE,
    f"****{TAIL}",
    ID_NUMBER,
    f"*{ID_NUMBER[-4:]}",
    str(KEY),
    str(SECOND),
    str(THIRD),
    "孙县办",
    "county-b-admin",
)
LIMIT = 150  # links followed for a person, beyond the addresses themselves


@pytest.fixture
def county_b(
    city: Any, hire: Callable[..., Worker], county_b_admin: User, things: dict[str, Any], now: Any
) -> dict[str, Any]:
    """Of everything that county A has, one in county B."""
    day, hour = timedelta(days=1), timedelta(hours=1)
    fields: dict[str, Any] = {"id_number": ID_NUMBER, "id_hash": id_lookup(ID_NUMBER), "pk": KEY}
    fields |= {"mobile_tail_hash": tail_lookup(MOBILE), "position": f"职务{GIVEN}", "telephones": [MOBILE]}
    fields |= {"pinyin": "ouyangkuikui", "initials": "oykk", "certificate_expires_on": date(2026, 9, 20)}
    who = hire(ROSTER_NUMBER, NAME, city.township_b, mobile=MOBILE, **fields)
    own: dict[str, Any] = {"territory": city.county_b}
    title = f"乙县{GIVEN}"
    exam = Exam.objects.create(
        pk=KEY,
        title=title,
        opens_at=now - hour,
        closes_at=now + day,
        published_at=now,
        minutes=60,
        sections=[],
        seed="s",
        **own,
    )
    whole = Exam.objects.get(pk=things["exam"])
    Exam.objects.filter(pk=whole.pk).update(territory=city.territory)  # both counties sit this one
    for one, key in ((exam, KEY), (whole, SECOND)):
        Attempt.objects.create(pk=key, exam=one, worker=who, paper=[], state=AttemptState.DUE)
    course = CoursePage.objects.get()
    Requirement.objects.create(pk=KEY, course=course, due_on=timezone.localdate(now), reason=title, **own)
    times = {"starts_at": now - day, "ends_at": now - hour}
    training = {"subject": "case", "mode": "onsite", "hours": 3, **times}
    Session.objects.create(pk=KEY, title=title, **training, **own)
    shared = Session.objects.create(title="全市培训", territory=city.territory, **training)
    Attendance.objects.create(session=shared, worker=who, signed_at=now)
    certificates.issue(who, source="x:b", title=title, sentence="合格。", now=now)
    # and somebody of the other township of county A, in what both townships have together
    near = hire("W986503", f"慕容{NEAR}", city.neighbour, mobile="15498767749")
    Attempt.objects.create(exam=whole, worker=near, paper=[], state=AttemptState.DUE)
    Attendance.objects.create(session=shared, worker=near, signed_at=now)
    judged = {"township": city.neighbour, "lines": [], "score": 70, "grade": "合格"}
    Assessment.objects.create(round_id=things["pk"], worker=near, **judged)
    scheme = Round.objects.get(pk=things["pk"]).scheme
    held = Round.objects.create(
        pk=KEY,
        scheme=scheme,
        county=city.county_b,
        data_as_of=now,
        state=Round.SETTLED,
        settled_at=now,
        settled_by=county_b_admin,
    )
    Assessment.objects.create(
        pk=KEY, round=held, worker=who, township=city.township_b, lines=[], score=60, grade="合格"
    )
    Correction.objects.create(pk=KEY, worker=who, field="mobile", proposed=MOBILE, asked_at=now)
    service.take_step(
        who, "suspend", on=timezone.localdate(now), reason="inquiry", note=title, by=county_b_admin, now=now
    )
    service.take_step(who, "return", on=timezone.localdate(now), by=county_b_admin, now=now)
    done = {"values": {}, "people": [who.pk], "at": 1, "passed": [[who.pk, title]], "job": None}
    Batch.objects.create(pk=KEY, kind="step.suspend", listing="workers", actor=county_b_admin, at=now, done=done)
    SavedView.objects.create(pk=KEY, user=county_b_admin, listing="workers", name=GIVEN, query="state=suspended")
    run = ImportRun.objects.create(
        pk=KEY,
        kind="roster",
        file_name=f"{title}.xlsx",
        sha256="1" * 64,
        actor=county_b_admin,
        place=city.county_b.path,
        state=ImportState.READY,
        created_at=now,
    )
    ImportRow.objects.create(pk=KEY, run=run, position=0, number=2, label=NAME, outcome="absent")
    Job.objects.create(pk=KEY, kind="records.draft", owner=county_b_admin, message=title, state=JobState.FAILED)
    PasswordSheet.objects.create(
        pk=KEY, township=city.township_b, made_by=county_b_admin, made_at=now, expires_at=now + day, slips=[]
    )
    mentor = hire("W986502", f"司马{GIVEN}", city.townships[3], pk=THIRD, mobile_hash=mobile_lookup("15498767748"))
    Mentor.objects.create(pk=KEY, worker=mentor, level=Mentor.COUNTY, territory=city.county_b, since=date(2026, 1, 1))
    return {"who": who, "township": city.township_b, "county": city.county_b}


# --- what is asked ------------------------------------------------------------------------------------------------


def questions(there: dict[str, Any]) -> list[str]:
    """What somebody may add to the address of a list to see farther than they do."""
    place = [f"{name}={there[level].pk}" for level in ("county", "township") for name in (level, "in", "place")]
    search = [f"q={asked}" for asked in ("欧阳", "oykk", "ouyang", TAIL)]
    return [
        "export=xlsx&purpose=manage",
        *search,
        *place,
        f"{place[0]}&export=xlsx&purpose=manage",
        "export=xlsx&purpose=manage&q=欧阳",
        "purpose=manage",
        "name=欧阳",
        "show=ended",
        "page=2",
    ]


class Doors(HTMLParser):
    """The links of a page, and its forms with what stands in them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[tuple[str, str, dict[str, Any]]] = []
        self.chosen: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attributes}
        if tag in {"a", "img", "link", "source"}:
            self.links.append(said.get("href") or said.get("src") or "")
        elif tag == "form":
            self.forms.append((said.get("method", "get").lower(), said.get("action", ""), {}))
        elif self.forms and tag in {"input", "button"} and said.get("name"):
            kind = said.get("type", "")
            if kind not in {"checkbox", "radio"} or "checked" in said:
                self.forms[-1][2].setdefault(said["name"], said.get("value", ""))
        elif self.forms and tag == "select":
            self.chosen = said.get("name", "")
        elif self.forms and tag == "option" and self.chosen and said.get("value"):
            self.forms[-1][2].setdefault(self.chosen, said["value"])


def followed(base: str, link: str) -> str:
    """The address on this site that a link leads to, "" for none that is to be followed."""
    parts = urlsplit(urljoin(base, link))
    outside = parts.netloc or parts.scheme or not parts.path.startswith("/")
    if not link or outside or parts.path.startswith(("/static/", "/sign-out/", "/cms/logout/")):
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")


def answers(
    client: Client, start: list[str], lists: set[str], more: list[str], sent: dict[str, dict[str, Any]], asked: Asked
) -> Iterator[tuple[str, Any, bytes]]:
    """Every address, every question to a list that opens and looks at any of it, and what follows: (what was asked, answer, its bytes).

    Nothing done stays done.
    """
    met: set[str] = set(start)
    links: list[str] = []
    for url in start:
        opened = False
        asked.begin()
        for what, reply, body in once(client, "get", url, {}, links, met):
            opened = opened or reply.status_code == 200
            yield what, reply, body
        left = more if opened and url in lists else []
        # one answer may look at what the one before had no reason to
        while now := [question for question in left if asked.matters(question)]:
            left = [question for question in left if question not in now]
            for question in now:
                yield from once(client, "get", f"{url}{'&' if '?' in url else '?'}{question}", {}, links, met)
        if url in sent:
            yield from once(client, "post", url, sent[url], links, met)
    # the list grows while it is read
    for followed_so_far, url in enumerate(links):
        if followed_so_far >= LIMIT:
            return
        yield from once(client, "get", url, {}, links, met)


def once(
    client: Client, method: str, url: str, data: dict[str, Any], queue: list[str], met: set[str]
) -> Iterator[tuple[str, Any, bytes]]:
    with transaction.atomic():
        reply = getattr(client, method)(url, data, follow=method == "post")
        body = b"".join(reply.streaming_content) if reply.streaming else reply.content
        transaction.set_rollback(True)
    yield f"{method} {url}", reply, body
    if reply.status_code != 200 or "html" not in reply.get("Content-Type", ""):
        return
    doors = Doors(body.decode())
    for link in doors.links:
        target = followed(url, link)
        if target and target not in met:
            met.add(target)
            queue.append(target)
    if method == "post":
        return
    for way, action, values in doors.forms:
        target = followed(url, action or url)
        key = f"{way} {target} {sorted(values)}"
        if target and way == "post" and key not in met:
            met.add(key)
            yield from once(client, "post", target, values, queue, met)


# --- what comes out -----------------------------------------------------------------------------------------------


def words(body: bytes) -> str:
    """All text of an answer, whatever it is: a page, JSON, a workbook with its properties, a picture with what goes with it."""
    if body[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            return "\n".join([*packed.namelist(), *(words(packed.read(name)) for name in packed.namelist())])
    text = body.decode("utf-8", "ignore") + (body.decode("gb18030", "ignore") if b"\0" in body[:200] else "")
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda escaped: chr(int(escaped[1], 16)), text)


def told(body: bytes, secrets: tuple[str, ...]) -> list[str]:
    text = words(body)
    return [secret for secret in secrets if secret in text]


def starts(things: dict[str, Any]) -> tuple[list[str], set[str], dict[str, dict[str, Any]]]:
    """Every address with the things of county A, which of them are lists, and what is sent to those that are sent something."""
    urls, lists, sent = [], set(), {}
    for name, entry in ours().items():
        if name in LEFT_OUT or name not in EXISTS_FOR:
            continue
        url = address(name, entry, things)
        urls.append(url)
        if not entry.pattern.converters:
            lists.add(url)
        sent[url] = {key: things[value] for key, value in SENT.get(name, {}).items()}
    return urls, lists, sent


@pytest.fixture
def leader_a(grant: Callable[..., User], city: Any) -> User:
    return grant("leader-a", "甲县领导", Role.LEADER, city.county)


@pytest.mark.parametrize("persona", ["county_admin", "township_admin", "leader_a", "worker"])
def test_nothing_of_county_b_is_told_to_county_a(
    persona: str, things: dict[str, Any], county_b: dict[str, Any], asked: Asked, request: pytest.FixtureRequest
) -> None:
    person = request.getfixturevalue(persona)
    client = Client()
    client.force_login(person if isinstance(person, User) else person.user)
    urls, lists, sent = starts(things)
    leaks, kinds, seen = [], set(), 0
    for what, reply, body in answers(client, urls, lists, questions(county_b), sent, asked):
        own = {"worker": (*SECRETS, NEAR), "township_admin": (*SECRETS, *PLACES, NEAR)}
        found = told(body, own.get(persona, SECRETS + PLACES))
        leaks += [(what, found)] if found else []
        if reply.status_code == 200:
            kinds.add(reply.get("Content-Type", "").partition(";")[0])
            seen += 1
    assert leaks == [], leaks[:9]
    assert "text/html" in kinds
    if persona == "county_admin":
        # files and pictures were among it, and they were read
        assert {"image/png", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"} <= kinds
        assert seen > 150


def test_the_reading_finds_what_there_is(things: dict[str, Any], county_b: dict[str, Any], city_admin: User) -> None:
    """The same questions by who reaches both counties: in pages and in workbooks, or the test above would read nothing."""
    client = Client()
    client.force_login(city_admin)
    assert Territory.objects.filter(pk=county_b["county"].pk, name=PLACES[0]).exists()
    urls = [
        "/cms/workers/",
        "/cms/workers/?export=xlsx&purpose=manage",
        reverse("coverage_xlsx"),
        reverse("bulletin_xlsx"),
    ]
    found: dict[str, list[str]] = {}
    for url in urls:
        for what, _reply, body in once(client, "get", url, {}, [], set()):
            found[what] = told(body, SECRETS + PLACES)
    assert {GIVEN, ROSTER_NUMBER, str(KEY)} <= set(found["get /cms/workers/"])
    assert {GIVEN, ROSTER_NUMBER} <= set(found["get /cms/workers/?export=xlsx&purpose=manage"])
    assert "嘉鱼县" in found[f"get {reverse('coverage_xlsx')}"]
    assert "嘉鱼县" in found[f"get {reverse('bulletin_xlsx')}"]
    exported = client.post(reverse("roster_export"), {"numbers": "full", "reason": "check"}).getvalue()
    assert {NAME, MOBILE, ID_NUMBER} <= set(told(exported, (NAME, MOBILE, ID_NUMBER)))


HEAD = "姓名,身份证号,手机号,乡镇,社区,网格,登录号"


@pytest.mark.parametrize("persona", ["county_admin", "township_admin"])
def test_an_import_by_county_a_learns_nothing_of_county_b(
    persona: str, county_b: dict[str, Any], colleague: Worker, request: pytest.FixtureRequest
) -> None:
    """Rows that name somebody of county B by one thing that is right: what comes back says nothing else that is."""
    place = "永安街道,双鹤社区,第一网格"
    rows = {
        "id": f"某甲,{ID_NUMBER},,{place},",
        "mobile": f"某乙,,{MOBILE},{place},",
        "number": f"某丙,{number(3)},,{place},{ROSTER_NUMBER}",
    }
    client = Client()
    client.force_login(request.getfixturevalue(persona))
    for given, row in rows.items():
        data = "\n".join([HEAD, row, f"某丁,1,,{place},"]).encode()
        file = SimpleUploadedFile("名册.csv", data)
        sent = client.post(reverse("imports"), {"kind": "roster", "file": file})
        run = ImportRun.objects.exclude(pk=KEY).latest("pk")
        jobs_done(run)
        typed = {"id": ID_NUMBER, "mobile": MOBILE, "number": ROSTER_NUMBER}[given]
        secrets = tuple(s for s in SECRETS + PLACES if s.lstrip("*") not in typed and typed not in s and s not in row)
        names = ("import_run", "import_annotated", "import_wrong", "import_report", "import_columns")
        for url in [sent.url, *(reverse(name, args=[run.pk]) for name in names)]:
            for what, _reply, body in once(client, "get", url, {}, [], set()):
                assert told(body, secrets) == [], (given, what)
        assert json.dumps(run.counts)


def jobs_done(run: ImportRun) -> None:
    from lms import jobs

    if run.state == ImportState.READING:
        jobs.run(run.job_id)  # type: ignore[arg-type]
    run.refresh_from_db()
    assert run.state == ImportState.READY, run.message
