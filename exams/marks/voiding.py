"""
What a voided attempt takes out of the ledger, and what stands in its place: of an exam and its resits the result that would stand had
the voided one never been sat. docs/decisions/0021-resits-and-tries.md says why.
"""

from collections import defaultdict
from dataclasses import replace
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from exams.before import candidates
from exams.marks import marking, resits
from exams.models import Attempt, AttemptState
from records import certificates, ledger
from records.models import Certificate, Result, SkillRecord
from roster.models import User


def withdraw(attempt: Attempt, *, by: User, reason: str, now: datetime) -> None:
    """Inside the caller's transaction, once the attempt is void: reverse its record, revoke its certificate, let the right one stand.

    The records of the family are held from here on, so that of two such acts the second sees what the first has done.
    """
    records = resits.recorded(candidates.family(attempt.exam), [attempt.worker_id])
    held = list(records.select_for_update(of=("self",)).order_by("pk"))
    source = marking.entry(attempt).source
    mine = [record for record in held if resits.is_of(record, source)]
    for record in mine:
        ledger.reverse(record, by=by, reason=reason, now=now)
    for certificate in _certificates(attempt):
        certificates.revoke(certificate, by=by, reason=reason, now=now)
    if not mine:
        return
    counted = _counted(attempt, year=mine[0].year)
    stands = resits.which_stands([(one.exam.counts, _sat(one)) for one in counted])
    if stands is not None:
        _let_stand(counted[stands], held, instead_of=attempt, now=now)


def _counted(attempt: Attempt, *, year: int) -> list[Attempt]:
    """What else this person has sat of the family in that year and that is out, in the order of the exams: one attempt of each."""
    family = Attempt.objects.settled().filter(exam__in=candidates.family(attempt.exam), worker=attempt.worker_id)
    rows = family.filter(posted_at__isnull=False).select_related("exam", "worker").defer("paper", "flags")
    tries: dict[int, list[Attempt]] = defaultdict(list)
    for one in rows.order_by("exam__closes_at", "exam", "number"):
        if timezone.localtime(marking.entry(one).occurred_at).year == year:
            tries[one.exam_id].append(one)
    return [next((one for one in several if one.passed), several[-1]) for several in tries.values()]


def _sat(attempt: Attempt) -> resits.Sat:
    entry = marking.entry(attempt)
    share = entry.amount / entry.out_of if entry.out_of else resits.ZERO
    return resits.Sat(share, entry.result == Result.PASSED, attempt.state == AttemptState.ABSENT)


def _let_stand(attempt: Attempt, held: list[SkillRecord], *, instead_of: Attempt, now: datetime) -> None:
    """A record that was reversed for the voided one is posted anew, under a source of its own: the old one has been used."""
    entry = marking.entry(attempt)
    standing = SkillRecord.objects.standing().filter(pk__in=[one.pk for one in held if resits.is_of(one, entry.source)])
    restored = f":restored:{instead_of.pk}"
    if not standing.exists():
        ledger.post(replace(entry, source=entry.source + restored), now=now)
    if attempt.passed and not _certificates(attempt).filter(revoked_at=None).exists():
        award = marking.certificate(attempt)
        award = award if not _certificates(attempt).exists() else replace(award, source=award.source + restored)
        certificates.issue_many([award], now=now)


def _certificates(attempt: Attempt) -> QuerySet[Certificate]:
    """Those that were issued for this attempt, the first time and anew."""
    source = marking.certificate(attempt).source
    return Certificate.objects.filter(Q(source=source) | Q(source__startswith=f"{source}:"))
