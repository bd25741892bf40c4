"""The only writer of AuditEntry. Details hold codes, ids and figures; never a name, a number or a text that someone wrote."""

from datetime import datetime
from typing import Any

import structlog
from django.db.models import Model

from lms.models import AuditEntry


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
    AuditEntry.objects.create(
        at=now,
        actor_id=actor.pk if actor else None,
        action=action,
        subject=f"{subject._meta.label_lower}:{subject.pk}" if subject else "",
        territory=territory,
        detail=detail,
        request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
    )
