"""The proof that the audit log is whole: every entry says what it said when it was written, none is missing, none has changed its place."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from lms import audit, audit_chain
from lms.audit_chain import Head
from lms.jobs import Progress
from lms.models import AuditAnchor, AuditCheck

CHUNK = 5000
# position, entry and hash of a link, then the entry's id, at, actor, action, subject, territory, detail, request id and digest
Row = tuple[Any, ...]
SELECT = (
    "SELECT l.position, l.entry, l.hash, e.id, e.at, e.actor_id, e.action, e.subject, e.territory, e.detail, e.request_id, e.digest"
    " FROM lms_auditlink l LEFT JOIN lms_auditentry e ON e.id = l.entry"
    " WHERE l.position > %s AND l.position <= %s ORDER BY l.position LIMIT %s"
)


@dataclass(frozen=True)
class Fault:
    """One thing that is not as it was written, and where."""

    kind: str
    position: int | None = None
    entry: int | None = None

    def __str__(self) -> str:
        return sentence(self.kind, self.position, self.entry)


def sentence(kind: str, position: int | None, entry: int | None) -> str:
    said = {
        "content": _("第 %(position)s 环：编号 %(entry)s 的记录内容被改过，或者是伪造的。"),
        "entry": _("第 %(position)s 环：编号 %(entry)s 的记录被删掉了。"),
        "gap": _("第 %(position)s 环被删掉了。"),
        "link": _("第 %(position)s 环（记录 %(entry)s）和前一环接不上：这一环被改过，或者换了位置。"),
        "cut": _("链的末尾被截掉了：以前核对时已经有第 %(position)s 环。"),
        "head": _("第 %(position)s 环和以前记下的链头不一样：这以前的一段被整个换过。"),
        "anchor": _("第 %(position)s 环处的存档凭据被改过。"),
        "forged": _("编号 %(entry)s 的记录还没有连上，内容被改过，或者是伪造的。"),
        "key": _("AUDIT_KEY（没有设置时是 LOOKUP_KEY）和以前核对时的不一样。请换回原来的密钥再核对。"),
    }[kind]
    return said % {"position": position, "entry": entry}


@dataclass
class Report:
    """What a walk along the chain found."""

    start: Head
    head: Head
    links: int = 0
    unlinked: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    first: Fault | None = None

    @property
    def whole(self) -> bool:
        return self.first is None

    def blame(self, fault: Fault) -> None:
        self.faults[fault.kind] += 1
        if self.first is None:
            self.first = fault


def verify(*, given: Head | None = None, say: Progress | None = None) -> Report:
    """
    Walk the chain from its beginning, or from what was archived last, to the end it has now. Reads in pieces, changes nothing.

    Every head that an earlier check found, and the one that is given, must be met again.
    """
    start, end = audit_chain.start(), audit_chain.head()
    report = Report(start, end)
    first = AuditCheck.objects.order_by("pk").first()
    if first and first.key != audit.print_of_key():
        report.blame(Fault("key"))
    for anchor in AuditAnchor.objects.order_by("position"):
        if anchor.seal != seal(anchor):
            report.blame(Fault("anchor", anchor.position))
    known = dict(AuditCheck.objects.filter(position__gt=start.position).values_list("position", "hash"))
    if given and given.position > start.position:
        known[given.position] = given.hash
    walk(stored(start.position, end.position), start, report, known, say=say)
    for position in sorted(place for place in known if place > end.position)[:1]:
        report.blame(Fault("cut", position))
    for entry in audit_chain.unlinked().order_by("pk").iterator(CHUNK):
        report.unlinked += 1
        if not audit_chain.true(entry):
            report.blame(Fault("forged", entry=entry.pk))
    return report


def walk(
    rows: Iterable[Row], start: Head, report: Report, known: dict[int, str], *, say: Progress | None = None
) -> Head:
    """Check rows in the order of the chain; a fault is told once, and the walk goes on from what stands there."""
    position, previous = start.position, start.hash
    for place, linked, hash_, entry, at, actor, action, subject, territory, detail, request_id, digest in rows:
        if place != position + 1:
            report.blame(Fault("gap", position + 1))
        elif entry is None:
            report.blame(Fault("entry", place, linked))
        elif digest != audit.digest(moment(at), actor, action, subject, territory, json.loads(detail), request_id):
            report.blame(Fault("content", place, linked))
        elif hash_ != audit_chain.hash_of(place, linked, digest, previous):
            report.blame(Fault("link", place, linked))
        if known.get(place, hash_) != hash_:
            report.blame(Fault("head", place))
        position, previous = place, hash_
        report.links += 1
        if say and report.links % CHUNK == 0:
            say(report.links, report.head.position - start.position)
    return Head(position, previous)


def stored(position: int, last: int) -> Iterator[Row]:
    """The links after a position with their entries, a piece at a time."""
    while True:
        with connection.cursor() as cursor:
            cursor.execute(SELECT, [position, last, CHUNK])
            rows = cursor.fetchall()
        yield from rows
        if len(rows) < CHUNK:
            return
        position = rows[-1][0]


def moment(value: datetime) -> datetime:
    """SQLite keeps moments in UTC, without saying so."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def seal(anchor: AuditAnchor) -> str:
    at = anchor.at.astimezone(UTC).isoformat(timespec="microseconds")
    said = [anchor.position, anchor.hash, anchor.entries, anchor.file.name, anchor.sha256, anchor.by, at]
    return audit.keyed("anchor", json.dumps(said))


def check(*, now: datetime, given: Head | None = None, say: Progress | None = None) -> tuple[Report, AuditCheck]:
    """Verify and keep what was found, for the auditor and for the next check."""
    report = verify(given=given, say=say)
    kept = AuditCheck.objects.create(
        at=now,
        links=report.links,
        unlinked=report.unlinked,
        position=report.head.position,
        hash=report.head.hash,
        key=audit.print_of_key(),
        faults=report.faults.total(),
        fault=report.first.kind if report.first else "",
        fault_position=report.first.position if report.first else None,
        fault_entry=report.first.entry if report.first else None,
    )
    return report, kept
