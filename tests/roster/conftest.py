"""Fixtures that several files of the roster's tests use."""

from tests.roster.leaver import person

__all__ = ["person"]
