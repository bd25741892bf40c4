"""Workers taken up, posted to grids, moved and signed. Each verb closes what it ends with a date and keeps it; the steps of a service are `roster.service`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from lms import audit, writing
from lms.refusal import Refused
from roster import identity, search
from roster.models import (
    Agreement,
    Grid,
    Level,
    Posting,
    Signature,
    Territory,
    Worker,
    id_lookup,
    mobile_lookup,
)


@dataclass
class Person:
    """What a roster line says of a person, normalised by `roster.identity`. Numbers are plain here and sealed when written."""

    name: str
    township_id: int
    employment: str
    id_number: str = ""
    mobile: str = ""
    sex: str = ""
    telephones: list[str] = field(default_factory=list)
    position: str = ""
    recruited_by: str = ""
    joined_on: date | None = None
    joined_precision: str = ""
    education: str = ""
    political_status: str = ""
    certificate: str = ""
    listed_as_mentor: str = ""
    listed_agreement: str = ""
    listed_grade: str = ""
    employer: str = ""
    managed_by: str = ""
    certificate_number: str = ""
    certificate_expires_on: date | None = None
    post_id: int | None = None
    step: int | None = None


@transaction.atomic
def take_up(people: Sequence[Person], *, now: datetime) -> list[Worker]:
    """New workers, each with the next roster number. The caller has made sure that none of them is known yet."""
    hold_numbers()
    last, number = Worker.objects.order_by("-pk").values_list("pk", "number").first() or (0, "W0")
    first = int(number[1:]) + 1
    workers = [
        Worker(number=f"W{first + offset:06d}", created_at=now, **fields_of(person))
        for offset, person in enumerate(people)
    ]
    writing.insert(workers)
    ids = dict(Worker.objects.filter(pk__gt=last).values_list("number", "pk"))
    for worker in workers:
        worker.pk = ids[worker.number]
    return workers


def fields_of(person: Person) -> dict[str, object]:
    """The columns of a Worker that a roster line fills, with the look-up hashes beside the sealed numbers."""
    values = dict(vars(person))
    values["telephones"] = person.telephones or None
    values["id_hash"] = id_lookup(person.id_number) if person.id_number else None
    values["mobile_hash"] = mobile_lookup(person.mobile) if person.mobile else ""
    # what the words of the list come down to, for lists and filters; the words stay beside it
    values["identity"] = identity.identity_kind(person.position).value
    values["channel"] = identity.channel(person.recruited_by).value
    values["certificate_level"] = identity.certificate_level(person.certificate).value
    values |= search.keys_of(name=person.name, mobile=person.mobile)
    return values


def hold_numbers() -> None:
    """Lock the city's row for this transaction: whoever looks people up and takes them up after this is alone in doing so."""
    list(Territory.objects.select_for_update().filter(level=Level.CITY).values_list("pk"))


def hold_people(ids: Iterable[int]) -> None:
    """
    Lock these workers for this transaction, in one order. Whoever means to write whole columns of many locks first and reads then, or
    what somebody else wrote meanwhile would be written over with what it was.
    """
    held = Worker.objects.select_for_update(no_key=True).filter(pk__in=set(ids)).order_by("pk")
    list(held.values_list("pk", flat=True))


@transaction.atomic
def post(
    pairs: Sequence[tuple[Worker, Grid]], *, since: date | None, import_run_id: int | None = None
) -> list[Posting]:
    """Put workers in charge of grids; a pair that already stands is left alone. Returns the new postings."""
    standing = set(
        Posting.objects.current()
        .filter(worker__in={worker.pk for worker, _grid in pairs})
        .values_list("worker_id", "grid_id")
    )
    fresh = {
        (worker.pk, grid.pk): Posting(
            worker=worker, grid=grid, since=since or worker.joined_on, import_run_id=import_run_id
        )
        for worker, grid in pairs
        if (worker.pk, grid.pk) not in standing
    }
    writing.insert(list(fresh.values()))
    opened = Posting.objects.current().filter(worker__in={worker for worker, _grid in fresh})
    for worker, grid, pk in opened.values_list("worker_id", "grid_id", "pk"):
        if posting := fresh.get((worker, grid)):
            posting.pk = pk
    return list(fresh.values())


def agreement_due(worker: Worker, *, now: datetime) -> Agreement | None:
    """The newest published agreement when this worker has yet to sign it."""
    newest = Agreement.objects.filter(published_at__lte=now).order_by("-version").first()
    if newest is None or worker.signatures.filter(agreement=newest).exists():
        return None
    return newest


@transaction.atomic
def sign_agreement(worker: Worker, *, agreement: Agreement, name: str, now: datetime) -> Signature:
    """The worker signs with their own name; signing again changes nothing. Refuses another name."""
    if "".join(name.split()) != "".join(worker.name.split()):
        raise Refused(_("签名要与名册上的姓名一致。名册上的姓名有误的，请联系乡镇（街道）管理员更正。"))
    signature, created = Signature.objects.get_or_create(
        worker=worker, agreement=agreement, defaults={"name": worker.name, "signed_at": now}
    )
    if created:
        audit.note("agreement.signed", now=now, actor=worker.user, subject=worker, version=agreement.version)
    return signature


@transaction.atomic
def sign_on_paper(workers: Sequence[Worker], *, agreement: Agreement, signed_at: datetime) -> None:
    """Bring in agreements that were signed on paper; who has signed already keeps the first signature."""
    signatures = [
        Signature(worker=worker, agreement=agreement, name=worker.name, signed_at=signed_at) for worker in workers
    ]
    Signature.objects.bulk_create(signatures, batch_size=1000, ignore_conflicts=True)
