"""Scans of documents: looked into, made anew without what cameras write into them, kept sealed in private storage."""

import hashlib
from datetime import datetime
from io import BytesIO

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _

from lms import sealing, uploads
from lms.refusal import Refused
from roster.models.life import private

LARGEST = 10 * 1024 * 1024
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
    try:
        if not data.startswith(b"%PDF-"):
            return uploads.picture(data, edge=EDGE, into="JPEG")[0]
        uploads.pdf(BytesIO(data))
        return data
    except Refused as refusal:
        unknown = _("只能传照片（JPG、PNG）或 PDF。请把文件另存成这两种再传。")
        sentence = unknown if refusal.code == uploads.UNKNOWN else refusal.sentence
        raise Refused(sentence, code="scan") from refusal


def opened(name: str) -> tuple[bytes, str]:
    """What was kept under a name, and its type."""
    with private().open(name) as file:
        data = sealing.unseal_bytes(file.read())
    return data, "application/pdf" if data.startswith(b"%PDF-") else "image/jpeg"
