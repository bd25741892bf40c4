"""The ledger of skill records: the only writer of SkillRecord.

Three laws: post, don't edit; once per worker, kind and source; what was posted is undone only by a second record.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from lms import audit
from lms.refusal import Refused
from records.models import SkillRecord
from roster.models import User

Key = tuple[int, str, str]


@dataclass(frozen=True)
class Entry:
    """One fact to post. `amount` is hours (hours, service), marks (exam), points of 100 (work) or 1 (skill)."""

    worker_id: int
    kind: str
    source: str
    title: str
    amount: Decimal
    occurred_at: datetime
    subject: str = ""
    skill_id: int | None = None
    out_of: Decimal | None = None
    result: str = ""
    mode: str = ""
    link: str = ""

    @property
    def key(self) -> Key:
        return (self.worker_id, self.kind, self.source)

    def record(self, *, now: datetime) -> SkillRecord:
        """The row for this fact, not yet saved; its year is the local year in which it happened."""
        return SkillRecord(
            worker_id=self.worker_id,
            kind=self.kind,
            source=self.source,
            title=self.title[:120],
            subject=self.subject,
            skill_id=self.skill_id,
            amount=self.amount,
            out_of=self.out_of,
            result=self.result,
            mode=self.mode,
            link=self.link,
            occurred_at=self.occurred_at,
            year=timezone.localtime(self.occurred_at).year,
            posted_at=now,
        )


@transaction.atomic
def post(entry: Entry, *, now: datetime) -> SkillRecord:
    """Post a fact inside the caller's transaction.

    The same worker, kind and source a second time gives back the record that is there, unchanged, even one that was
    reversed in the meantime: a correction comes from a new source.
    """
    row = entry.record(now=now)
    values = {
        field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if field.attname != "id"
    }
    standing = {name: values.pop(name) for name in ("worker_id", "kind", "source")}
    record, posted = SkillRecord.objects.get_or_create(**standing, defaults=values)
    if posted:
        audit.note("records.posted", now=now, subject=record, worker=entry.worker_id, kind=entry.kind)
    return record


def post_many(entries: Iterable[Entry], *, now: datetime, batch: int = 1000) -> int:
    """Post many facts by the rule of `post`, a transaction for each batch; returns how many were new."""
    rest, posted, read = iter(entries), 0, 0
    while chunk := list(islice(rest, batch)):
        read += len(chunk)
        posted += _post_batch(chunk, now=now)
    if read:
        audit.note("records.posted_many", now=now, given=read, posted=posted)
    return posted


@transaction.atomic
def _post_batch(chunk: list[Entry], *, now: datetime) -> int:
    new = {entry.key: entry for entry in reversed(chunk)}  # of two with one key the first counts
    for key in _already_posted(chunk):
        new.pop(key, None)
    rows = [entry.record(now=now) for entry in chunk if new.get(entry.key) is entry]
    # another writer may have posted one of them since we looked: the constraint decides, silently
    SkillRecord.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _already_posted(chunk: list[Entry]) -> set[Key]:
    found = SkillRecord.objects.filter(
        worker_id__in={entry.worker_id for entry in chunk},
        kind__in={entry.kind for entry in chunk},
        source__in={entry.source for entry in chunk},
    )
    return set(found.values_list("worker_id", "kind", "source"))


def ids(entries: Iterable[Entry]) -> dict[Key, int]:
    """The numbers of the records of facts that have been posted."""
    keys = {entry.key for entry in entries}
    found = SkillRecord.objects.filter(
        worker_id__in={worker for worker, _kind, _source in keys},
        source__in={source for _worker, _kind, source in keys},
    )
    rows = found.values_list("worker_id", "kind", "source", "pk")
    return {(worker, kind, source): pk for worker, kind, source, pk in rows if (worker, kind, source) in keys}


@transaction.atomic
def reverse(record: SkillRecord, *, by: User | None, reason: str, now: datetime) -> SkillRecord:
    """Undo a record by a second one that names it; from then on neither counts.

    Refuses without a reason and for a record that itself reverses another. A second call gives back the first reversal.
    """
    if not reason.strip():
        raise Refused(_("请写明冲销这条记录的原因。"))
    locked = SkillRecord.objects.select_for_update().get(pk=record.pk)
    if locked.reverses_id:
        raise Refused(_("冲销记录本身不能再冲销，请按正确的内容重新登记一条。"))
    done = SkillRecord.objects.filter(reverses=locked).first()
    return done or _post_reversal(locked, by=by, reason=reason.strip(), now=now)


@transaction.atomic
def reverse_many(records: Iterable[int], *, by: User | None, reason: str, now: datetime) -> int:
    """Undo many records by the rule of `reverse`, with one note; returns how many had not been undone before."""
    if not reason.strip():
        raise Refused(_("请写明冲销这条记录的原因。"))
    wanted = SkillRecord.objects.filter(pk__in=list(records))
    locked = list(wanted.select_for_update().order_by("pk"))
    if any(record.reverses_id for record in locked):
        raise Refused(_("冲销记录本身不能再冲销，请按正确的内容重新登记一条。"))
    # looked up behind the lock: who reversed one of them first has committed by now
    done = set(SkillRecord.objects.filter(reverses__in=locked).values_list("reverses", flat=True))
    rows = [_reversal(record, reason=reason.strip(), now=now) for record in locked if record.pk not in done]
    SkillRecord.objects.bulk_create(rows)
    if rows:
        audit.note("records.reversed_many", now=now, actor=by, given=len(locked), reversed=len(rows))
    return len(rows)


def _post_reversal(record: SkillRecord, *, by: User | None, reason: str, now: datetime) -> SkillRecord:
    reversal = _reversal(record, reason=reason, now=now)
    reversal.save(force_insert=True)
    audit.note("records.reversed", now=now, actor=by, subject=record, reversal=reversal.pk)
    return reversal


def _reversal(record: SkillRecord, *, reason: str, now: datetime) -> SkillRecord:
    """The row that undoes a record, not yet saved."""
    return SkillRecord(
        worker_id=record.worker_id,
        kind=record.kind,
        source=f"records.reversal:{record.pk}",
        title=record.title,
        subject=record.subject,
        skill_id=record.skill_id,
        amount=record.amount,
        out_of=record.out_of,
        occurred_at=record.occurred_at,
        year=record.year,
        posted_at=now,
        reverses=record,
        reason=reason[:200],
    )
