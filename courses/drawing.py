"""Draw a sequence of stages as a picture: from top to bottom, so that it can be read on a narrow phone."""

from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw

from records import faces

# drawn at twice the size at which a 360 px phone shows it
WIDTH, MARGIN = 656, 28
BOX, GAP, NUMBER = 92, 46, 46
SIZE, LINE = 36, 48
PAPER, BRAND, SOFT, ARROW, INK = (246, 245, 241), (20, 81, 95), (226, 238, 239), (157, 188, 193), (27, 38, 48)


def face() -> faces.Face:
    """A sans-serif face where there is one: thin strokes of a serif are lost on a small screen."""
    try:
        import pylopdf_fonts_zh_cn as packaged

        found = Path(packaged.sans_path())
        return faces.Face(str(found)) if found.is_file() else faces.faces()[0]
    except ImportError:
        return faces.faces()[0]


def flow(stages: list[str]) -> bytes:
    """A PNG of numbered boxes joined by arrows, each box as high as its words need."""
    font = face().at(SIZE)
    room = WIDTH - 2 * MARGIN - NUMBER - 3 * 24
    words = [_lines(stage, room) for stage in stages]
    heights = [max(BOX, len(lines) * LINE + 40) for lines in words]
    height = 2 * MARGIN + sum(heights) + GAP * (len(stages) - 1)
    picture = Image.new("RGB", (WIDTH, height), PAPER)
    pen = ImageDraw.Draw(picture)
    top = MARGIN
    for number, (lines, tall) in enumerate(zip(words, heights, strict=True), 1):
        last = number == len(stages)
        _box(pen, top, tall, last=last)
        _number(pen, number, top + tall // 2, last=last)
        for row, line in enumerate(lines):
            middle = top + tall // 2 + (row - (len(lines) - 1) / 2) * LINE
            at = (MARGIN + 2 * 24 + NUMBER, middle)
            pen.text(at, line, font=font, fill=PAPER if last else INK, anchor="lm", stroke_width=0)
        if not last:
            _arrow(pen, top + tall)
        top += tall + GAP
    out = BytesIO()
    picture.quantize(32, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def _lines(stage: str, room: int) -> list[str]:
    """Lines of about the same length, so that no single character is left over."""
    font = face().at(SIZE)
    count = max(1, -(-int(font.getlength(stage)) // room))
    each = -(-len(stage) // count)
    return [stage[start : start + each] for start in range(0, len(stage), each)]


def _box(pen: ImageDraw.ImageDraw, top: int, tall: int, *, last: bool) -> None:
    corners = (MARGIN, top, WIDTH - MARGIN, top + tall)
    pen.rounded_rectangle(corners, radius=20, fill=BRAND if last else SOFT, outline=BRAND, width=3)


def _number(pen: ImageDraw.ImageDraw, number: int, middle: int, *, last: bool) -> None:
    left = MARGIN + 24
    circle = (left, middle - NUMBER // 2, left + NUMBER, middle + NUMBER // 2)
    pen.ellipse(circle, fill=PAPER if last else BRAND)
    at = (left + NUMBER / 2, middle)
    pen.text(at, str(number), font=face().at(30), fill=BRAND if last else PAPER, anchor="mm")


def _arrow(pen: ImageDraw.ImageDraw, top: int) -> None:
    middle = WIDTH // 2
    pen.line((middle, top + 6, middle, top + GAP - 16), fill=ARROW, width=6)
    pen.polygon([(middle - 15, top + GAP - 22), (middle + 15, top + GAP - 22), (middle, top + GAP - 4)], fill=ARROW)
