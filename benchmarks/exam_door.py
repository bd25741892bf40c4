"""The exam day by the ordinary pages: some who sign in and take the entry page, the receipts they see, and what the paper weighs."""

import re
from pathlib import Path

from django.conf import settings
from door import ask, jar, sign_in
from exam_measures import measured

from exams.day import receipts

SAMPLE = 24  # people who come by the door, the others are given their pass


def enter(exam, cookies):
    """The entry page with its pass: attempt, and all cookies from here on."""
    status, headers, page = ask("GET", f"/exams/{exam.pk}/", cookies)
    assert (status, "/start" in page) == (200, True), (status, headers)
    return int(re.search(r"sit-(\d+)=", jar(headers))[1]), f"{cookies}; {jar(headers)}"


def by_the_door(server, exam, mobiles):
    sign_in(mobiles[0])
    with measured(server, "sign-in with its page") as signing:
        sessions = [sign_in(mobile) for mobile in mobiles[:SAMPLE]]
        signing.count = len(sessions)
    enter(exam, sessions[0])
    with measured(server, "entry page") as entering:
        known = dict(enter(exam, cookies) for cookies in sessions)
        entering.count = len(known)
    return signing, entering, known


def receipts_seen(server, known):
    with measured(server, "receipt page") as step:
        for attempt, cookies in known.items():
            status, _headers, page = ask("GET", f"/exams/attempt/{attempt}/hand-in/", cookies)
            assert (status, receipts.number(attempt) in page) == (200, True), status
        step.count = len(known)
    return step


def weight(attempt, cookies):
    """KB of the paper, and of the scripts and styles that it needs: as they are, and as they travel."""
    _status, _headers, page = ask("GET", f"/exams/sit/{attempt}/paper", cookies)
    wanted, seen = re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"', page), {}
    while wanted:
        address = wanted.pop()
        if address in seen:
            continue
        file = Path(settings.STATIC_ROOT) / address.removeprefix("/static/")
        text = file.read_text()
        packed = [other.stat().st_size for end in (".br", ".gz") if (other := Path(f"{file}{end}")).exists()]
        seen[address] = len(text.encode()), min([len(text.encode()), *packed])
        folder = address.rpartition("/")[0]
        wanted += [f"{folder}/{name}" for name in re.findall(r'(?:from|import)\s*"\./([^"]+\.js)"', text)]
    return len(page.encode()) / 1000, *(sum(sizes) / 1000 for sizes in zip(*seen.values(), strict=True))
