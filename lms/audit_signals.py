"""What is done by the code of others is noted too: Wagtail's own actions, signing out, groups and permissions.

Second factors and ended sessions are not among it: the house's own verbs do these, and note them once (`roster.second_factor`,
`roster.devices`); failed sign-ins are `roster.failed`'s.
"""

from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.auth.signals import user_logged_out
from django.db.models.signals import m2m_changed, post_delete, post_save
from django.utils import timezone
from wagtail.models import GroupCollectionPermission, GroupPagePermission, ModelLogEntry, PageLogEntry

from lms import audit

CHANGES = {"post_add": "added", "post_remove": "removed", "post_clear": "cleared"}


def listen() -> None:
    """Called once, when the house is built."""
    User: Any = get_user_model()
    for entries in (PageLogEntry, ModelLogEntry):
        post_save.connect(wagtails, sender=entries, dispatch_uid=f"audit {entries.__name__}")
    user_logged_out.connect(signed_out, dispatch_uid="audit")
    post_save.connect(superuser, sender=User, dispatch_uid="audit")
    for through in (User.groups.through, User.user_permissions.through, Group.permissions.through):
        m2m_changed.connect(permissions, sender=through, dispatch_uid=f"audit {through.__name__}")
    for given in (GroupPagePermission, GroupCollectionPermission):
        post_save.connect(group_permission, sender=given, dispatch_uid=f"audit {given.__name__}")
        post_delete.connect(group_permission, sender=given, dispatch_uid=f"audit gone {given.__name__}")


def moment(request: Any) -> datetime:
    return getattr(request, "now", None) or timezone.now()


def wagtails(instance: Any, created: bool, raw: bool = False, **kwargs: Any) -> None:
    """Pages, pictures, documents, snippets, settings, users and groups, by the log that Wagtail keeps of them."""
    if not created or raw:
        return
    key = instance.page_id if isinstance(instance, PageLogEntry) else instance.object_id
    kind = instance.content_type
    audit.write(
        instance.action,
        now=instance.timestamp,
        actor=instance.user_id,
        subject=f"{kind.app_label}.{kind.model}:{key}" if kind else "",
        detail={"changed": instance.content_changed},
    )


def signed_out(request: Any, user: Any, **kwargs: Any) -> None:
    if user is not None:
        audit.note("signed_out", now=moment(request), actor=user)


def superuser(instance: Any, created: bool, update_fields: Any = None, **kwargs: Any) -> None:
    """An account that may do everything in Wagtail, made or saved whole."""
    if instance.is_superuser and (created or update_fields is None or "is_superuser" in update_fields):
        audit.write(
            "account.superuser",
            now=timezone.now(),
            actor=audit.acting(),
            subject=audit.label(instance),
            detail={"created": created},
        )


def permissions(instance: Any, action: str, reverse: bool, pk_set: Any, model: Any, sender: Any, **kwargs: Any) -> None:
    """Groups of a user, permissions of a user or a group."""
    if action not in CHANGES or (pk_set is not None and not pk_set):
        return
    audit.write(
        "permission.changed",
        now=timezone.now(),
        actor=audit.acting(),
        subject=audit.label(instance),
        detail={"change": CHANGES[action], "kind": model._meta.label_lower, "ids": sorted(pk_set or ())},
    )


def group_permission(instance: Any, signal: Any, raw: bool = False, **kwargs: Any) -> None:
    if raw:
        return
    audit.write(
        "permission.changed",
        now=timezone.now(),
        actor=audit.acting(),
        subject=f"auth.group:{instance.group_id}",
        detail={
            "change": "removed" if signal is post_delete else "added",
            "kind": instance._meta.label_lower,
            "ids": [instance.permission_id],
        },
    )
