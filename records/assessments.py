"""The yearly assessment of a county: drafted from the ledger as often as needed, settled once."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from lms import audit
from lms.jobs import Progress
from lms.refusal import Refused
from records import quota, schemes
from records.models import Assessment, Kind, Round, Scheme, SkillRecord
from records.scheme import UNGRADED, Fact, Judgement, Rules, judge
from records.schemes import default_schemes
from roster import reach
from roster.models import Duty, Role, Territory, User, Worker, WorkerQuerySet

__all__ = ["default_schemes", "draft", "settle"]

# who may draft and settle, within their territory
SETTLERS = (Role.CITY_ADMIN, Role.COUNTY_ADMIN, Duty.ASSESSMENT)


def draft(
    scheme: Scheme, county: Territory, *, by: User | None, now: datetime, progress: Progress | None = None
) -> Round:
    """Judge every active worker of the county's scheme from the ledger as it stands, as a new version.

    Earlier drafts are kept. Refuses once a version has been settled, out of the drafter's reach, and for a scheme that
    does not add up. `progress` hears how many workers are done, of how many. The judging runs before the transaction, so
    that nobody else's writing waits for it.
    """
    check_drafter(by, county)
    check_open(scheme, county)
    rules = schemes.rules(scheme)
    assessed = list(_assess(scheme, county, rules, progress=progress))
    grade_within_quota(assessed, rules, top=scheme.excellent_grade, share=scheme.excellent_share)
    return _write(assessed, scheme, county, by=by, now=now)


@transaction.atomic
def _write(assessed: list[Assessment], scheme: Scheme, county: Territory, *, by: User | None, now: datetime) -> Round:
    Territory.objects.select_for_update().get(
        pk=county.pk
    )  # two drafts at once take their versions one after the other
    # judging takes its time, and the role may have been lost meanwhile
    check_drafter(User.objects.get(pk=by.pk) if by else None, county)
    check_open(scheme, county)
    drafted = Round.objects.create(
        scheme=scheme, county=county, version=_last_version(scheme, county) + 1, data_as_of=now, drafted_by=by
    )
    for assessment in assessed:
        assessment.round = drafted
    Assessment.objects.bulk_create(assessed, batch_size=500)
    audit.note("assessments.drafted", now=now, actor=by, subject=drafted, territory=county.path, workers=len(assessed))
    return drafted


def check_drafter(by: User | None, county: Territory) -> None:
    if by is not None and not reach.covers(by, county, *SETTLERS):
        raise Refused(_("只有本县或市级管理员可以初评，请联系他们。"))


def check_open(scheme: Scheme, county: Territory) -> None:
    """Refuse where a version has been settled."""
    if Round.objects.filter(scheme=scheme, county=county, state=Round.SETTLED).exists():
        raise Refused(_("这一年的考核已经审定，不能重新初评。"))


def _last_version(scheme: Scheme, county: Territory) -> int:
    return Round.objects.filter(scheme=scheme, county=county).aggregate(last=Max("version"))["last"] or 0


def _assess(scheme: Scheme, county: Territory, rules: Rules, *, progress: Progress | None) -> Iterator[Assessment]:
    """One pass over the workers and one over their records, side by side, so that a county's ledger is never held whole."""
    workers = Worker.objects.active().within([county.path]).filter(employment=scheme.employment)
    people = list(workers.order_by("pk").only("pk", "township_id", "joined_on"))
    ledger = groupby(_facts(workers, scheme.year), key=lambda pair: pair[0])
    group = next(ledger, None)
    for done, worker in enumerate(people, start=1):
        while group and group[0] < worker.pk:
            group = next(ledger, None)
        own = [fact for _worker, fact in group[1]] if group and group[0] == worker.pk else []
        yield _assessed(worker, judge(rules, own, joined_on=worker.joined_on))
        if progress and (done % 200 == 0 or done == len(people)):
            progress(done, len(people))


def _facts(workers: WorkerQuerySet, year: int) -> Iterator[tuple[int, Fact]]:
    """The standing records of the year by worker; a skill counts from when it was reached on."""
    rows = (
        SkillRecord.objects.standing()
        .filter(Q(year=year) | Q(kind=Kind.SKILL, year__lt=year), worker__in=workers)
        .order_by("worker_id", "occurred_at", "pk")
        .values_list("worker_id", "pk", "kind", "amount", "out_of", "result", "skill_id")
    )
    for worker, pk, kind, amount, out_of, result, skill in rows.iterator(chunk_size=5000):
        yield worker, Fact(pk, kind, amount, out_of, result, skill)


def _assessed(worker: Worker, judged: Judgement) -> Assessment:
    return Assessment(
        worker_id=worker.pk,
        township_id=worker.township_id,
        lines=[line.frozen() for line in judged.lines],
        score=judged.score,
        grade=judged.grade,
        reason=judged.reason,
    )


def grade_within_quota(assessed: list[Assessment], rules: Rules, *, top: str, share: Decimal) -> quota.Cut:
    """Take the limited grade from those beyond its places; each hears why and gets the grade below."""
    grades = [band.grade for band in rules.bands]
    below = grades[min(grades.index(top) + 1, len(grades) - 1)] if top in grades else top
    limit = quota.places(sum(1 for one in assessed if one.grade != UNGRADED), share)
    reached = [one for one in assessed if one.grade == top]
    cut = quota.choose([(one.worker_id, one.score or Decimal(0)) for one in reached], limit)
    for one in reached:
        if one.worker_id not in cut.chosen:
            one.grade = below
            one.reason = _("达到%(top)s分数线；%(sum)s，按得分排第 %(rank)s，不在名额内，定为%(below)s。") % {
                "top": top,
                "sum": limit.sentence,
                "rank": cut.rank[one.worker_id],
                "below": below,
            }
    return cut


def excellent_quota(drafted: Round) -> tuple[quota.Quota, int]:
    """The places of a round as it stands in the database, and how many hold them."""
    grades = Counter(drafted.assessments.values_list("grade", flat=True))
    appraised = sum(grades.values()) - grades[UNGRADED]
    return quota.places(appraised, drafted.scheme.excellent_share), grades[drafted.scheme.excellent_grade]


@transaction.atomic
def settle(drafted: Round, *, by: User, now: datetime, override_reason: str = "") -> Round:
    """Settle a round: from now on it is fixed and its workers see it. A second call gives back the settled round.

    Refuses anyone but the county's or the city's admin, a version that is no longer the newest, and more of the limited
    grade than the quota has places unless a reason is given, which is kept.
    """
    locked = Round.objects.select_for_update(of=("self",)).select_related("scheme", "county").get(pk=drafted.pk)
    if not reach.covers(by, locked.county, *SETTLERS):
        raise Refused(_("只有本县或市级管理员可以审定，请联系他们。"))
    if locked.state == Round.SETTLED:
        return locked
    check_open(locked.scheme, locked.county)
    _check_newest(locked)
    _check_quota(locked, override_reason)
    locked.state, locked.settled_by, locked.settled_at = Round.SETTLED, by, now
    locked.override_reason = override_reason.strip()[:300]
    locked.save(update_fields=["state", "settled_by", "settled_at", "override_reason"])
    audit.note("assessments.settled", now=now, actor=by, subject=locked, territory=locked.county.path)
    return locked


def _check_newest(locked: Round) -> None:
    newest = _last_version(locked.scheme, locked.county)
    if newest != locked.version:
        said = {"old": locked.version, "new": newest}
        raise Refused(_("第 %(old)s 版初评已经有了更新的第 %(new)s 版，请打开第 %(new)s 版再审定。") % said)


def _check_quota(locked: Round, override_reason: str) -> None:
    limit, held = excellent_quota(locked)
    if held > limit.places and not override_reason.strip():
        raise Refused(
            _("%(sum)s，现在有 %(held)s 人是%(grade)s，超出名额。请先调整；确需超出的，请写明理由。")
            % {"sum": limit.sentence, "held": held, "grade": locked.scheme.excellent_grade}
        )
