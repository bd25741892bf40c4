"""A worker process knows the roster's background work by importing this."""

from roster import kinds, passwords

__all__ = ["kinds", "passwords"]
