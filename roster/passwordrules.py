"""What a password must be, said before it is typed and again where it is not. Pure but for who the person is."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from roster import reach
from roster.models import User

WORKER, HOLDER = 8, 10  # signs
CLASSES = 3  # of four, for whoever holds a role

# What people here take for a password that is none: a word everybody thinks of, with figures everybody thinks of. A list of such
# passwords would never be whole; most of those that leaked are one of these words beside one of these figures.
WORDS = frozenset((Path(__file__).parent / "content" / "common_words.txt").read_text(encoding="utf-8").split())
FIGURES = re.compile(
    r"""0*1?2?3?4?5?6?7?8?9?0?            # along the keys, from wherever to wherever
    | (?:12345|54321|123|321|1234|4321|123456|654321|987654321|0987654321|9876543210|147258369|159357|258|147|369|789|456)+
    | (\d)\1*(?:(\d)\2*)?(?:(\d)\3*)?   # 666, 888888, 112233
    | (?:520|521|1314|5201314|1314520|5211314|7758521|7758258|3344|110|119|120|12345|10086|10010)+
    | (?:19|20)\d\d                     # a year
    | (?:19|20)\d\d(?:0?[1-9]|1[0-2])(?:0?[1-9]|[12]\d|3[01])   # a day
    | (\d\d)\4+                         # 1212
    """,
    re.VERBOSE,
)
SIGNS = re.compile(r"[\W_]+")
PIECES = re.compile(r"\d+|[^\d\W_]+")


def common(password: str) -> bool:
    """Whether this is what others try first: a word of the list and such figures, in either order, with signs or without."""
    plain = SIGNS.sub("", password.lower().replace("@", "a").replace("$", "s"))
    pieces = PIECES.findall(plain)
    words = [piece for piece in pieces if not piece[0].isdigit()]
    figures = [piece for piece in pieces if piece[0].isdigit()]
    short = sum(map(len, words)) <= 2  # my12345678: the letters are only there because a letter was asked for
    return (short or all(map(known_word, words))) and all(FIGURES.fullmatch(piece) for piece in figures)


@lru_cache(maxsize=1024)
def known_word(word: str) -> bool:
    """One of the words, twice the same, two of them in a row, or one sign again and again."""
    if word in WORDS or len(set(word)) == 1:
        return True
    return any(word[:cut] in WORDS and word[cut:] in WORDS for cut in range(1, len(word)))


def holder(user: Any) -> bool:
    """Whether more is asked of this person, because they may see or change more than their own."""
    return bool(user and user.pk and (user.is_superuser or reach.roles(user)))


def classes(password: str) -> int:
    """How many of the four kinds of signs there are: capitals, small letters, figures, others (Han characters among them)."""
    kinds = ("[A-Z]", "[a-z]", "[0-9]", "[^A-Za-z0-9]")
    return sum(bool(re.search(kind, password)) for kind in kinds)


def rules(user: User | None) -> list[str]:
    """The rules in words, for the page where a password is typed."""
    if holder(user):
        first = _("至少 %(n)s 位，大写字母、小写字母、数字、符号（或汉字）四种里至少有三种") % {"n": HOLDER}
    else:
        first = _("至少 %(n)s 位，字母（或汉字）和数字都要有") % {"n": WORKER}
    return [
        first,
        _("不要带自己的姓名（包括拼音）、手机号、身份证号、登录号"),
        _("不要用 a123456789、woaini1314 这类大家都想得到的"),
    ]


class LongEnough:
    def validate(self, password: str, user: User | None = None) -> None:
        least = HOLDER if holder(user) else WORKER
        if len(password) < least:
            raise ValidationError(_("密码太短，至少要 %(n)s 位。") % {"n": least}, code="password_too_short")

    def get_help_text(self) -> str:
        return _("网格员至少 %(n)s 位，有角色的至少 %(m)s 位。") % {"n": WORKER, "m": HOLDER}


class Mixed:
    def validate(self, password: str, user: User | None = None) -> None:
        if not any(sign.isdigit() for sign in password):
            raise ValidationError(_("密码里还要有数字，请加上一两个。"), code="password_no_figure")
        if not any(sign.isalpha() for sign in password):
            raise ValidationError(_("密码里还要有字母，请加上一两个。"), code="password_no_letter")
        if holder(user) and classes(password) < CLASSES:
            raise ValidationError(
                _("管理账号的密码要有大写字母、小写字母、数字、符号中的三种，请再加一种。"), code="password_few_classes"
            )

    def get_help_text(self) -> str:
        return _("字母和数字都要有；有角色的，四种字符里至少三种。")


class NotCommon(CommonPasswordValidator):
    """Django's twenty thousand, and what is common here."""

    def validate(self, password: str, user: User | None = None) -> None:
        if password.lower().strip() in self.passwords or common(password):
            raise ValidationError(_("这个密码太常见，别人一猜就中，请换一个。"), code="password_too_common")

    def get_help_text(self) -> str:
        return _("不要用大家都想得到的密码。")


class NotAboutYou:
    """The name, the numbers and how the name is typed are the first things a stranger would try."""

    def validate(self, password: str, user: User | None = None) -> None:
        plain = re.sub(r"\s", "", password.lower())
        if any(part and len(part) >= 2 and part.lower() in plain for part in own(user)):
            raise ValidationError(
                _("密码里不要带自己的姓名（包括拼音）、手机号、身份证号或登录号。"), code="password_about_you"
            )

    def get_help_text(self) -> str:
        return _("不要带自己的姓名、手机号、身份证号或登录号。")


def own(user: User | None) -> list[str]:
    """What of a person must not stand in their password."""
    if not user:
        return []
    parts = [user.username, user.name]
    worker = getattr(user, "worker", None) if user.pk else None
    if worker:
        parts += [worker.number, worker.number.lstrip("Ww0") if len(worker.number.lstrip("Ww0")) >= 4 else ""]
        parts += [worker.mobile, worker.mobile[-6:], worker.mobile[-8:]]
        parts += [worker.id_number, worker.id_number[-6:], worker.id_number[6:14], worker.id_number[8:14]]
        # a short one, like lili, stands in too many other words
        parts += [sound for sound in worker.pinyin.split() if len(sound) >= 5]
    return parts
