"""Personal numbers at rest: sealed with keys of their own, found again by a keyed hash.

Keys come from PERSONAL_DATA_KEYS (newest first, so that old rows stay readable while keys rotate) and LOOKUP_KEY.
"""

import hmac
import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


def box() -> MultiFernet:
    return _box(tuple(settings.PERSONAL_DATA_KEYS))


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


@lru_cache(maxsize=4)
def _newest(key: str) -> Fernet:
    return Fernet(key)


def is_newest(sealed: str | bytes) -> bool:
    """Whether the newest key alone opens it."""
    try:
        _newest(settings.PERSONAL_DATA_KEYS[0]).decrypt(sealed)
    except InvalidToken:
        return False
    return True


def resealed(sealed: str) -> str:
    """The same text sealed with the newest key; refuses what no key opens with InvalidToken."""
    return box().rotate(sealed.encode()).decode()


def seal(text: str) -> str:
    return box().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    return box().decrypt(sealed.encode()).decode()


def seal_bytes(data: bytes) -> bytes:
    return box().encrypt(data)


def unseal_bytes(sealed: bytes) -> bytes:
    return box().decrypt(sealed)


def lookup(text: str, *, purpose: str) -> str:
    """A keyed hash (HMAC-SHA-256, 64 hex digits) that finds a sealed value without opening any."""
    return hmac.digest(settings.LOOKUP_KEY.encode(), f"{purpose}:{text}".encode(), "sha256").hex()


class SealedTextField(models.TextField):
    """Text that is sealed in the database and plain in Python; "" stays "". It cannot be searched: keep a lookup beside it."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return seal(value) if value else value

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return unseal(value) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        return super().get_lookup(lookup_name) if lookup_name in {"isnull"} else None


class SealedJSONField(SealedTextField):
    """JSON that is sealed in the database."""

    # what the type checker takes for its value: anything JSON can hold, not the text of the field it is built on
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else seal(json.dumps(value, ensure_ascii=False))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return None if value is None else json.loads(unseal(value))

    def to_python(self, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value
