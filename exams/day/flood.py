"""
How much the journal of one attempt holds at most. A pass could send forever, and every answer that arrives is kept: without an end to it one
phone could fill the disk. The end lies far above what a person can give in the longest exam: saves every second and a half for five hours
are 12,000 entries.

Each web process counts what it has written of an attempt, and asks the database only now and then; so a save costs nothing more, and what
is kept beyond the limit is at most that for each process.
"""

from collections.abc import Iterable

from django.db.models import Count, Sum
from django.db.models.functions import Length
from django.utils.translation import gettext as _

from exams.models import JournalEntry

MOST, MOST_SIGNS = 20_000, 3_000_000  # entries, and what stands in them: some ten megabytes at worst
LOOK = 500  # so many entries are written between two looks
SIGNS = 150  # so many signs weigh as much as an entry
ATTEMPTS = 50_000  # counted at a time; an attempt that is forgotten is counted from the beginning

_written: dict[int, float] = {}
FULL = float("inf")


def full(attempt_id: int, kept: Iterable[str]) -> bool:
    """Whether these entries find no room any more. Asked before each save; what has room is counted as written."""
    written = _written.get(attempt_id, 0) + sum(1 + len(text) / SIGNS for text in kept)
    if written > LOOK:
        written = FULL if written == FULL or _at_the_end(attempt_id) else 0
    if len(_written) >= ATTEMPTS:
        _written.clear()
    _written[attempt_id] = written
    return written == FULL


def _at_the_end(attempt_id: int) -> bool:
    held = JournalEntry.objects.filter(attempt=attempt_id).aggregate(n=Count("*"), signs=Sum(Length("value")))
    return held["n"] >= MOST or (held["signs"] or 0) >= MOST_SIGNS


def sentence() -> str:
    return _("这份答卷改动的次数太多，这次改动没有保存，前面已保存的答案都在。请马上告诉监考人员。")


def forget() -> None:
    """Begin to count anew: for tests, whose databases come and go."""
    _written.clear()
