"""What the ledger holds of the people of a list, fetched once for a whole file: what has been posted already, and what may be the same thing."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from records import origins
from records.ledger import Entry
from records.models import Assessment, Round, SkillRecord
from roster.known import chunks

NOON, DAY = time(12), timedelta(days=1)


def noon(day: date) -> datetime:
    """
    The moment a fact is dated to of which only the day is known: noon by the local clock.

    No time zone the row could ever be read in makes another day of it, nor another year.
    """
    return timezone.make_aware(datetime.combine(day, NOON))


@dataclass(frozen=True, slots=True)
class Claim:
    """What a row says happened; to whom is found beside it. `begin` and `end` are the first and last day it can have been."""

    source: str
    title: str
    amount: Decimal
    begin: date
    end: date
    on: date
    subject: str = ""
    mode: str = ""
    # what the options call it where the row can mean several
    label: str = ""
    # whether the row says more than the amount: where it does not, the title that is held stays
    told: bool = True

    def entry(self, kind: str, worker: int, *, count: int, out_of: Decimal | None) -> Entry:
        """The fact to post, after `count` that were posted of it before."""
        return Entry(
            worker_id=worker,
            kind=kind,
            source=origins.nth(self.source, count),
            title=self.title,
            subject=self.subject,
            amount=self.amount,
            out_of=out_of,
            mode=self.mode,
            occurred_at=noon(self.on),
        )

    def plan(self) -> dict[str, Any]:
        days = {name: getattr(self, name).isoformat() for name in ("begin", "end", "on")}
        words = {name: getattr(self, name) for name in ("source", "title", "subject", "mode", "told")}
        return {**words, **days, "amount": str(self.amount)}

    @classmethod
    def of(cls, plan: dict[str, Any]) -> "Claim":
        begin, end, on = (date.fromisoformat(plan[name]) for name in ("begin", "end", "on"))
        words = {name: plan[name] for name in ("source", "title", "subject", "mode", "told")}
        return cls(amount=Decimal(plan["amount"]), begin=begin, end=end, on=on, **words)


@dataclass(frozen=True, slots=True)
class Held:
    """One record of the ledger as far as a list is judged against it."""

    pk: int
    source: str
    title: str
    amount: Decimal
    subject: str
    mode: str
    day: date
    reversed: bool


@dataclass
class Shelf:
    by_source: dict[tuple[int, str], list[Held]] = field(default_factory=lambda: defaultdict(list))
    by_worker: dict[int, list[Held]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, workers: Iterable[int], *, kind: str, prefix: str, days: Sequence[tuple[date, date]]) -> "Shelf":
        """Everything of a source like ours, and whatever else of the kind happened within these days."""
        shelf = cls()
        wanted = Q(source__startswith=prefix)
        if spans := set(days):
            begin, end = min(map(min, spans)), max(map(max, spans))
            wanted |= Q(occurred_at__gte=noon(begin) - DAY, occurred_at__lte=noon(end) + DAY)
        rows = posted(workers, wanted, kind=kind)
        for worker, pk, source, title, amount, subject, mode, moment, reversal in rows:
            day = timezone.localtime(moment).date()
            held = Held(pk, source, title, amount, subject, mode, day, reversal is not None)
            if held.source.startswith(prefix):
                shelf.by_source[worker, origins.first(held.source)].append(held)
            if not held.reversed:
                shelf.by_worker[worker].append(held)
        return shelf

    def standing(self, worker: int, source: str) -> Held | None:
        return next((held for held in self.by_source.get((worker, source), ()) if not held.reversed), None)

    def count(self, worker: int, source: str) -> int:
        """How many times it has been posted."""
        return len(self.by_source.get((worker, source), ()))


def posted(workers: Iterable[int], wanted: Q, *, kind: str) -> Iterator[tuple[Any, ...]]:
    columns = ("worker_id", "pk", "source", "title", "amount", "subject", "mode", "occurred_at", "reversal__pk")
    for chunk in chunks(sorted(set(workers))):
        found: QuerySet[SkillRecord] = SkillRecord.objects.originals().filter(wanted, worker__in=chunk, kind=kind)
        yield from found.order_by("pk").values_list(*columns).iterator(chunk_size=5000)


def settled_years(workers: Iterable[int]) -> set[tuple[int, int]]:
    """(worker, year) of every assessment that has been settled."""
    found: set[tuple[int, int]] = set()
    for chunk in chunks(sorted(set(workers))):
        settled = Assessment.objects.filter(worker__in=chunk, round__state=Round.SETTLED)
        found.update(settled.values_list("worker_id", "round__scheme__year"))
    return found


def counted(records: Iterable[int]) -> dict[int, int]:
    """Record → the year whose settled assessment names it in one of its frozen lines."""
    wanted = set(records)
    found: dict[int, int] = {}
    for chunk in chunks(sorted(wanted)):
        of = Q(worker__in=SkillRecord.objects.filter(pk__in=chunk).values("worker"))
        settled = Assessment.objects.filter(of, round__state=Round.SETTLED)
        for year, lines in settled.values_list("round__scheme__year", "lines"):
            found |= {pk: year for line in lines for pk in line["records"] if pk in wanted}
    return found


def anew(records: Iterable[int]) -> Iterator[Entry]:
    """Records that have been reversed, each to be posted once more under its next source."""
    old = list(SkillRecord.objects.filter(pk__in=list(records)))
    for kind in sorted({one.kind for one in old}):
        mine = [one for one in old if one.kind == kind]
        held = Shelf.of({one.worker_id for one in mine}, kind=kind, prefix="", days=[])
        for one in mine:
            source = origins.first(one.source)
            yield Entry(
                worker_id=one.worker_id,
                kind=one.kind,
                source=origins.nth(source, held.count(one.worker_id, source)),
                title=one.title,
                subject=one.subject,
                amount=one.amount,
                out_of=one.out_of,
                mode=one.mode,
                link=one.link,
                occurred_at=one.occurred_at,
            )
