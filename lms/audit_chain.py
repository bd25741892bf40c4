"""
Committed entries are tied into one chain, each by a hash over the one before it.

Writers do not wait for one another at the chain's end: they insert their entry with its digest and are done. A run of beat links what was
committed since. An entry that was committed late, with a lower id, is linked later: its position is the truth.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog
from django.db import connection, transaction
from django.db.models import Exists, Max, OuterRef, QuerySet

from lms import audit
from lms.models import AuditAnchor, AuditEntry, AuditLink

# how far below the newest linked id a late entry is looked for every time; the daily run looks everywhere
WINDOW = 10_000
BATCH = 1000
# each time the chain has grown by so many, its head goes into the log
HEAD_EVERY = 10_000
LOCK = 0x6175646974  # of PostgreSQL's advisory locks
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Head:
    """The end of the chain. Kept somewhere else, it shows later that nothing was cut off."""

    position: int
    hash: str

    def __str__(self) -> str:
        return f"{self.position}:{self.hash}"


def beginning() -> Head:
    """What the first link of all is tied to."""
    return Head(0, audit.keyed("chain", ""))


def start() -> Head:
    """What the first link that is still kept is tied to."""
    last = AuditAnchor.objects.order_by("-position").first()
    return Head(last.position, last.hash) if last else beginning()


def head() -> Head:
    last = AuditLink.objects.order_by("-position").first()
    return Head(last.position, last.hash) if last else start()


def hash_of(position: int, entry: int, digest: str, previous: str) -> str:
    return audit.keyed("link", f"{position}:{entry}:{digest}:{previous}")


def unlinked(*, above: int = 0) -> QuerySet[AuditEntry]:
    """Entries that have no place yet, of those with a higher id."""
    linked = AuditLink.objects.filter(entry=OuterRef("pk"))
    return AuditEntry.objects.filter(~Exists(linked), pk__gt=above)


def link(*, now: datetime, everywhere: bool = False) -> int:
    """Link what was committed since the last time; returns how many. Of two runs at once one does the work."""
    newest = AuditLink.objects.aggregate(newest=Max("entry"))["newest"] or 0
    above, made = 0 if everywhere else max(0, newest - WINDOW), 0
    while entries := link_some(now=now, above=above):
        made += len(entries)
        above = entries[-1].pk  # so that a long way is gone once, and not from its beginning for every piece
        if len(entries) < BATCH:
            break
    return made


@transaction.atomic
def link_some(*, now: datetime, above: int) -> list[AuditEntry]:
    """Link the next entries with a higher id than this; returns them."""
    if not ours():
        return []
    entries = list(unlinked(above=above).order_by("pk")[:BATCH])
    if not entries:
        return []
    end, links = head(), []
    for entry in entries:
        if not true(entry):
            log.error("audit_entry_false", entry=entry.pk)  # it is linked as it is: the check will name its place
        position = end.position + 1
        end = Head(position, hash_of(position, entry.pk, entry.digest, end.hash))
        links.append(AuditLink(position=position, entry=entry.pk, hash=end.hash, at=now))
        if position % HEAD_EVERY == 0:
            transaction.on_commit(partial(tell, end))
    AuditLink.objects.bulk_create(links)
    return entries


def ours() -> bool:
    """Whether this run may link. SQLite lets one writer in by itself; on PostgreSQL another run may be at it."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def true(entry: AuditEntry) -> bool:
    said = (entry.at, entry.actor_id, entry.action, entry.subject, entry.territory, entry.detail, entry.request_id)
    return entry.digest == audit.digest(*said)


def tell(end: Head) -> None:
    """Into the log of the installation, which is kept elsewhere than the database."""
    log.info("audit_head", position=end.position, hash=end.hash, key=audit.print_of_key())
