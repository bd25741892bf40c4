"""First passwords: drawn by chance, sealed until they are printed, once, and good for some days only."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from lms import audit, jobs
from lms.models import JobState
from lms.refusal import Refused
from roster import reach, roles
from roster.models import Duty, PasswordSheet, Posting, Territory, User, Worker, WorkerQuerySet, WorkerState


@dataclass(frozen=True)
class Slip:
    """What one person is handed: who it is for, what to sign in with, and the first password."""

    name: str
    username: str
    password: str
    mobile: str = ""
    place: str = ""


# no letter or figure that is taken for another on paper
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
BATCH = 20


def draw() -> str:
    """A first password: three groups of four, about 59 bits."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _group in range(3))


def expiry(now: datetime) -> datetime:
    """When a first password made now runs out."""
    return now + timedelta(days=settings.FIRST_PASSWORD_DAYS)


@transaction.atomic
def prepare(township: Territory, *, by: User, now: datetime, again: Collection[int] | None = None) -> PasswordSheet:
    """Start a sheet for the workers of a township who have never chosen a password; the passwords are made in the background.

    `again` names those of them whose slips were spoilt or lost: only theirs are made anew, the other slips stay good.
    Refuses when nobody waits for one, and while another sheet of the township is being made.
    """
    Territory.objects.select_for_update().get(pk=township.pk)  # of two at once the second finds the first one's sheet
    people = waiting(township) if again is None else waiting(township).filter(pk__in=again)
    if not people.exists():
        raise Refused(
            _("这个乡镇（街道）的网格员都已自己设好密码，没有需要发放的。") if again is None else nobody_left()
        )
    if unfinished(township).exists():
        raise Refused(_("这个乡镇（街道）正有一份名单在生成，请等它完成。"))
    sheet = PasswordSheet.objects.create(township=township, made_by=by, made_at=now, expires_at=expiry(now))
    sheet.workers.set(people)
    sheet.job = jobs.enqueue("roster.first_passwords", owner=by, sheet=sheet.pk)
    sheet.save(update_fields=["job"])
    audit.note("passwords.prepared", now=now, actor=by, subject=sheet, territory=township.path)
    return sheet


def nobody_left() -> str:
    return _("选的人都已经有自己的密码了，不用再发。")


def unfinished(township: Territory) -> QuerySet[PasswordSheet]:
    """Sheets still being made: a second one at the same time would hand out passwords that the first one overwrites."""
    at_work = [JobState.QUEUED, JobState.RUNNING]
    return PasswordSheet.objects.filter(township=township, slips__isnull=True, printed_at=None, job__state__in=at_work)


# without an account, or the first password not yet used; whoever holds a role gets theirs from those who may give the role
WITH_ACCOUNT = Q(state__in=[WorkerState.ACTIVE, WorkerState.TRAINING])  # whoever trains for the post learns here too
WAITING = WITH_ACCOUNT & (Q(user=None) | Q(user__must_change_password=True, user__role_grants=None))


def waiting(township: Territory) -> WorkerQuerySet:
    """Workers in post or in training for it here who have no password of their own yet."""
    return Worker.objects.filter(WAITING, township=township)


@jobs.work("roster.first_passwords")
def make(handle: jobs.Handle) -> None:
    """Draw the passwords of one sheet, some workers at a time, and seal them. A sheet that is made already is left alone.

    Refuses when whoever asked for it has lost the township since: nobody would be left who may print it, and the old slips would be void.
    """
    sheet = PasswordSheet.objects.select_related("township", "made_by").get(pk=handle.args["sheet"])
    if sheet.slips is not None or sheet.printed_at:
        return
    if not (sheet.made_by.is_active and reach.covers(sheet.made_by, sheet.township, Duty.ACCOUNTS)):
        raise Refused(_("要这份名单的人已不再管这个乡镇（街道）的账号，名单没有生成。请由现在的管理员重新生成。"))
    slips: list[list[object]] = []
    workers = list(sheet.workers.filter(WAITING).select_related("user").order_by("pk"))
    for start in range(0, len(workers), BATCH):
        slips += issue(workers[start : start + BATCH], expires=sheet.expires_at)
        handle.progress(len(slips), len(workers))
    sheet.slips, sheet.count = slips, len(slips)
    sheet.save(update_fields=["slips", "count"])


def issue(workers: Sequence[Worker], *, expires: datetime) -> list[list[object]]:
    """Give each worker an account and a first password; returns [worker id, sign-in name, password] for each.

    Whoever has chosen a password of their own since the workers were read keeps it, and gets none here.
    """
    before = {worker.user.pk: worker.user.password for worker in workers if worker.user}
    drawn = {worker.pk: (worker, draw()) for worker in workers}
    hashed = {
        pk: make_password(password) for pk, (_worker, password) in drawn.items()
    }  # slow, so before the transaction
    with transaction.atomic():
        users = User.objects.select_for_update(of=["self"]).filter(worker__in=drawn).order_by("pk")
        own = {pk for pk, password in users.values_list("pk", "password") if password != before.get(pk)}
        given = [worker for worker, _password in drawn.values() if worker.user_id not in own]
        for worker in given:
            account(worker, password_hash=hashed[worker.pk], expires=expires)
    return [[worker.pk, worker.number, drawn[worker.pk][1]] for worker in given]


def account(worker: Worker, *, password_hash: str, expires: datetime | None) -> User:
    """The worker's account with this password, to be changed at the first sign-in."""
    user = worker.user or User(username=worker.number)
    user.name, user.mobile_hash, user.password = worker.name, worker.mobile_hash, password_hash
    user.must_change_password, user.first_password_expires_at = True, expires
    user.save()
    if worker.user_id != user.pk:
        worker.user = user
        worker.save(update_fields=["user"])
    return user


@transaction.atomic
def open_once(sheet: PasswordSheet, *, by: User, now: datetime) -> list[Slip]:
    """Unseal the sheet for printing and empty it. Refuses when it was opened before, is not ready, or has run out."""
    sheet = PasswordSheet.objects.select_for_update().get(pk=sheet.pk)
    if sheet.printed_at:
        raise Refused(_("这份名单已经打开过一次，为了安全不能再看。没有拿到密码的人，请重新生成一份。"))
    if sheet.slips is None:
        raise Refused(_("名单还没有生成完，请稍等。"))
    if sheet.expires_at <= now:
        raise Refused(_("这份名单已过期，请重新生成。"))
    slips = unsealed(sheet)
    if not slips:
        raise Refused(_("这份名单里的密码都已换过或被后来的名单代替，没有可以打印的。"))
    sheet.slips, sheet.printed_at = [], now
    sheet.save(update_fields=["slips", "printed_at"])
    audit.note("passwords.printed", now=now, actor=by, subject=sheet, territory=sheet.township.path, count=len(slips))
    return slips


def unsealed(sheet: PasswordSheet) -> list[Slip]:
    """The slips that are still good, in the order in which they are handed out: community by community, grid by grid."""
    sealed: Any = sheet.slips
    passwords = {number: (username, password) for number, username, password in sealed}
    workers = Worker.objects.filter(still_good(sheet), pk__in=passwords)
    postings = Posting.objects.current().filter(worker__in=workers).select_related("grid__community")
    grids = {posting.worker_id: posting.grid for posting in postings.order_by("-grid__code")}  # the first grid stays
    slips = [
        (grids[worker.pk].code if worker.pk in grids else "", worker, *passwords[worker.pk])
        for worker in workers.order_by("pk")
    ]
    return [
        Slip(worker.name, username, password, worker.masked_mobile, str(grids.get(worker.pk, "")))
        for _code, worker, username, password in sorted(slips, key=lambda slip: slip[0])
    ]


def still_good(sheet: PasswordSheet) -> Q:
    """Whose slip of this sheet signs in: nothing was chosen or handed out since. Each issue runs out at a moment of its own."""
    return Q(user__must_change_password=True, user__first_password_expires_at=sheet.expires_at)


def progress(sheet: PasswordSheet, *, now: datetime) -> list[tuple[Worker, str]]:
    """Everyone on a sheet and what became of their slip: own, entered, unused, expired or replaced."""
    people = sheet.workers.select_related("user").order_by("number")
    return [(worker, became(worker.user, sheet, now=now)) for worker in people]


def became(user: User | None, sheet: PasswordSheet, *, now: datetime) -> str:
    if user is None:
        return "unused"
    if not user.must_change_password:
        return "own"
    if user.first_password_expires_at != sheet.expires_at:
        return "replaced"
    if sheet.expires_at <= now:
        return "expired"
    return "entered" if user.last_login and user.last_login >= sheet.made_at else "unused"


# how an admin made sure of who stands before them; the code is what the log keeps
PROOFS = {
    "badge": _lazy("看了工作牌或工作证"),
    "id_card": _lazy("看了身份证"),
    "known": _lazy("当面认识本人"),
}


@transaction.atomic
def reissue(user: User, *, by: User, now: datetime, proof: str = "") -> Slip:
    """A new first password for someone who forgot theirs, shown once to whoever hands it over; their open sessions end.

    `proof` says how it was made sure of who they are.
    Refuses when `by` has no say over this person: a worker's townships' admins, and for holders of a role those who may give it.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if not roles.may_reset(by, user):
        raise Refused(_("这个人的密码不归你发放，请联系上一级管理员。"))
    password = draw()
    user.set_password(password)
    user.must_change_password, user.first_password_expires_at = True, expiry(now)
    user.save(update_fields=["password", "must_change_password", "first_password_expires_at"])
    audit.note("password.reissued", now=now, actor=by, subject=user, **({"proof": proof} if proof else {}))
    worker = getattr(user, "worker", None)
    return Slip(user.name, user.username, password, worker.masked_mobile if worker else "")


@transaction.atomic
def choose(user: User, *, password: str, now: datetime, way: str = "") -> None:
    """The person's own password, in place of the first one or an old one. Sessions opened with the one before end.

    `way` says how else than by the old password the person was known: "code".
    """
    user.set_password(password)
    user.must_change_password, user.first_password_expires_at = False, None
    user.save(update_fields=["password", "must_change_password", "first_password_expires_at"])
    audit.note("password.chosen", now=now, actor=user, subject=user, **({"way": way} if way else {}))
