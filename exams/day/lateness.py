"""
Which answers still count that arrive after the deadline. Pure: moments in, verdict out.

The server knows by its own clock when something arrived and when it last heard of the phone; when the finger moved it knows only from the
phone. So the phone's word is taken only inside a gap that the server has itself seen: from the last contact to the deadline. All of this
must hold:

(a) it arrived no later than the exam's minutes after the deadline: who is out of reach longer is judged by a person;
(b) the attempt is still being sat, by the device that sends: a hand-in ends it, and an older device never writes;
(c) the phone has not been heard of since the deadline: one that was on line then could have sent, and whoever reads a notice after the bell
    and answers afterwards was not cut off;
(d) the moment the phone claims (arrival less the age it tells) lies between the last contact and the deadline. An answer given before the
    last contact would have come with it; a few seconds are left for what was on its way. Without an age there is nothing to believe.

What the rule does not count is not judged wrong by it: it is kept, and a person decides.
"""

from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

ON_ITS_WAY = timedelta(
    seconds=5
)  # between the finger and the post that would have carried it: typing pauses, a slow network


class Verdict(Enum):
    COUNTS = "counts"
    TOO_LATE = "too_late"  # (a)
    ENDED = "ended"  # (b)
    WAS_THERE = "was_there"  # (c)
    NO_AGE = "no_age"  # (d)
    OUTSIDE = "outside"  # (d)


class Gap(NamedTuple):
    """What the server has seen of one attempt when something arrives late."""

    deadline: datetime
    wait: timedelta  # how long after the deadline the exam takes answers of a phone that was cut off
    contact: datetime  # when this attempt was last heard of, before this arrival
    held: bool  # being sat, by the device that sends

    @property
    def until(self) -> datetime:
        return self.deadline + self.wait


def claimed(now: datetime, age: int) -> datetime:
    """The moment of the finger, if the phone's `age` in milliseconds is true."""
    return now - timedelta(milliseconds=age)


def judge(gap: Gap, *, age: int | None, now: datetime) -> Verdict:
    """Whether an answer that arrives `now` counts by the rule, or the first condition that fails."""
    if now > gap.until:
        return Verdict.TOO_LATE
    if not gap.held:
        return Verdict.ENDED
    if gap.contact > gap.deadline:
        return Verdict.WAS_THERE
    if age is None:
        return Verdict.NO_AGE
    if not gap.contact - ON_ITS_WAY <= claimed(now, age) <= gap.deadline:
        return Verdict.OUTSIDE
    return Verdict.COUNTS


def may_come(gap: Gap, *, now: datetime) -> bool:
    """Whether the phone that holds an attempt may still come back with answers that count."""
    return now < gap.until and gap.contact <= gap.deadline
