"""
The oldest stretch of the chain leaves the database when its time is over: first into a file, then out, as a whole, with an anchor
that says where it ended, so that the rest can still be proved.
"""

import gzip
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from django.conf import settings
from django.core.files import File
from django.db import connection, transaction
from django.utils.translation import gettext as _

from lms import audit, audit_chain, audit_verify
from lms.audit_chain import Head
from lms.audit_verify import Report, Row
from lms.models import AuditAnchor, AuditLink
from lms.refusal import Refused

# links in one file, and in one transaction
STRETCH = 10_000
IN_MEMORY = 16 * 1024 * 1024
NAMES = ("position", "entry", "hash", "id", "at", "actor", "action", "subject", "territory", "detail", "request_id")


def due(*, now: datetime, most: int = 0) -> int:
    """How many links from the beginning are over their time. A younger one among them ends the stretch: no hole is ever made."""
    limit, start = now - timedelta(days=settings.AUDIT_DAYS), audit_chain.start().position
    recent = AuditLink.objects.filter(at__gte=limit).order_by("position").values_list("position", flat=True).first()
    last = (recent or audit_chain.head().position + 1) - 1
    count = 0
    for row in audit_verify.stored(start, last):
        if row[4] is None or audit_verify.moment(row[4]) >= limit:
            break
        count += 1
        if count == most:
            break
    return count


def retire(*, now: datetime, by: str, most: int = STRETCH) -> AuditAnchor | None:
    """
    Archive and remove the oldest stretch that is over its time, at most so many links; None when there is none.

    Refuses a stretch that is not whole: what was tampered with is evidence, and stays.
    """
    count = due(now=now, most=most)
    if not count:
        return None
    start = audit_chain.start()
    last = start.position + count
    with SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        end = write(file, start, last)
        sum_ = hashlib.sha256()
        file.seek(0)
        while piece := file.read(1024 * 1024):
            sum_.update(piece)
        file.seek(0)
        name = f"audit/{start.position + 1}-{last}.jsonl.gz"
        anchor = AuditAnchor(position=last, hash=end.hash, entries=count, sha256=sum_.hexdigest(), by=by[:40], at=now)
        anchor.file.save(name, File(file), save=False)
    try:
        removed = remove(anchor, start, now=now)
    except Exception:
        anchor.file.delete(save=False)
        raise
    if removed is None:
        anchor.file.delete(save=False)
    return removed


def write(file: IO[bytes], start: Head, last: int) -> Head:
    """The stretch as JSON lines, one a link with its entry; checked on the way."""
    report = Report(start, Head(last, ""))

    def written() -> Iterator[Row]:
        with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as out:
            for row in audit_verify.stored(start.position, last):
                out.write(line(row))
                yield row

    end = audit_verify.walk(written(), start, report, {})
    if not report.whole or end.position != last:
        raise Refused(_("这一段审计记录不完整，不能存档。请先用 verify_audit 核对。"))
    return end


def line(row: Row) -> bytes:
    said: dict[str, Any] = dict(zip(NAMES, row, strict=False))
    said |= {"at": audit_verify.moment(row[4]).astimezone(UTC).isoformat(timespec="microseconds"), "digest": row[11]}
    return json.dumps(said | {"detail": json.loads(row[9])}, ensure_ascii=False).encode() + b"\n"


def lines(file: IO[bytes]) -> Iterator[Row]:
    """The rows of an archive, as the check reads them."""
    with gzip.GzipFile(fileobj=file) as unpacked:
        for text in unpacked:
            said = json.loads(text)
            said |= {"at": datetime.fromisoformat(said["at"]), "detail": json.dumps(said["detail"])}
            yield (*(said[name] for name in NAMES), said["digest"])


def verify_file(anchor: AuditAnchor) -> Report:
    """Whether an archive still holds what was taken out of the database, from the anchor before it to its own."""
    before = AuditAnchor.objects.filter(position__lt=anchor.position).order_by("-position").first()
    start = Head(before.position, before.hash) if before else audit_chain.beginning()
    report = Report(start, Head(anchor.position, anchor.hash))
    with anchor.file.open("rb") as file:
        end = audit_verify.walk(lines(file), start, report, {anchor.position: anchor.hash})
    if end.position < anchor.position:
        report.blame(audit_verify.Fault("cut", anchor.position))
    return report


@transaction.atomic
def remove(anchor: AuditAnchor, start: Head, *, now: datetime) -> AuditAnchor | None:
    """Take the stretch out and put its anchor in. Nothing is done when another run was quicker."""
    if not audit_chain.ours() or audit_chain.start() != start:
        return None
    anchor.seal = audit_verify.seal(anchor)
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM lms_auditentry WHERE id IN (SELECT entry FROM lms_auditlink WHERE position <= %s)",
            [anchor.position],
        )
        cursor.execute("DELETE FROM lms_auditlink WHERE position <= %s", [anchor.position])
    anchor.save(force_insert=True)
    audit.note("audit.retired", now=now, subject=anchor, entries=anchor.entries, position=anchor.position)
    return anchor


def may_remove() -> bool:
    """Whether this role of the database may remove anything at all; where the web has a role of its own, only the owner may."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege('lms_auditentry', 'DELETE')")
        return bool(cursor.fetchone()[0])
