"""Scans of documents: looked into, made anew without what cameras write into them, kept sealed in private storage."""

import hashlib
from datetime import datetime
from io import BytesIO

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from lms import sealing
from lms.refusal import Refused
from roster.models.life import private

LARGEST = 10 * 1024 * 1024
PICTURES = ("JPEG", "PNG", "WEBP")
# a phone's camera gives 12 to 50 million points; more is an attempt to fill the memory
POINTS = 60_000_000
# A4 at 300 points an inch
EDGE = 3508


def keep(upload: UploadedFile, *, now: datetime) -> str:
    """Check, clean, seal and store; returns the name in private storage. Refuses what is no picture and no PDF."""
    data = cleaned(upload)
    day = timezone.localtime(now)
    name = f"steps/{day:%Y/%m}/{hashlib.sha256(data).hexdigest()[:24]}.bin"
    return private().save(name, ContentFile(sealing.seal_bytes(data)))


def cleaned(upload: UploadedFile) -> bytes:
    if upload.size is None or upload.size > LARGEST:
        raise Refused(_("文件太大，最大 10 MB。请拍照时选小一点，或把 PDF 拆开。"), code="scan")
    data = upload.read()
    if data.startswith(b"%PDF-"):
        if b"%%EOF" not in data[-2048:]:
            raise Refused(_("这份 PDF 不完整，请重新扫描后再传。"), code="scan")
        return data
    return _picture(data)


def _picture(data: bytes) -> bytes:
    """The picture drawn anew, upright: what else was in the file (place, camera, hidden parts) stays behind."""
    try:
        with Image.open(BytesIO(data), formats=PICTURES) as picture:
            if picture.width * picture.height > POINTS:
                raise Refused(_("图片太大，请拍照时选小一点再传。"), code="scan")
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as trouble:
        raise Refused(_("只能传照片（JPG、PNG）或 PDF。请把文件另存成这两种再传。"), code="scan") from trouble
    upright.thumbnail((EDGE, EDGE))
    out = BytesIO()
    upright.save(out, "JPEG", quality=85)
    return out.getvalue()


def opened(name: str) -> tuple[bytes, str]:
    """What was kept under a name, and its type."""
    with private().open(name) as file:
        data = sealing.unseal_bytes(file.read())
    return data, "application/pdf" if data.startswith(b"%PDF-") else "image/jpeg"
