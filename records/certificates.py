"""Certificates: numbered once, worded once, revoked with a reason and never deleted."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from lms import audit
from lms.refusal import Refused
from records import drawing
from records.models import Certificate, CertificateCounter
from roster import reach
from roster.models import Duty, User, Worker


@dataclass(frozen=True)
class Award:
    """A certificate to be issued in bulk; `source` names what it was earned by, e.g. exams.attempt:17."""

    worker_id: int
    holder: str
    source: str
    title: str
    sentence: str


@transaction.atomic
def issue(worker: Worker, *, source: str, title: str, sentence: str, now: datetime) -> Certificate:
    """Issue the certificate earned by `source`, inside the caller's transaction; a second call gives back the first."""
    award = Award(worker.pk, worker.name, source, title, sentence)
    standing = Certificate.objects.filter(source=source).first()
    if standing:
        return standing
    _next_numbers(0, now=now)  # the counter row is locked: nobody else issues from here on
    standing = Certificate.objects.filter(source=source).first()
    if standing:
        return standing
    certificate = _worded(award, number=_next_numbers(1, now=now)[0], now=now)
    certificate.save()
    audit.note("certificates.issued", now=now, subject=certificate, worker=worker.pk, number=certificate.number)
    return certificate


@transaction.atomic
def issue_many(awards: Sequence[Award], *, now: datetime) -> int:
    """Issue many at once by the rule of `issue`, in the order given; returns how many were new."""
    _next_numbers(0, now=now)
    known = set(Certificate.objects.filter(source__in=[a.source for a in awards]).values_list("source", flat=True))
    new = [award for source, award in {a.source: a for a in awards}.items() if source not in known]
    numbers = _next_numbers(len(new), now=now)
    Certificate.objects.bulk_create(
        [_worded(award, number=number, now=now) for award, number in zip(new, numbers, strict=True)]
    )
    if new:
        audit.note("certificates.issued_many", now=now, issued=len(new), first=numbers[0], last=numbers[-1])
    return len(new)


@transaction.atomic
def revoke(certificate: Certificate, *, by: User | None, reason: str, now: datetime) -> Certificate:
    """Revoke with a reason; the public check page says so from now on. A second call changes nothing."""
    if not reason.strip():
        raise Refused(_("请写明撤销这张证书的原因。"))
    locked = Certificate.objects.select_for_update().get(pk=certificate.pk)
    if locked.revoked_at is None:
        locked.revoked_at, locked.revoked_reason = now, reason.strip()[:200]
        locked.save(update_fields=["revoked_at", "revoked_reason"])
        audit.note("certificates.revoked", now=now, actor=by, subject=locked, number=locked.number)
    return locked


def _next_numbers(count: int, *, now: datetime) -> list[str]:
    """Take the next numbers of this year, holding the counter row until the transaction ends. 0 only locks it."""
    year = timezone.localtime(now).year
    CertificateCounter.objects.get_or_create(year=year)
    counter = CertificateCounter.objects.select_for_update().get(year=year)
    first = counter.last + 1
    if count:
        counter.last += count
        counter.save(update_fields=["last"])
    return [f"{settings.CERTIFICATE_PREFIX}〔{year}〕{number:04d}号" for number in range(first, first + count)]


def _worded(award: Award, *, number: str, now: datetime) -> Certificate:
    return Certificate(
        number=number,
        token=secrets.token_urlsafe(16),
        worker_id=award.worker_id,
        source=award.source,
        holder=award.holder,
        title=award.title[:120],
        sentence=award.sentence,
        issuer=settings.ISSUING_BODY,
        issued_on=timezone.localdate(now),
    )


def visible_to(user: User) -> QuerySet[Certificate]:
    """One's own certificates, and for admins those of the workers within reach."""
    return Certificate.objects.filter(Q(worker__user=user) | Q(worker__in=reach.workers(user, Duty.EXAMS, Duty.ROSTER)))


def address(certificate: Certificate) -> str:
    """Where anyone can check it."""
    return settings.SITE_URL + reverse("certificate_check", args=[certificate.token])


def picture(certificate: Certificate) -> IO[bytes]:
    """The certificate as PNG: drawn when it is first asked for, then kept in the private storage."""
    storage = storages["private"]
    # the name changes with the drawing, so that a better one replaces what is kept
    name = f"certificates/{certificate.token}-{drawing.EDITION}.png"
    if not storage.exists(name):
        storage.save(name, ContentFile(drawing.certificate(_face(certificate))))
    return storage.open(name)


def _face(certificate: Certificate) -> drawing.Face:
    return drawing.Face(
        heading=_("合格证书"),
        title=certificate.title,
        sentence=certificate.sentence,
        number=_("编号：%(number)s") % {"number": certificate.number},
        issuer=certificate.issuer,
        date=formats.date_format(certificate.issued_on),
        check_url=address(certificate),
        check_words=_("扫码核验"),
        seal_words=_("（盖章）"),
    )
