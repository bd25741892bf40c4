"""Fonts with Chinese characters for what is drawn as a picture, and which of them can draw a rare character.

The order: the file named in settings, then the font installed with the requirements (serif, then sans), then Debian's Noto.
A character that the first lacks is drawn with the next one that has it, so that a rare name never becomes a box.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path

import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from PIL import ImageFont

NOTO = Path("/usr/share/fonts/opentype/noto")
SIMPLIFIED = 2  # the face of simplified Chinese inside Noto's collections
MISSING = "〓"  # what Chinese documents print for a character they cannot print
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Face:
    path: str
    index: int = 0

    def at(self, size: int) -> ImageFont.FreeTypeFont:
        return _opened(self, size)

    def has(self, character: str) -> bool:
        return character.isspace() or _ink(self, character) != _ink(self, "\uffff")


@lru_cache(maxsize=64)
def _opened(face: Face, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(face.path, size, index=face.index, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=4096)
def _ink(face: Face, character: str) -> bytes:
    """The picture of a character; that of U+FFFF, which no font has, is the font's sign for a missing one."""
    mask = face.at(24).getmask(character)
    return repr(mask.size).encode() + bytes(mask)


@lru_cache(maxsize=1)
def faces() -> tuple[Face, ...]:
    """Every usable face, the preferred one first; stops loudly when not one of them has Chinese characters."""
    found = tuple(face for face in _candidates() if Path(face.path).is_file() and face.has("网"))
    if not found:
        raise ImproperlyConfigured("No font with Chinese characters was found. Set CERTIFICATE_FONT to a font file.")
    return found


def _candidates() -> Iterator[Face]:
    if settings.CERTIFICATE_FONT:
        yield Face(settings.CERTIFICATE_FONT)
    try:
        import pylopdf_fonts_zh_cn as packaged

        yield Face(str(packaged.serif_path()))
        yield Face(str(packaged.sans_path()))
    except ImportError:
        pass
    yield Face(str(NOTO / "NotoSerifCJK-Regular.ttc"), SIMPLIFIED)
    yield Face(str(NOTO / "NotoSansCJK-Regular.ttc"), SIMPLIFIED)


def runs(text: str) -> list[tuple[Face, str]]:
    """The text cut into pieces, each with the first face that has all its characters."""
    drawn = [_face_of(character) for character in text]
    return [(face, "".join(c for _, c in pieces)) for face, pieces in groupby(drawn, key=lambda piece: piece[0])]


def _face_of(character: str) -> tuple[Face, str]:
    for face in faces():
        if face.has(character):
            return face, character
    log.error("glyph_missing", codepoint=f"U+{ord(character):04X}")
    return faces()[0], MISSING


def width(text: str, size: int) -> float:
    return sum(face.at(size).getlength(piece) for face, piece in runs(text))


NEVER_FIRST = "，。；：？！、）》〉”’」』】〕％…"
TOGETHER = re.compile(r"[0-9A-Za-z.]+[年月日号分]?|.", re.DOTALL)


def wrapped(text: str, *, size: int, first: float, full: float) -> list[str]:
    """Break Chinese text into lines of `full` pixels, the first of `first`.

    Closing punctuation hangs rather than begin a line, and a number stays with its 年, 月 or 日.
    """
    lines, line, room = [], "", first
    for piece in TOGETHER.findall(text):
        if line and piece not in NEVER_FIRST and width(line + piece, size) > room:
            lines.append(line)
            line, room = "", full
        line += piece
    return [*lines, line]
