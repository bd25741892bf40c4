"""A worker process knows the roster's background work by importing this."""

from roster import batches, kinds, passwords

__all__ = ["batches", "kinds", "passwords"]
