"""Where a record comes from that no course, exam or mentor posted: the source it is known by, and how a person is told of it. Pure.

    records.training:2024-03-04:9f2c…     a training that was held elsewhere: day (or month, or year) as known, course and organiser hashed
    records.work:2026-03                  a month, quarter (2026-Q1), half (2026-H1) or year of work results, with an indicator hashed behind it
    records.work:2026-03~2                the second time that this was posted, because the first was reversed

The same content gives the same source on every machine, so that the same row again is the same record.
"""

import hashlib
import re
import unicodedata

from django.utils.translation import gettext as _

TRAINING, WORK = "records.training:", "records.work:"
AGAIN = "~"
HOST = "（主办：{}）"
COURSE = re.compile(r"^(.*)（主办：.*）$", re.DOTALL)


def key(text: str) -> str:
    """What is compared of a course, an organiser or an indicator: without spaces, punctuation, width and case."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).casefold()


def digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(key(part) for part in parts).encode()).hexdigest()[:16]


def training(course: str, host: str, day: str) -> str:
    """`day` is as exact as it is known: 2024-03-04, 2024-03 or 2024."""
    return f"{TRAINING}{day}:{digest(course, host)}"


def work(period: str, indicator: str = "") -> str:
    return f"{WORK}{period}:{digest(indicator)}" if indicator else f"{WORK}{period}"


def first(source: str) -> str:
    """The source under which the same fact was posted the first time."""
    return source.partition(AGAIN)[0]


def nth(source: str, count: int) -> str:
    """The source of a fact that has been posted `count` times before; all of those are reversed."""
    return f"{source}{AGAIN}{count + 1}" if count else source


def known_of(source: str) -> str:
    """The day, month, year or period in a source of ours; "" for the sources of others."""
    mine = source.startswith((TRAINING, WORK))
    return first(source).split(":")[1] if mine else ""


def course(title: str) -> str:
    """The course in a title made by us."""
    found = COURSE.match(title)
    return found[1] if found else title


def label(source: str) -> str:
    """What a person is told of where it comes from; "" where the title and its link say it."""
    if source.startswith(TRAINING):
        return _("过往培训")
    return _("省平台") if source.startswith(WORK) else ""
