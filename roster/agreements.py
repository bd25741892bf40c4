"""Versions of the confidentiality agreement: publishing one asks everybody to sign anew."""

from datetime import datetime
from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.db.models import Count, QuerySet
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext as _

from lms import audit
from lms.compiled import Compiled, Given
from lms.refusal import Refused
from roster import reach
from roster.employment import hold_numbers
from roster.models import Agreement, Duty, Role, Signature, User, Worker

HELD = "agreement"  # key in the session: the newest version that its worker has signed, as far as is known
NEWEST = Compiled(lambda: Agreement.objects.filter(published_at__lte=Given("now")).order_by("-version").only("pk")[:1])
LATEST = Compiled(
    lambda: Signature.objects.filter(worker=Given("worker")).order_by("-agreement__version").only("agreement")[:1]
)


@receiver(user_logged_in, dispatch_uid="agreement that is held")
def look_at_sign_in(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    """Put down with the new session, so that the first page after it need not write the session once more."""
    worker, session = getattr(user, "worker", None), getattr(request, "session", None)
    if session is not None and worker is not None and (signature := LATEST.first(worker=worker.pk)):
        session[HELD] = signature.agreement_id


def unsigned(request: HttpRequest) -> bool:
    """Whether this worker has yet to sign the newest agreement. Remembered in the session by version, so that a new version asks again."""
    worker = getattr(request.user, "worker", None)
    if worker is None:
        return False
    newest = NEWEST.first(now=request.now)  # type: ignore[attr-defined]
    if newest is None or request.session.get(HELD) == newest.pk:
        return False
    if Signature.objects.filter(worker=worker, agreement=newest).exists():
        request.session[HELD] = newest.pk
        return False
    return True


def versions() -> QuerySet[Agreement]:
    """All versions, the newest first."""
    return Agreement.objects.order_by("-version")


def signed(versions: list[Agreement]) -> dict[int, int]:
    """How many have signed each."""
    rows = Signature.objects.filter(agreement__in=versions).values_list("agreement").annotate(n=Count("pk"))
    return dict(rows.order_by())


def asked_anew() -> int:
    """How many a new version asks to sign: all who can still sign in."""
    return Worker.objects.listed().filter(user__is_active=True).count()


def plain(text: str) -> str:
    """As it is kept: browsers send lines with another end."""
    return text.replace("\r\n", "\n").strip()


def same(version: Agreement | None, *, title: str, text: str) -> bool:
    return version is not None and (version.title, plain(version.text)) == (title.strip(), plain(text))


@transaction.atomic
def publish(*, title: str, text: str, by: User, now: datetime) -> Agreement:
    """A new version, in force from this moment. The same text as the newest is that version: a form sent twice.

    Refuses whoever is not the city's admin, and a text too short to be one.
    """
    if not reach.has(by, Role.CITY_ADMIN, Duty.ROSTER):
        raise Refused(_("保密协议由市级管理员发布，请联系市级管理员。"))
    title, text = title.strip(), plain(text)
    if len(text) < 50:
        raise Refused(_("协议太短，看起来没有写完。请把全文贴进来。"), code="text")
    hold_numbers()
    newest = versions().first()
    if newest and same(newest, title=title, text=text):
        return newest
    version = newest.version + 1 if newest else 1
    made = Agreement.objects.create(version=version, title=title, text=text, published_at=now)
    audit.note("agreement.published", now=now, actor=by, subject=made, version=version)
    return made
