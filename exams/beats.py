"""The beat of an open paper: once a minute or so a phone says that it is there, and hears what is new."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from exams import saving
from exams.models import Incident, IncidentKind, Notice
from exams.passes import Pass
from roster.models import Worker

LONGEST_AWAY = 4 * 3600
MOST_AWAY = 20  # times away told in one beat, and kept of one attempt


class Beat(NamedTuple):
    """What a phone says of itself."""

    unsent: int  # answers it could not send yet
    heard: int  # id of the newest notice it has shown
    away: list[tuple[int, int]]  # [seconds since it came back, seconds it was away from the page]

    @classmethod
    def read(cls, said: dict[str, Any]) -> "Beat":
        away = [(int(ago), int(seconds)) for ago, seconds in said.get("away", [])][:MOST_AWAY]
        return cls(min(max(int(said.get("unsent", 0)), 0), 1000), max(int(said.get("heard", 0)), 0), away)


class News(NamedTuple):
    """One notice of the room."""

    pk: int
    text: str
    at: datetime


def take(holder: Pass, beat: Beat, *, now: datetime) -> list[News]:
    """Note that this phone is there, and whether it left the page; what the room has said since it last heard."""
    saving.seen(holder.attempt, unsent=beat.unsent, now=now)
    if beat.away:
        _left(holder.attempt, beat.away, now=now)
    return news(holder, since=beat.heard)


def _left(attempt_id: int, away: list[tuple[int, int]], *, now: datetime) -> None:
    """Evidence, no verdict: shown to who sits as to who watches."""
    room = MOST_AWAY - Incident.objects.filter(attempt=attempt_id, kind=IncidentKind.LEFT).count()
    Incident.objects.bulk_create(
        Incident(
            attempt_id=attempt_id,
            kind=IncidentKind.LEFT,
            at=now - timedelta(seconds=min(max(ago, 0), LONGEST_AWAY)),
            detail={"seconds": min(max(seconds, 0), LONGEST_AWAY)},
        )
        for ago, seconds in away[: max(0, room)]
    )


def news(holder: Pass, *, since: int) -> list[News]:
    """Notices of the exam for this person's place, newer than the one they have."""
    found = list(Notice.objects.filter(exam=holder.exam, pk__gt=since).order_by("pk").select_related("territory"))
    if any(one.territory_id for one in found):
        path = Worker.objects.values_list("township__path", flat=True).get(pk=holder.worker)
        found = [one for one in found if one.territory is None or path.startswith(one.territory.path)]
    return [News(one.pk, one.text, one.at) for one in found]
