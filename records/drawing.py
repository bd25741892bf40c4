"""Draw a certificate: warm paper, two inks, no emblem and no seal of ours, a place for the unit's own."""

from dataclasses import dataclass
from io import BytesIO

import segno
from PIL import Image, ImageChops, ImageDraw

from records import faces

EDITION = 1  # raised when the drawing changes
WIDTH, HEIGHT = 1130, 1600  # upright, so that it can be read on a phone without turning it
MARGIN = 150
PAPER, INK, BRAND = (251, 248, 241), (32, 38, 48), (20, 82, 97)
LEVELS = 8  # steps between paper and each ink; 16 colours in all keep the file small


@dataclass(frozen=True)
class Face:
    """What a certificate says, ready to be drawn."""

    heading: str
    title: str
    sentence: str
    number: str
    issuer: str
    date: str
    check_url: str
    check_words: str
    seal_words: str


class Sheet:
    """Two layers of ink on paper; each layer is a mask, so that the picture needs sixteen colours only."""

    def __init__(self) -> None:
        self.ink = Image.new("L", (WIDTH, HEIGHT))
        self.brand = Image.new("L", (WIDTH, HEIGHT))
        self.pens = {"ink": ImageDraw.Draw(self.ink), "brand": ImageDraw.Draw(self.brand)}

    def text(self, x: float, y: float, text: str, *, size: int, layer: str = "ink", weight: int = 0) -> None:
        """Write one line whose baseline is `y`, from `x` on."""
        for face, piece in faces.runs(text):
            font = face.at(size)
            self.pens[layer].text((x, y), piece, font=font, fill=255, anchor="ls", stroke_width=weight)
            x += font.getlength(piece)

    def centred(self, y: float, text: str, *, size: int, layer: str = "ink", weight: int = 0) -> None:
        self.text((WIDTH - faces.width(text, size)) / 2, y, text, size=size, layer=layer, weight=weight)

    def ending(self, right: float, y: float, text: str, *, size: int, layer: str = "ink") -> None:
        self.text(right - faces.width(text, size), y, text, size=size, layer=layer)

    def frame(self, inset: int, thickness: int) -> None:
        box = (inset, inset, WIDTH - inset - 1, HEIGHT - inset - 1)
        self.pens["brand"].rectangle(box, outline=255, width=thickness)

    def png(self) -> bytes:
        """Both layers as one picture of sixteen colours."""
        steps = 256 // LEVELS
        index = ImageChops.lighter(
            self.ink.point([value // steps for value in range(256)]),
            self.brand.point([value // steps + LEVELS if value >= steps else 0 for value in range(256)]),
        )
        picture = Image.frombytes("P", index.size, index.tobytes())
        picture.putpalette([part for ink in (INK, BRAND) for step in range(LEVELS) for part in _blend(ink, step)])
        out = BytesIO()
        picture.save(out, "PNG", bits=4, optimize=False, compress_level=6)
        return out.getvalue()


def _blend(ink: tuple[int, int, int], step: int) -> list[int]:
    return [paper + (part - paper) * step // (LEVELS - 1) for paper, part in zip(PAPER, ink, strict=True)]


def certificate(face: Face) -> bytes:
    """The certificate as PNG, 1130 × 1600."""
    sheet = Sheet()
    sheet.frame(44, 6)
    sheet.frame(60, 2)
    sheet.centred(290, face.heading, size=92, layer="brand", weight=1)
    sheet.pens["brand"].rectangle((WIDTH // 2 - 60, 336, WIDTH // 2 + 60, 339), fill=255)
    bottom = paragraph(sheet, face.title, top=420, size=44, centre=True)
    sheet.centred(bottom + 22, face.number, size=30)
    paragraph(sheet, face.sentence, top=bottom + 190, size=48)
    sheet.ending(WIDTH - MARGIN, 1262, face.issuer, size=38)
    sheet.ending(WIDTH - MARGIN, 1326, face.seal_words, size=32)
    sheet.ending(WIDTH - MARGIN, 1390, face.date, size=38)
    check_code(sheet, face.check_url, left=MARGIN, bottom=1390)
    sheet.text(MARGIN, 1440, face.check_words, size=24)
    return sheet.png()


def paragraph(sheet: Sheet, text: str, *, top: float, size: int, centre: bool = False) -> float:
    """Write a paragraph (indented by two characters, or centred line by line); returns the baseline after it."""
    full = WIDTH - 2 * MARGIN
    indent = 0 if centre else 2 * size
    for line in faces.wrapped(text, size=size, first=full - indent, full=full):
        if centre:
            sheet.centred(top, line, size=size)
        else:
            sheet.text(MARGIN + indent, top, line, size=size)
        top, indent = top + size * 1.85, 0
    return top


def check_code(sheet: Sheet, address: str, *, left: int, bottom: int) -> None:
    """The QR code of the public check page, about 190 pixels wide, its modules whole pixels."""
    rows = [list(row) for row in segno.make(address, error="m", micro=False).matrix]
    scale = max(1, 190 // len(rows))
    code = Image.new("L", (len(rows), len(rows)))
    code.putdata([255 if module else 0 for row in rows for module in row])
    code = code.resize((len(rows) * scale, len(rows) * scale), Image.Resampling.NEAREST)
    sheet.ink.paste(code, (left, bottom - code.height))
