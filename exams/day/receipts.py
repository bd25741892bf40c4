"""Receipts: the number of a hand-in, and the check code that the server gives for each answer it has on disk."""

import hmac
from base64 import b32encode
from datetime import UTC, datetime
from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

# receipt numbers: no 0/O, 1/I/L, 2/Z, 5/S, 8/B, U/V
SIGNS = "34679ACDEFGHJKMNPQRTWXY"
SPACE = len(SIGNS) ** 8
STEP, START = (
    47_055_833_459,
    31_415_926_535,
)  # STEP has no factor in common with SPACE: no two attempts share a number
CODE_BYTES = 10


def number(attempt_id: int) -> str:
    """Eight signs nobody confuses, in two groups, scattered so that they do not count how many handed in before."""
    rest, signs = (attempt_id * STEP + START) % SPACE, ""
    for _place in range(8):
        rest, sign = divmod(rest, len(SIGNS))
        signs += SIGNS[sign]
    return f"{signs[:4]}-{signs[4:]}"


@lru_cache(maxsize=4)
def _key(secret: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"answer receipt").derive(secret.encode())


def code(attempt: int, item: int, *, seq: int, page: int, at: datetime, value: str) -> str:
    """Keyed digest of one accepted answer, 16 signs in four groups. The same answer at the same moment gives the same code again."""
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    said = f"{attempt}:{item}:{seq}:{page}:{moment}:{value}"
    # the key that cannot be changed: a receipt is good for as long as its journal is kept
    digest = hmac.digest(_key(settings.LOOKUP_KEY), said.encode("utf-8", "surrogatepass"), "sha256")
    signs = b32encode(digest[:CODE_BYTES]).decode()
    return "-".join(signs[place : place + 4] for place in range(0, 16, 4))
