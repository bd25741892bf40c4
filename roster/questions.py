"""A question in words before a password is tried once more: a screen reader reads it, and nobody needs to see a picture."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core import signing
from django.utils.translation import gettext as _

from lms import numbers
from roster import guesses

SALT, MINUTES = "roster.questions", 10
FIGURES = "零一二三四五六七八九十"
WORDS = {FIGURES[n] if n <= 10 else "十" + (FIGURES[n - 10] if n < 20 else ""): n for n in range(20)} | {
    "两": 2,
    "一十": 10,
}


@dataclass(frozen=True)
class Question:
    """“三加五等于几？”: the words, and a token that carries it through the form."""

    words: str
    token: str
    pause: int


def draw(*, pause: int, now: datetime) -> Question:
    one, other = 1 + secrets.randbelow(9), 1 + secrets.randbelow(9)
    token = signing.dumps([one, other, pause, now.timestamp(), secrets.token_hex(6)], salt=SALT)
    return Question(words(one, other), token, pause)


def words(one: int, other: int) -> str:
    return _("%(one)s加%(other)s等于几？") % {"one": FIGURES[one], "other": FIGURES[other]}


def too_soon(token: str, *, now: datetime) -> int:
    """How many seconds the question must still stand; 0 when it may be answered."""
    _one, _other, pause, at, _mark = read(token) or (0, 0, 0, 0, "")
    return max(0, round(at + pause - now.timestamp()))


def answered(token: str, answer: str, *, now: datetime) -> bool:
    """Whether this is the right answer to a question of ours, in time, after its pause. Each question takes one answer."""
    found = read(token)
    if found is None:
        return False
    one, other, pause, at, mark = found
    if not at + pause <= now.timestamp() <= at + MINUTES * 60:
        return False
    used = guesses.key("question", mark)
    first = guesses.count({used: now + timedelta(minutes=MINUTES)}, now=now)[used] == 1
    return first and understood(answer) == one + other


def understood(answer: str) -> int | None:
    """The number that was meant: 8, ８, 八, 十一."""
    plain = answer.strip().rstrip("。.")
    return WORDS[plain] if plain in WORDS else numbers.row(plain)


def read(token: str) -> tuple[int, int, int, float, str] | None:
    try:
        one, other, pause, at, mark = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError):
        return None
    return one, other, pause, at, mark
