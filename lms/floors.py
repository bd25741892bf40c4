"""The floors of the house by name, so that the ground can ask each for a module without knowing any."""

import importlib
from collections.abc import Iterator
from types import ModuleType

from django.conf import settings

ABOVE = settings.INSTALLED_APPS[:5]


def modules(name: str) -> Iterator[ModuleType]:
    """`<floor>.<name>` of every floor above the ground that has one, the lowest first."""
    for floor in reversed(ABOVE):
        try:
            yield importlib.import_module(f"{floor}.{name}")
        except ModuleNotFoundError as missing:
            if missing.name != f"{floor}.{name}":
                raise
