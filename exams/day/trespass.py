"""
Someone with a pass to an attempt of their own asks for another's. They see nothing, and it is noted, as `roster.refused` notes it of
addresses that Django serves; the lane stands beside its middleware. Looked at only when there was no pass to what was asked for.
"""

from collections.abc import Mapping
from datetime import datetime

from exams.day import passes
from exams.models import Attempt
from roster import refused


def note(attempt_id: int, cookies: Mapping[str, str], *, method: str, status: int, now: datetime) -> None:
    """Nothing is noted of a pass that merely ran out: the attempt is then the holder's own."""
    held = (passes.read(text, now=now) for name, text in cookies.items() if name.startswith(passes.COOKIE))
    holder = next(filter(None, held), None)
    if holder is None or Attempt.objects.filter(pk=attempt_id, worker=holder.worker).exists():
        return
    refused.write(
        holder.user,
        url="exam_lane",
        ids={"attempt": attempt_id},
        subject=f"exams.attempt:{attempt_id}",
        status=status,
        method=method,
        now=now,
    )
