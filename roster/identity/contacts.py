"""Telephone numbers: the first mobile signs in, the others and landlines are only ways to reach someone."""

import re
from dataclasses import dataclass

from lms.sheets import Cell

from .cleaning import plain

MOBILE = re.compile(r"1[3-9][0-9]{9}")
LANDLINE = re.compile(r"0[0-9]{2,3}-?[2-9][0-9]{6,7}|[2-9][0-9]{6,7}")
SPLIT = re.compile(r"[/\\、,，;；|\n]+|或者?|以及|及|和")
COUNTRY = re.compile(r"^(?:\+|00)?86(?=1[3-9][0-9]{9}$)")


@dataclass(frozen=True, slots=True)
class Mobile:
    """The numbers of a telephone cell. `codes`: mobile_format (something is written, but no number in it is whole)."""

    first: str = ""
    others: tuple[str, ...] = ()
    landlines: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


def mobile(cell: Cell) -> Mobile:
    """Find every whole number in a telephone cell; remarks in brackets are passed over."""
    written = plain(cell)
    if not written:
        return Mobile()
    mobiles: list[str] = []
    landlines: list[str] = []
    broken = False
    for piece in SPLIT.split(re.sub(r"[(（][^)）]*[^0-9)）\s-][^)）]*[)）]", "/", written)):
        found, fixed = _numbers(piece)
        mobiles += found
        landlines += fixed
        broken |= bool(re.search(r"\d", piece)) and not found and not fixed
    mobiles = list(dict.fromkeys(mobiles))
    codes = ("mobile_format",) if broken or not (mobiles or landlines) else ()
    return Mobile(mobiles[0] if mobiles else "", tuple(mobiles[1:]), tuple(dict.fromkeys(landlines)), codes)


def _numbers(piece: str) -> tuple[list[str], list[str]]:
    """Mobiles and landlines in one piece of a cell, which may still hold two numbers with a space between them."""
    close = COUNTRY.sub("", re.sub(r"[^0-9+]", "", piece))
    if MOBILE.fullmatch(close):
        return [close], []
    if len(close) == 22 and MOBILE.fullmatch(close[:11]) and MOBILE.fullmatch(close[11:]):
        return [close[:11], close[11:]], []
    mobiles: list[str] = []
    landlines: list[str] = []
    for word in re.sub(r"[()]", "", re.sub(r"(?<=\d)\s*[-—–]\s*(?=\d)", "-", piece)).split():
        digits = COUNTRY.sub("", re.sub(r"[^0-9+]", "", word))
        if MOBILE.fullmatch(digits):
            mobiles.append(digits)
        elif LANDLINE.fullmatch(re.sub(r"[^0-9-]", "", word)):
            landlines.append(re.sub(r"[^0-9-]", "", word))
    return mobiles, landlines


def mask_mobile(value: str) -> str:
    """138****5678; all stars where it is too short to hide anything."""
    return f"{value[:3]}****{value[-4:]}" if len(value) >= 11 else "*" * len(value)
