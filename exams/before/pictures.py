"""
The picture of a question: a photograph of a place, a platform's screen, a sign. Made light and stripped when it is sent, sealed in private
storage under a name made of its content. It is never changed: a better one is another file, and a paper keeps the one it was frozen with.
"""

import hashlib
import logging
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import Http404
from django.utils.translation import gettext as _

from exams.models import PaperItem, Picture, Question, QuestionKind
from exams.models.banks import private
from lms import audit, sealing, uploads
from lms.refusal import Refused
from roster.models import User

LARGEST = 8 * uploads.MEGABYTE
EDGE, HEAVIEST = 1280, 150 * 1024
KIND = "image/webp"
LONGEST_TEXT = 200
HELD = 64  # opened pictures in the memory of a process, 10 MB at most

log = logging.getLogger(__name__)


def put(question: Question, *, upload: UploadedFile | None, text: str, by: User, now: datetime) -> Question:
    """
    Give a question its picture, or another one, with the words for who cannot see it; without `upload` only the words change. Papers that
    are published keep what they have. Refuses what is no picture, what is too large, and words that are missing or give the answer away.
    """
    text = described(question, text)
    # drawn before the transaction: that takes a second, in which nobody should wait to write
    drawn = made_light(upload) if upload else None
    with transaction.atomic():
        question = Question.objects.select_for_update(of=("self",)).select_related("picture").get(pk=question.pk)
        if drawn is None and question.picture is None:
            raise Refused(_("还没有图片，请选一张。"), code="file")
        if drawn:
            let_go(question, now=now)
            question.picture = kept(*drawn, now=now)
        question.picture_text = text
        question.save(update_fields=["picture", "picture_text"])
        audit.note("question.pictured", now=now, actor=by, subject=question)
    return question


@transaction.atomic
def drop(question: Question, *, by: User, now: datetime) -> None:
    """Take the picture off a question; papers that are published keep it. Nothing happens where there is none."""
    question = Question.objects.select_for_update(of=("self",)).select_related("picture").get(pk=question.pk)
    if question.picture is None:
        return
    let_go(question, now=now)
    question.picture, question.picture_text = None, ""
    question.save(update_fields=["picture", "picture_text"])
    audit.note("question.picture_dropped", now=now, actor=by, subject=question)


def described(question: Question, text: str) -> str:
    """The description as it is kept. Refuses one that is missing, too long, or says a right option and no wrong one."""
    text = " ".join(text.split())
    if not text:
        raise Refused(_("请写替代文字：看不见图片的考生靠它作答。"), code="text")
    if len(text) > LONGEST_TEXT:
        raise Refused(_("替代文字最多 %d 字，请写短一些。") % LONGEST_TEXT, code="text")
    if question.kind in {QuestionKind.SINGLE, QuestionKind.MULTIPLE}:
        said = {place for place, option in enumerate(question.options) if len(option) > 1 and option in text}
        if said and said <= set(question.key):
            words = question.options[min(said)]
            raise Refused(_("替代文字里写出了正确答案“%s”。请只写图上看得见的东西。") % words, code="text")
    return text


def made_light(upload: UploadedFile) -> tuple[bytes, int, int]:
    if upload.size is None or upload.size > LARGEST:
        raise Refused(_("图片太大，最大 8 MB。请拍照时选小一点，或者先截取要用的部分。"), code="file")
    try:
        return uploads.light(upload.read(), edge=EDGE, heaviest=HEAVIEST)
    except Refused as refusal:
        unknown = _("这个文件不是能用的图片。只能传 JPG、PNG 或 WebP；别的格式，请打开以后截屏再传。")
        sentence = unknown if refusal.code == uploads.UNKNOWN else refusal.sentence
        raise Refused(sentence, code="file") from refusal


def kept(data: bytes, width: int, height: int, *, now: datetime) -> Picture:
    """The row of this very picture: the one there is, or a new one with its file."""
    key = f"p{hashlib.sha256(data).hexdigest()[:31]}"  # never a mere number, which an address would take for that of a row
    if Picture.objects.filter(key=key).update(touched_at=now):  # which also holds it against being cleared away
        return Picture.objects.get(key=key)
    name = private().save(f"questions/{key}.bin", ContentFile(sealing.seal_bytes(data)))
    values = {"file": name, "width": width, "height": height, "touched_at": now}
    return Picture.objects.get_or_create(key=key, defaults=values)[0]


def let_go(question: Question, *, now: datetime) -> None:
    Picture.objects.filter(questions=question.pk).update(touched_at=now)


def frozen(question: Question) -> dict[str, Any]:
    """What a paper keeps of it beside the file."""
    picture = question.picture
    assert picture is not None
    size = {"width": picture.width, "height": picture.height}
    return {"key": picture.key, "text": question.picture_text, **size}


# --- shown


def files(exam_id: int) -> dict[str, str]:
    """The pictures of an exam's paper: key → file."""
    items = PaperItem.objects.filter(exam=exam_id).exclude(picture=None)
    return dict(items.order_by().values_list("picture__key", "picture__file"))


def opened(name: str) -> bytes:
    """What is kept under a name; 404 where the file is gone, which the log tells."""
    try:
        return _opened(name)
    except FileNotFoundError:
        log.error("picture_lost: %s", name)
        raise Http404 from None


@lru_cache(maxsize=HELD)
def _opened(name: str) -> bytes:
    with private().open(name) as file:
        return sealing.unseal_bytes(file.read())
