"""How much study the server has witnessed; pure.

Every second is credited to one lesson at most: what is credited lies between the last time the server heard from the
worker, in whatever lesson, and now. So all credits of a worker together never exceed the clock on the wall.
"""

from datetime import datetime

# a reader whom nothing was heard of for longer had put the phone away
LONGEST_GAP = 60


def credited(
    *, now: datetime, opened_at: datetime, heard_at: datetime, same_lesson: bool, acted: bool, room: int
) -> int:
    """Whole seconds to credit to the lesson that is heard of now.

    `opened_at`: when this lesson's page was last sent. `heard_at`: when the worker was last heard of, `same_lesson` in this
    lesson. `acted`: the reader pressed something (a beat only says that the page is in view). `room`: seconds that the lesson
    may still take.

    A gap over a minute counts nothing, with one exception: where no beat has come since the page was opened (a browser
    without script), an act of the reader counts the time since the opening, up to what the lesson honestly takes.
    """
    if not same_lesson and heard_at > opened_at:
        return 0
    gap = int((now - max(opened_at, heard_at)).total_seconds())
    if gap <= LONGEST_GAP:
        return max(0, gap)
    without_script = acted and opened_at > heard_at
    return min(gap, max(0, room)) if without_script else 0
