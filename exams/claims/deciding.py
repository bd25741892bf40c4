"""A person decides about answers that came too late: all that wait of one attempt at once, with a reason."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max, QuerySet, Sum
from django.utils.translation import gettext as _

from exams.day import exchange, late, saving, sheets
from exams.marks import scoring
from exams.models import Answer, Attempt, AttemptState, JournalEntry, LateDecision
from lms import audit, times
from lms.compiled import Given
from lms.refusal import Refused
from roster.models import User

ENDED = frozenset({AttemptState.HANDED_IN, AttemptState.MARKED})


@dataclass(frozen=True)
class Change:
    """What accepting would change of one question: the newest late answer in place of the one that stands."""

    entry: JournalEntry
    before: str  # as stored
    seq: int  # of the answer that stands, 0 for none


def waiting(attempt: Attempt | int | Given) -> QuerySet[JournalEntry]:
    """What waits of an attempt, in the order of arrival."""
    return JournalEntry.objects.waiting(*late.KEPT).filter(attempt=attempt).order_by("at", "seq", "page")


def changes(entries: Iterable[JournalEntry], standing: Iterable[saving.Standing]) -> list[Change]:
    """The last that was given to each question, where it differs from what stands."""
    stands = {one.item_id: one for one in standing}
    newest: dict[int, JournalEntry] = {}
    for entry in entries:
        other = newest.get(entry.item_id)
        # of one page the number tells which is later, of two pages the arrival
        if other is None or other.page != entry.page or other.seq < entry.seq:
            newest[entry.item_id] = entry
    found = []
    for item_id, entry in newest.items():
        one = stands.get(item_id)
        if entry.value != (one.value if one else ""):
            found.append(Change(entry, one.value if one else "", one.seq if one else 0))
    return found


@transaction.atomic
def decide(
    attempt_id: int, *, accept: bool, reason: str, seen: datetime | None, by: User, now: datetime
) -> LateDecision:
    """Count all that waits, or none of it. Counted: the answers are written and the attempt is marked anew, in one transaction.

    `seen` is when the newest of what was shown had arrived; it refuses when more has come since. The same decision by the same person
    again changes nothing; one that another has taken, one's own attempt, and a result that is out are refused.
    """
    held = saving.lock(attempt_id)
    attempt = Attempt.objects.select_related("exam__territory", "worker__township").get(pk=attempt_id)
    if attempt.worker.user_id == by.pk:
        raise Refused(_("这是你自己的答卷，请别的管理员来决定。"), code="own")
    entries = list(waiting(attempt))
    if not entries:
        return _decided(attempt, accept=accept, by=by)
    _may(attempt, accept=accept, now=now)
    if entries[-1].at != seen:
        raise Refused(_("刚才又收到了新的答案，请重新看过再决定。"), code="changed")
    if not reason.strip():
        raise Refused(_("请写明理由，本人和以后查的人都会看到。"), code="reason")
    found = changes(entries, saving.answers(attempt_id))
    if accept and held is not None:
        _write(held, found, now=now)
    decision = LateDecision.objects.create(
        attempt=attempt,
        accepted=accept,
        answers=len(found),
        reason=reason.strip()[:200],
        by=by,
        at=max(now, entries[-1].at),
    )
    audit.note(
        "exam.late_accepted" if accept else "exam.late_refused",
        now=now,
        actor=by,
        subject=attempt,
        territory=attempt.worker.township.path,
        answers=len(found),
    )
    return decision


def _decided(attempt: Attempt, *, accept: bool, by: User) -> LateDecision:
    last = attempt.late_decisions.order_by("-at").select_related("by").first()
    if last is None:
        raise Refused(_("这份答卷没有等你决定的答案。"), code="nothing")
    if last.by_id != by.pk or last.accepted != accept:
        said = _("计入") if last.accepted else _("不计入")
        raise Refused(
            _("%(name)s已在 %(at)s 决定%(said)s，不能再改。")
            % {"name": last.by.name, "at": times.in_short(last.at), "said": said},
            code="decided",
        )
    return last


def _may(attempt: Attempt, *, accept: bool, now: datetime) -> None:
    if attempt.state == AttemptState.SITTING:
        raise Refused(_("这份答卷还没有交，交卷以后再决定。"), code="sitting")
    if accept and attempt.state not in ENDED:
        raise Refused(_("这份答卷已经作废，不能再计入答案。"), code="void")
    if accept and attempt.posted_at:
        raise Refused(
            _("这份答卷的成绩已经公布并记入档案，不能再计入迟到的答案。请选“不计入”，并把情况告诉考试管理员。"),
            code="posted",
        )


def _write(held: saving.Held, found: list[Change], *, now: datetime) -> None:
    """The answers, their place in the journal, and the marks anew."""
    used = dict(JournalEntry.objects.filter(attempt=held.id).order_by().values_list("item_id").annotate(seq=Max("seq")))
    values = {}
    for change in found:
        entry = change.entry
        # a number above all that a page can have sent, on a page that no browser can be
        seq = max(used[entry.item_id], change.seq) + 1
        values[entry.item_id] = entry.value, seq
        JournalEntry.objects.create(
            attempt_id=held.id,
            item_id=entry.item_id,
            seq=seq,
            page=exchange.NO_PAGE,
            at=now,
            fate=late.Fate.DECIDED,
            value=entry.value,
        )
    standing = {one.item_id: one for one in saving.answers(held.id)}
    late.put(held.id, values, standing, now=now)
    Answer.objects.filter(attempt=held.id, item__in=values).update(waits=False, marks=None)
    Attempt.objects.get(pk=held.id).awards.filter(item__in=values, superseded=False).update(superseded=True)
    mark(held)


def mark(held: saving.Held) -> None:
    """Marks from the answers as they are now. What a person gave to an unchanged answer stands; what is new waits for one."""
    sheet = sheets.of(held.exam_id)
    total, by_person = sheet.judge((one.item_id, one.value) for one in saving.answers(held.id))
    answers = Answer.objects.filter(attempt=held.id)
    answers.filter(item__in=by_person, marks=None).update(waits=True)
    waits = answers.filter(waits=True).exists()
    given = answers.aggregate(total=Sum("marks"))["total"] or scoring.ZERO
    Attempt.objects.filter(pk=held.id).update(
        machine_marks=total,
        marks=None if waits else total + given,
        state=AttemptState.HANDED_IN if waits else AttemptState.MARKED,
    )
