"""
The only writer of AuditEntry. Details hold codes, ids and figures; never a name, a number or a text that someone wrote.

Every entry carries a keyed digest of its content; `lms.audit_chain` ties committed entries into a chain, `lms.audit_verify` proves it.
"""

import hmac
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import structlog
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db.models import Model

from lms import prepared

INSERT = """
INSERT INTO lms_auditentry (at, actor_id, action, subject, territory, detail, request_id, digest)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""
# one way to write the same content, whichever database gave it back
_written = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


def note(
    action: str,
    *,
    now: datetime,
    actor: Model | None = None,
    subject: Model | None = None,
    territory: str = "",
    **detail: Any,
) -> None:
    """Write down one act inside the caller's transaction, so that it stands or falls with the act."""
    write(
        action,
        now=now,
        actor=actor.pk if actor else None,
        subject=label(subject) if subject else "",
        territory=territory,
        detail=detail,
    )


def write(
    action: str, *, now: datetime, actor: int | None, subject: str, detail: Mapping[str, Any], territory: str = ""
) -> None:
    """The same for who knows actor and subject by their ids alone."""
    prepared.run(*entry(action, now=now, actor=actor, subject=subject, detail=detail, territory=territory))


def entry(
    action: str, *, now: datetime, actor: int | None, subject: str, detail: Mapping[str, Any], territory: str = ""
) -> prepared.Call:
    """The same for who sends it together with what it tells of (`prepared.together`), in one transaction."""
    return INSERT, _row(action, now, actor, subject, detail, territory)


def write_many(action: str, *, now: datetime, actor: int | None, said: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    """One entry for each (subject, detail): the same act on many things."""
    prepared.run_many(INSERT, [_row(action, now, actor, subject, detail, "") for subject, detail in said])


def _row(
    action: str, now: datetime, actor: int | None, subject: str, detail: Mapping[str, Any], territory: str
) -> list[Any]:
    request_id = structlog.contextvars.get_contextvars().get("request_id", "")
    said = plain(detail)
    proof = digest(now, actor, action, subject, territory, said, request_id)
    return [prepared.stored(now), actor, action, subject, territory, json.dumps(said), request_id, proof]


def label(subject: Model) -> str:
    """How an entry names what it is about: "roster.worker:12"."""
    return f"{subject._meta.label_lower}:{subject.pk}"


def plain(value: Any) -> Any:
    """As JSON gives it back from either database: whole numbers stay, what has a point or a day becomes text."""
    if value is None or type(value) in (str, int, bool):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    if isinstance(value, int):
        return int(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def digest(
    at: datetime, actor: int | None, action: str, subject: str, territory: str, detail: Any, request_id: str
) -> str:
    """Keyed digest of what an entry says."""
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    return keyed("entry", _written([moment, actor, action, subject, territory, detail, request_id]))


def keyed(purpose: str, text: str) -> str:
    return hmac.digest(key(), f"{purpose}:{text}".encode(), "sha256").hex()


def key() -> bytes:
    return _derived(settings.AUDIT_KEY or settings.LOOKUP_KEY)


@lru_cache(maxsize=4)
def _derived(secret: str) -> bytes:
    """A key for this purpose alone, so that the one that finds telephones says nothing here, and the other way round."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"audit log").derive(secret.encode())


def print_of_key() -> str:
    """By which a wrong key is told from a forged log; it gives nothing of the key away."""
    return keyed("print", "")[:16]


def acting() -> int | None:
    """The account behind the request that is being answered, for what is noted by signals."""
    found = structlog.contextvars.get_contextvars().get("user_id")
    return int(found) if found else None
