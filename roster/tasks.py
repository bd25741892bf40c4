"""A worker process knows the roster's background work by importing this."""

from celery import shared_task
from django.utils import timezone

from roster import batches, codes, guesses, kinds, passwords

__all__ = ["batches", "forget", "kinds", "passwords"]


@shared_task
def forget() -> None:
    """What guards the door keeps no longer than it must."""
    now = timezone.now()
    guesses.forget(now=now)
    codes.forget(now=now)
