"""The notice of what is kept and why (个人信息处理告知书): its versions, and that everybody who signs in has read the newest."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.db.models import Count, QuerySet
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext as _

from lms import audit
from lms.compiled import Compiled, Given
from lms.personal import about_workers
from lms.refusal import Refused
from roster import reach
from roster.agreements import plain
from roster.employment import hold_numbers
from roster.models import Acceptance, Notice, Role, User, Worker

TEXT = Path(__file__).parent / "content" / "notice.txt"
TITLE = "个人信息处理告知书"
NUMBERED = re.compile(r"([一二三四五六七八九十]+、[^。\n]{1,30})。\n?(.*)", re.DOTALL)
ITEM = re.compile(r"[^：。；]{1,20}：")
LONG_LIST = 6  # so many lines are folded away on a phone
DUE = "notice"  # key in the session: the version to be read before anything else


# --- versions ---------------------------------------------------------------------------------------------------------


def drafted() -> str:
    """The text of the notice with what the models declare today, to begin with and to compare with."""
    kinds = "\n".join(f"{one.about}：{one.why}；{one.long}。" for one in about_workers())
    text = TEXT.read_text(encoding="utf-8")
    return plain(text.format(body=settings.ISSUING_BODY, site=settings.SITE_NAME, kinds=kinds))


def says_today(notice: Notice) -> bool:
    """Whether it names every kind of data that the models declare today."""
    return all(one.about in notice.text for one in about_workers())


def versions() -> QuerySet[Notice]:
    """All versions, the newest first."""
    return Notice.objects.order_by("-version")


def accepted(versions: list[Notice]) -> dict[int, int]:
    """How many have read each."""
    rows = Acceptance.objects.filter(notice__in=versions).values_list("notice").annotate(n=Count("pk"))
    return dict(rows.order_by())


@transaction.atomic
def publish(*, title: str, text: str, by: User | None, now: datetime) -> Notice:
    """A new version, asked for at everybody's next sign-in. The same text as the newest is that version: a form sent twice.

    Refuses whoever is not the city's admin, and a text too short to be one. `by` is None on the command line alone.
    """
    if by is not None and not reach.has(by, Role.CITY_ADMIN):
        raise Refused(_("告知书由市级管理员发布，请联系市级管理员。"))
    title, text = title.strip(), plain(text)
    if len(text) < 200:
        raise Refused(_("告知书太短，看起来没有写完。请把全文贴进来。"), code="text")
    hold_numbers()
    newest = versions().first()
    if newest and (newest.title, plain(newest.text)) == (title, text):
        return newest
    version = newest.version + 1 if newest else 1
    made = Notice.objects.create(version=version, title=title, text=text, published_at=now)
    audit.note("notice.published", now=now, actor=by, subject=made, version=version)
    return made


# --- reading it -------------------------------------------------------------------------------------------------------


# the long text is left for the page that shows it: everybody who signs in is asked this
NEWEST = Compiled(lambda: Notice.objects.filter(published_at__lte=Given("now")).order_by("-version").defer("text")[:1])
READ = Compiled(
    lambda: Acceptance.objects.filter(user=Given("user"), notice=Given("notice")).order_by("pk").only("pk")[:1]
)


def due(user: User, *, now: datetime) -> Notice | None:
    """The newest published version when this person has yet to read it."""
    newest = NEWEST.first(now=now)
    return None if newest is None or READ.first(user=user.pk, notice=newest.pk) else newest


@transaction.atomic
def accept(user: User, notice: Notice, *, now: datetime) -> Acceptance:
    """That somebody has read a version; again changes nothing."""
    made, created = Acceptance.objects.get_or_create(user=user, notice=notice, defaults={"accepted_at": now})
    if created:
        audit.note("notice.accepted", now=now, actor=user, subject=notice, version=notice.version)
    return made


def accept_on_paper(users: QuerySet[User], *, notice: Notice, at: datetime) -> None:
    """Bring in that people have read it on paper."""
    rows = [Acceptance(user=user, notice=notice, accepted_at=at) for user in users]
    Acceptance.objects.bulk_create(rows, batch_size=1000, ignore_conflicts=True)


@receiver(user_logged_in, dispatch_uid="notice of what is kept")
def look_at_sign_in(request: Any, user: User, **_kwargs: Any) -> None:
    """Asked once for each version, when somebody comes in: no request in between costs a query, and nobody at work is stopped."""
    session, now = getattr(request, "session", None), getattr(request, "now", None)
    if session is None or now is None:
        return
    if unread := due(user, now=now):
        session[DUE] = unread.pk
    else:
        session.pop(DUE, None)


# --- for the middleware -----------------------------------------------------------------------------------------------


def to_do_first(request: HttpRequest, *, unsigned: bool) -> str:
    """The name of the page that comes before all others: the agreement, then the notice; "" in the middle of an exam or for none."""
    wanted = "agreement" if unsigned else "notice" if DUE in request.session else ""
    return "" if wanted and sitting(request) else wanted


def sitting(request: HttpRequest) -> bool:
    """
    Whether the worker who asks is in the middle of something whose clock runs. The floors above say so themselves: what refers to
    a worker and has an `under_way(now)`, as an attempt at an exam does.
    """
    worker: Worker | None = getattr(request.user, "worker", None)
    if worker is None:
        return False
    now = request.now  # type: ignore[attr-defined]
    running = (
        relation.related_model._base_manager.filter(
            relation.related_model.under_way(now), **{relation.field.name: worker}
        )
        for relation in Worker._meta.related_objects
        if hasattr(relation.related_model, "under_way")
    )
    return any(rows.exists() for rows in running)


# --- as it is read ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """A paragraph with a number in front: its heading, what stands open, and a long list that is unfolded by who wants it."""

    title: str
    text: list[str]
    listed: list[tuple[str, str]]


def parts(text: str) -> list[Part]:
    """
    The same words, cut where a phone's reader needs it. A city may write its notice differently: what has no number is a part
    without a heading, and only a list of lines “name：what” folds.
    """
    return [part(paragraph) for paragraph in re.split(r"\n\s*\n", plain(text)) if paragraph.strip()]


def part(paragraph: str) -> Part:
    numbered = NUMBERED.match(paragraph)
    title, rest = (numbered[1], numbered[2]) if numbered else ("", paragraph)
    lines = [line for line in rest.split("\n") if line.strip()]
    items = [line for line in lines if ITEM.match(line)]
    if len(items) < LONG_LIST or lines[-len(items) :] != items:
        return Part(title, lines, [])
    listed = [(about, what) for about, _colon, what in (line.partition("：") for line in items)]
    return Part(title, lines[: -len(items)], listed)
