"""Files that people send: told by what is in them, cleaned of what nobody asked for, under a name that can do no harm. No database."""

import os
import re
import unicodedata
from collections.abc import Callable
from io import BytesIO
from typing import IO
from zipfile import BadZipFile, ZipFile

from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from lms.refusal import Refused

MEGABYTE = 1024 * 1024
PICTURES = ("JPEG", "PNG", "WEBP")
# a phone's camera gives 12 to 50 million points; more is an attempt to fill the memory. A JPEG is read at a smaller scale at once
POINTS, POINTS_SCALED = 40_000_000, 60_000_000
LONGEST_NAME = 80
LARGEST = {"mp4": 500 * MEGABYTE}
LARGEST_ELSE = 30 * MEGABYTE
PARTS, UNPACKED = 5000, 300 * MEGABYTE
OFFICE = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml", "pptx": "ppt/presentation.xml"}
MARKUP = re.compile(rb"<(!doctype|html|head|body|script|svg|iframe|\?xml|!--)", re.IGNORECASE)
FILMS = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"dash")
UNKNOWN = "unknown"  # the code of a refusal of what is not what it should be


def unknown() -> Refused:
    return Refused(_("文件里的内容和它的名字对不上。请用原来的软件打开它，另存一份再传。"), code=UNKNOWN)


# --- names ----------------------------------------------------------------------------------------------------------


def safe_name(name: str, ending: str = "") -> str:
    """
    The last part of a path, in letters that show what they are: no control characters, none that turn the direction of writing,
    nothing a system takes for a sign of its own, not too long. `ending` replaces the name's own.
    """
    stem, own = os.path.splitext(name.replace("\\", "/").rpartition("/")[2])
    stem = unicodedata.normalize("NFC", stem)
    stem = "".join(
        mark for mark in stem if unicodedata.category(mark) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    )
    stem = re.sub(r'[<>:"/|?*\\%;&\'`$#{}]+|\s+', " ", stem).strip(" .-_")[:LONGEST_NAME].strip()
    own = re.sub(r"[^0-9a-z]", "", own.lower())[:8]
    ending = ending or own
    return f"{stem or _('文件')}.{ending}" if ending else stem or _("文件")


# --- pictures -------------------------------------------------------------------------------------------------------


def picture(data: bytes, *, edge: int | None = None, into: str = "") -> tuple[bytes, str]:
    """
    The picture drawn anew, upright, and its format: what else was in the file (place, camera, hidden parts, other files) stays behind.
    `edge` is the longest side it keeps, `into` the format it is given. Refuses what moves, what is too large and what is none.
    """
    clean, kind = _drawn(data, edge=edge, into=into)
    if edge:
        clean.thumbnail((edge, edge))
    return _packed(clean, kind, quality=85 if edge else 90), kind


LIGHTER = [(share, quality) for share in (1, 0.8, 0.6, 0.4) for quality in (85, 70, 55, 40)]


def light(data: bytes, *, edge: int, heaviest: int) -> tuple[bytes, int, int]:
    """
    The picture drawn anew as WebP, on white where it was seen through, with its width and height: first in lower quality, then
    smaller, until it weighs no more than `heaviest`. Refuses what `picture` refuses.
    """
    clean, _kind = _drawn(data, edge=edge, into="WEBP")
    if clean.mode == "RGBA":
        clean = Image.alpha_composite(Image.new("RGBA", clean.size, "white"), clean).convert("RGB")
    clean.thumbnail((edge, edge))
    for share, quality in LIGHTER:
        size = (max(1, round(clean.width * share)), max(1, round(clean.height * share)))
        smaller = clean if share == 1 else clean.resize(size, Image.Resampling.LANCZOS)
        packed = _packed(smaller, "WEBP", quality=quality)
        if len(packed) <= heaviest:
            return packed, smaller.width, smaller.height
    raise Refused(_("图片太复杂，缩小以后还是太大。请裁掉不要的部分再传。"), code="upload")


def _drawn(data: bytes, *, edge: int | None, into: str) -> tuple[Image.Image, str]:
    try:
        with Image.open(BytesIO(data), formats=PICTURES) as opened:
            kind = opened.format or ""
            points = POINTS_SCALED if edge and kind == "JPEG" else POINTS
            if opened.width * opened.height > points:
                raise Refused(_("图片太大，请拍照时选小一点再传。"), code="upload")
            if getattr(opened, "n_frames", 1) > 1:
                raise Refused(_("会动的图片不能用。请截取其中一张再传。"), code="upload")
            if edge:
                opened.draft("RGB", (edge, edge))
            clean = ImageOps.exif_transpose(opened)
            kind = into or kind
            see_through = kind != "JPEG" and ("A" in clean.getbands() or "transparency" in clean.info)
            clean = clean.convert("RGBA" if see_through else "L" if clean.mode in {"1", "L"} else "RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as trouble:
        raise unknown() from trouble
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as trouble:
        raise Refused(_("图片太大，请拍照时选小一点再传。"), code="upload") from trouble
    clean.info.clear()
    return clean, kind


def _packed(clean: Image.Image, kind: str, *, quality: int) -> bytes:
    out = BytesIO()
    clean.save(out, kind, **({} if kind == "PNG" else {"quality": quality}))
    return out.getvalue()


# --- documents ------------------------------------------------------------------------------------------------------


def check(file: IO[bytes], *, ending: str, size: int) -> None:
    """Refuse a document whose content is not what its ending says, or that carries what nobody can see into."""
    if size > LARGEST.get(ending, LARGEST_ELSE):
        most = LARGEST.get(ending, LARGEST_ELSE) // MEGABYTE
        raise Refused(_("文件太大，最大 %s MB。请压缩或分成几份再传。") % most, code="upload")
    if not size:
        raise Refused(_("这个文件是空的。请确认里面有内容，再重新上传。"), code="upload")
    judge = JUDGES.get(ending)
    if judge is None:
        raise Refused(_("这种文件不能传。请另存成 PDF、Word、Excel、PPT 或 MP4 再传。"), code="upload")
    file.seek(0)
    try:
        judge(file, ending)
    finally:
        file.seek(0)


def pdf(file: IO[bytes], _ending: str = "") -> None:
    head = file.read(8)
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - 2048))
    if not head.startswith(b"%PDF-"):
        raise unknown()
    if b"%%EOF" not in file.read():
        raise Refused(_("这份 PDF 不完整，请重新扫描后再传。"), code="upload")


def office(file: IO[bytes], ending: str) -> None:
    if file.read(4) != b"PK\x03\x04":
        raise unknown()
    try:
        with ZipFile(file) as archive:
            infos = archive.infolist()
    except (BadZipFile, NotImplementedError, OSError, ValueError) as trouble:
        raise unknown() from trouble
    names = [info.filename for info in infos]
    lowered = {name.lower() for name in names}
    if len(lowered) < len(names) or len(names) > PARTS or sum(info.file_size for info in infos) > UNPACKED:
        raise unknown()
    if any(".." in name.split("/") or name.startswith(("/", "\\")) or "\\" in name for name in names):
        raise unknown()
    if any(name.endswith(("vbaproject.bin", ".exe", ".dll", ".js", ".vbs")) for name in lowered):
        raise Refused(_("这个文件里带有宏或程序。请另存为不带宏的文件再传。"), code="upload")
    if not {"[content_types].xml", OFFICE[ending]} <= lowered:
        raise unknown()


def film(file: IO[bytes], _ending: str = "") -> None:
    head = file.read(12)
    if head[4:8] != b"ftyp" or head[8:12] not in FILMS:
        raise unknown()


def text(file: IO[bytes], ending: str) -> None:
    data = file.read()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            words = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise unknown()
    if "\0" in words or MARKUP.match(data.lstrip(b"\xef\xbb\xbf \t\r\n")):
        raise unknown()
    if ending == "vtt" and not words.startswith("WEBVTT"):
        raise unknown()


JUDGES: dict[str, Callable[[IO[bytes], str], None]] = {
    "pdf": pdf,
    "mp4": film,
    "txt": text,
    "vtt": text,
    **dict.fromkeys(OFFICE, office),
}
