"""The beat of an open paper: once a minute or so a phone says that it is there, and hears what is new."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from exams.day import saving
from exams.day.passes import Pass
from exams.models import Incident, IncidentKind
from roster.models import Worker

LONGEST_AWAY = 4 * 3600
NEWEST = 2**63 - 1  # no row has a number beyond
MOST_AWAY = 20  # times away told in one beat, and kept of one attempt


class Beat(NamedTuple):
    """What a phone says of itself."""

    unsent: int  # answers it could not send yet
    heard: int  # id of the newest notice it has shown
    away: list[tuple[int, int]]  # [seconds since it came back, seconds it was away from the page]

    @classmethod
    def read(cls, said: dict[str, Any]) -> "Beat":
        away = [(int(ago), int(seconds)) for ago, seconds in said.get("away", [])][:MOST_AWAY]
        return cls(min(max(int(said.get("unsent", 0)), 0), 1000), min(max(int(said.get("heard", 0)), 0), NEWEST), away)


class News(NamedTuple):
    """One notice of the room."""

    pk: int
    text: str
    at: datetime


def take(holder: Pass, beat: Beat, *, now: datetime) -> list[News]:
    """Note whether this phone left the page; what the room has said since it last heard. That it is there was noted with the save."""
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
    found = saving.notices(holder.exam, since=since)
    if any(path for _pk, _text, _at, path in found):
        mine = Worker.objects.values_list("township__path", flat=True).get(pk=holder.worker)
        found = [one for one in found if one[3] is None or mine.startswith(one[3])]
    return [News(pk, text, at) for pk, text, at, _path in found]
