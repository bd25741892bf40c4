"""What rows of an import come to: their order in the preview, which go in, which stay out, which wait for a person."""

from collections.abc import Iterable
from datetime import timedelta

from lms.models import Outcome

# the order of the preview: what needs a person before what goes by itself
RANKS = {
    Outcome.WRONG: 0,
    Outcome.CONFLICT: 1,
    Outcome.DUPLICATE: 2,
    Outcome.OUT_OF_REACH: 3,
    Outcome.MOVED: 4,
    Outcome.UPDATED: 5,
    Outcome.SECOND_GRID: 6,
    Outcome.NEW: 7,
    Outcome.ABSENT: 8,
    Outcome.UNCHANGED: 9,
    Outcome.SKIPPED: 10,
}
OUTCOMES = {rank: outcome for outcome, rank in RANKS.items()}
WAITING = (Outcome.CONFLICT, Outcome.DUPLICATE)
LEFT_OUT = (Outcome.WRONG, *WAITING, Outcome.OUT_OF_REACH)
APPLIED = (Outcome.NEW, Outcome.UPDATED, Outcome.MOVED, Outcome.SECOND_GRID)
# what changes someone who is known already
CHANGING = (Outcome.UPDATED, Outcome.MOVED)
# a file that would change more than one in so many of an area's is asked about again
BRAKE = 10
UNDO = timedelta(days=30)


def ranks_of(outcomes: Iterable[str]) -> list[int]:
    """Rows are looked up by rank, which stands in their index; a rank is one outcome."""
    return [RANKS[Outcome(outcome)] for outcome in outcomes]
