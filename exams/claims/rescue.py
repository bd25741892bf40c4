"""
Answers that no network could carry: a file, or the same bytes as a series of QR codes, made by the paper's page and brought in by a person.

What is in it only the server can read (`rescue_keys` has the keys): ECDH on P-256 with a key of its own for each file, HKDF, AES-GCM. What
the file says of time is the phone's word. Nothing in here touches a database.
"""

import binascii
import hashlib
import hmac
import json
import re
import zlib
from base64 import b32decode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.utils.translation import gettext as _

from exams.day import rescue_keys
from exams.day.attempts import Given
from exams.day.exchange import LATEST, MOST, NO_PAGE
from lms.refusal import Refused

MAGIC = b"WGX1"
POINT, IV, TAG = 65, 12, 16  # bytes of an uncompressed point, of the nonce, of the tag
HEAD = len(MAGIC) + 1 + POINT
LARGEST = 256 * 1024  # of a file
UNPACKED = 2 * 1024 * 1024  # of what is in it: 200 answers of 3,000 characters fit
MOST_PARTS = 99
PART = re.compile(r"WGX1/([0-9A-F]{8})/([0-9]{1,2})/([0-9]{1,2})/([A-Z2-7]{1,2000})")
TOKEN = re.compile(r"([1-9][0-9]{0,17})\.([0-9A-Za-z_-]{0,22})\.([0-9A-Za-z_-]{24})")


# --- what is in it


class Rescued(NamedTuple):
    """What one phone had, as it says itself; attempt and device as the server knows them again."""

    attempt: int
    device: str
    made: datetime  # by the phone's clock
    pages: dict[int, list[Given]]  # by the number of the page that gave them
    ages: dict[tuple[int, int], int]  # (item, seq) → milliseconds between the finger and the making of the file
    acked: int  # how many of them the phone says the server had acknowledged

    @property
    def answers(self) -> list[Given]:
        return [one for given in self.pages.values() for one in given]


def foreign() -> Refused:
    return Refused(_("这不是本系统的作答备份。请选手机上下载的“作答备份-….wgx”文件，或者重新扫码。"), code="foreign")


def damaged() -> Refused:
    return Refused(_("这份备份不完整或者被改动过，读不出来。请回到那台手机上重新导出一份。"), code="damaged")


def opened(data: bytes) -> Rescued:
    """Read a backup. Refuses what is not one, what was changed on the way, and what our page did not make."""
    if len(data) > LARGEST:
        raise Refused(_("这个文件太大，不是作答备份。请选“作答备份-….wgx”文件。"), code="large")
    if not data.startswith(MAGIC):
        raise foreign()
    if len(data) < HEAD + IV + TAG or data[4] not in (0, 1):
        raise damaged()
    try:
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data[5:HEAD])
        shared = rescue_keys.private().exchange(ec.ECDH(), theirs)
        key = HKDF(algorithm=SHA256(), length=32, salt=data[5:HEAD], info=b"answer rescue file").derive(shared)
        text = AESGCM(key).decrypt(data[HEAD : HEAD + IV], data[HEAD + IV :], data[:HEAD])
    except (InvalidTag, ValueError) as trouble:
        raise damaged() from trouble
    return _read(_inflated(text) if data[4] else text)


def _inflated(text: bytes) -> bytes:
    packer = zlib.decompressobj()
    try:
        plain = packer.decompress(text, UNPACKED)
    except zlib.error as trouble:
        raise damaged() from trouble
    if not packer.eof or len(plain) >= UNPACKED:
        raise damaged()
    return plain


def _read(text: bytes) -> Rescued:
    """{"token", "made", "answers": [[item, seq, value, age or null, acked, page], …]}"""
    try:
        said = json.loads(text)
        match = TOKEN.fullmatch(said["token"])
        rows = [(int(r[0]), int(r[1]), r[2], r[3], bool(r[4]), int(r[5])) for r in said["answers"]]
        ages = {(item, seq): min(max(int(age), 0), LATEST) for item, seq, _v, age, *_rest in rows if age is not None}
        made = datetime.fromtimestamp(int(said["made"]) / 1000, UTC)
    except (
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        AttributeError,
        OverflowError,
        OSError,
        RecursionError,
    ) as error:
        raise damaged() from error
    fine = all(0 < r[0] <= 2**63 - 1 and 0 < r[1] <= LATEST and 0 <= r[5] < NO_PAGE for r in rows)
    if match is None or not fine or len(rows) > MOST:
        raise damaged()
    attempt, device = int(match[1]), match[2]
    if not hmac.compare_digest(rescue_keys.token(attempt, device), match[0]):
        raise damaged()
    pages: dict[int, list[Given]] = {}
    for item, seq, value, _age, _acked, page in rows:
        pages.setdefault(page, []).append(Given(item, seq, value))
    return Rescued(attempt, device, made, pages, ages, sum(row[4] for row in rows))


# --- QR codes


@dataclass
class Series:
    """The parts of one backup that were pasted, in whatever order."""

    print: str
    count: int
    parts: dict[int, str] = field(default_factory=dict)

    @property
    def missing(self) -> list[int]:
        return [number for number in range(1, self.count + 1) if number not in self.parts]


def pieced(text: str) -> tuple[list[Series], list[str]]:
    """The series in a pasted text, and the lines in it that are none of ours."""
    found: dict[tuple[str, int], Series] = {}
    strange = []
    for word in text.upper().split():
        match = PART.fullmatch(word)
        number, count = (int(match[2]), int(match[3])) if match else (0, 0)
        if match is None or not 1 <= number <= count <= MOST_PARTS:
            strange.append(word[:40])
            continue
        found.setdefault((match[1], count), Series(match[1], count)).parts[number] = match[4]
    return list(found.values()), strange


def joined(series: Series) -> bytes:
    """The bytes of a whole series. Refuses while parts are missing, naming them."""
    if series.missing:
        numbers = "、".join(str(number) for number in series.missing)
        raise Refused(
            _("这一组二维码共 %(count)d 张，还差第 %(missing)s 张，请扫好以后一起贴进来。")
            % {"count": series.count, "missing": numbers},
            code="missing",
        )
    text = "".join(series.parts[number] for number in range(1, series.count + 1))
    try:
        data = b32decode(text + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError) as trouble:
        raise damaged() from trouble
    if hashlib.sha256(data).hexdigest()[:8].upper() != series.print:
        raise damaged()
    return data


def many(files: Iterable[tuple[str, bytes]], text: str) -> list[tuple[str, "Rescued | Refused", bytes]]:
    """All backups among files and pasted texts; one that cannot be read stands in the list with its sentence and stops no other."""
    series, strange = pieced(text)
    told: list[tuple[str, Any, bytes]] = [(name, *_tried(lambda data=data: data)) for name, data in files]
    told += [(_("二维码 %s") % one.print, *_tried(lambda one=one: joined(one))) for one in series]
    told += [(line, foreign(), b"") for line in strange[:20]]
    return told


def _tried(source: Any) -> tuple["Rescued | Refused", bytes]:
    try:
        data = source()
        return opened(data), data
    except Refused as refusal:
        return refusal, b""
