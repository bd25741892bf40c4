"""
The keys of backups (`exams.claims.rescue`). Both are derived from LOOKUP_KEY, which never changes: nothing more has to be kept safe, and what was
made yesterday is readable after any other key was changed.

The public half stands in each paper's page, beside a token by which the server knows again for which attempt and which device it made that
page; without it anybody who had seen one paper could make "answers" of somebody else.
"""

import hmac
from base64 import urlsafe_b64encode
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the group of P-256


def _derived(secret: str, purpose: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=purpose).derive(secret.encode())


@lru_cache(maxsize=4)
def _private(secret: str) -> ec.EllipticCurvePrivateKey:
    """48 bytes taken modulo the order of the group: no value is likelier than another by more than 2⁻¹²⁸."""
    number = int.from_bytes(_derived(secret, b"answer rescue", 48)) % (ORDER - 1) + 1
    return ec.derive_private_key(number, ec.SECP256R1())


def private() -> ec.EllipticCurvePrivateKey:
    return _private(settings.LOOKUP_KEY)


def public_key() -> str:
    """For the paper's page: the uncompressed point, base64url."""
    point = private().public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return urlsafe_b64encode(point).decode().rstrip("=")


@lru_cache(maxsize=4)
def _token_key(secret: str) -> bytes:
    return _derived(secret, b"answer rescue token", 32)


def token(attempt: int, device: str) -> str:
    """By which the server knows again the page that it made for this attempt on this device."""
    said = f"{attempt}.{device}"
    digest = hmac.digest(_token_key(settings.LOOKUP_KEY), said.encode(), "sha256")
    return f"{said}.{urlsafe_b64encode(digest[:18]).decode()}"
