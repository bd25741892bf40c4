"""A check question as the reader sees it, before and after the answer. Not counted towards anything; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

LETTERS = "ABCDEF"


@dataclass(frozen=True)
class Choice:
    """One option; `verdict` is "", "right" or "wrong"."""

    letter: str
    text: str
    chosen: bool
    verdict: str
    verdict_text: str


@dataclass(frozen=True)
class Check:
    several: bool
    answered: bool
    right: bool
    choices: list[Choice]
    opinion: str


def judge(*, options: Sequence[str], key: str, chosen: str) -> Check:
    """What to show for the letters chosen; nothing chosen shows the bare question."""
    keys = set(key.upper()) & set(LETTERS)
    mine = set(chosen)
    choices = [_choice(letter, text, keys, mine) for letter, text in zip(LETTERS, options, strict=False)]
    right = bool(mine) and mine == keys
    return Check(len(keys) > 1, bool(mine), right, choices, _opinion(right, keys) if mine else "")


def _choice(letter: str, text: str, keys: set[str], mine: set[str]) -> Choice:
    chosen = letter in mine
    if not mine or (letter not in keys and not chosen):
        return Choice(letter, text, chosen, "", "")
    if letter in keys:
        return Choice(letter, text, chosen, "right", _("对的，你选了") if chosen else _("这个要选"))
    return Choice(letter, text, chosen, "wrong", _("你选了这个"))


def _opinion(right: bool, keys: set[str]) -> str:
    letters = "、".join(sorted(keys))
    return (_("是的，选 %(key)s。") if right else _("再想想，应该选 %(key)s。")) % {"key": letters}
