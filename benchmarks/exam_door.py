"""The exam day by the ordinary pages: some who sign in and take the entry page, the receipts they see, and what the paper weighs."""

import re
from pathlib import Path

from django.conf import settings
from door import ask, jar, sign_in
from exam_measures import measured

from exams.day import receipts

SAMPLE = 240  # people who come by the door, the others are given their pass


def uncounted(people):
    """How many come before the others: sixteen connections to PostgreSQL each learn their statements, and plan them anew five times."""
    return len(people) // 3


def enter(exam, cookies):
    """The entry page with its pass: attempt, and all cookies from here on."""
    status, headers, page = ask("GET", f"/exams/{exam.pk}/", cookies)
    assert (status, "/start" in page) == (200, True), (status, headers)
    return int(re.search(r"sit-(\d+)=", jar(headers))[1]), f"{cookies}; {jar(headers)}"


def by_the_door(server, exam, mobiles):
    mobiles = mobiles[:SAMPLE]
    first = uncounted(mobiles)
    before = [sign_in(mobile) for mobile in mobiles[:first]]
    with measured(server, "sign-in with its page") as signing:
        sessions = [sign_in(mobile) for mobile in mobiles[first:]]
        signing.count = len(sessions)
    for cookies in before:
        enter(exam, cookies)
    with measured(server, "entry page") as entering:
        known = dict(enter(exam, cookies) for cookies in sessions)
        entering.count = len(known)
    return signing, entering, known


def receipts_seen(server, known):
    def see(attempt, cookies):
        status, _headers, page = ask("GET", f"/exams/attempt/{attempt}/hand-in/", cookies)
        assert (status, receipts.number(attempt) in page) == (200, True), status

    people = list(known.items())
    first = uncounted(people)
    for one in people[:first]:
        see(*one)
    with measured(server, "receipt page") as step:
        for one in people[first:]:
            see(*one)
        step.count = len(people) - first
    return step


def weight(attempt, cookies):
    """KB of the paper; of the scripts and styles it stands on, as they are and as they travel; and of what is fetched afterwards, so that
    a backup can be made without network."""
    _status, _headers, page = ask("GET", f"/exams/sit/{attempt}/paper", cookies)
    afterwards = re.findall(r'<link rel="(?:modulepreload|preload|prefetch)" href="(/static/[^"]+\.(?:css|js))"', page)
    needed = fetched(set(re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"', page)) - set(afterwards))
    later = {address: sizes for address, sizes in fetched(afterwards).items() if address not in needed}
    whole, packed = (sum(sizes) / 1000 for sizes in zip(*needed.values(), strict=True))
    return len(page.encode()) / 1000, whole, packed, sum(size for size, _packed in later.values()) / 1000


def fetched(addresses):
    """Files of these addresses, and of those they import: address → bytes as they are, and as they travel."""
    wanted, seen = list(addresses), {}
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
    return seen
