"""Changing the keys of sealed data while people work: everything is sealed anew with the newest key, in short pieces.

A writer at work is never overwritten: a sealed text is replaced only where it is still the one that was read (compare and set). What a
run has done already is told by the text itself, so a run that was stopped is simply started again.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from cryptography.fernet import InvalidToken
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.db import connection, models, transaction

from lms import sealing
from lms.sealing import SealedTextField

CHUNK = 200
PAUSE = 0.03  # seconds between two chunks, for other writers
TOKEN = "gAAAA"  # noqa: S105  what every sealed text begins with: its version and the first figures of its time


@dataclass
class Tally:
    """What was found in one place: how many sealed things, sealed anew, still in need of an old key, and such that no key opens."""

    place: str
    sealed: int = 0
    done: int = 0
    left: int = 0
    lost: int = 0


class Place(Protocol):
    """Somewhere sealed things are kept."""

    name: str

    def rotate(self, tally: Tally, *, write: bool) -> None:
        """Look through everything; with `write` seal anew what needs it."""


def places() -> Iterator[Place]:
    """All of them: sealed columns of all models, sealed files in private storage, and what libraries keep sealed in JSON."""
    for model in apps.get_models():
        for column in model._meta.local_concrete_fields:
            if isinstance(column, SealedTextField):
                yield Column(model, column)
            elif isinstance(column, models.FileField) and column.storage is storages["private"]:
                yield Files(model, column)
    yield Column(apps.get_model("mfa.Authenticator"), apps.get_model("mfa.Authenticator")._meta.get_field("data"))


def rotate(*, write: bool, say: Callable[[Tally], None]) -> list[Tally]:
    """Go through every place once. Repeat it while something is left: what a process that still has the old keys wrote meanwhile."""
    tallies = []
    for place in places():
        tally = Tally(place.name)
        place.rotate(tally, write=write)
        say(tally)
        tallies.append(tally)
    return tallies


class Column:
    """A column that holds sealed text, or JSON with sealed texts in it. Read and written as it stands in the database."""

    def __init__(self, model: type[models.Model], column: Any) -> None:
        self.name = f"{model._meta.label}.{column.name}"
        quote = connection.ops.quote_name
        self.table, self.column = quote(model._meta.db_table), quote(column.column)
        self.key = quote(str(model._meta.pk.column))
        # both databases compare JSON as text alike when it is cast; SQLite holds it as text
        self.text = (
            f"{self.column}::text" if self.is_json(column) and connection.vendor == "postgresql" else self.column
        )
        self.cast = "%s::jsonb" if self.text != self.column else "%s"

    @staticmethod
    def is_json(column: Any) -> bool:
        return isinstance(column, models.JSONField)

    def rotate(self, tally: Tally, *, write: bool) -> None:
        last: Any = -1
        while rows := self.read(after=last):
            last = rows[-1][0]
            fresh = [(key, held, new) for key, held in rows if (new := self.renewed(held, tally, write=write)) != held]
            if fresh and write:
                self.put(fresh, tally)
                give_way()

    def read(self, *, after: Any) -> list[tuple[Any, str]]:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {self.key}, {self.text} FROM {self.table}"  # noqa: S608 - names of our own models
                f" WHERE {self.key} > %s AND {self.column} IS NOT NULL ORDER BY {self.key} LIMIT {CHUNK}",
                [after],
            )
            return cursor.fetchall()

    def put(self, fresh: list[tuple[Any, str, str]], tally: Tally) -> None:
        """Each only where it still is what was read; in the order of the keys, so that two runs do not hold each other up."""
        with transaction.atomic(), connection.cursor() as cursor:
            for key, held, new in fresh:
                cursor.execute(
                    f"UPDATE {self.table} SET {self.column} = {self.cast}"  # noqa: S608 - names of our own models
                    f" WHERE {self.key} = %s AND {self.text} = %s",
                    [new, key, held],
                )
                # whoever was quicker wrote with their own newest key; the next look tells
                tally.done += cursor.rowcount

    def renewed(self, held: str, tally: Tally, *, write: bool) -> str:
        """What stands there with its sealed parts sealed anew."""
        if held.startswith(TOKEN):
            return renewed(held, tally, write=write)
        if not held.startswith(("{", "[")):
            return held
        new = walked(json.loads(held), lambda text: renewed(text, tally, write=write))
        return json.dumps(new) if new != json.loads(held) else held


def renewed(sealed: str, tally: Tally, *, write: bool) -> str:
    tally.sealed += 1
    if sealing.is_newest(sealed):
        return sealed
    try:
        new = sealing.resealed(sealed)
    except InvalidToken:
        tally.lost += 1
        return sealed
    tally.left += not write
    return new


def walked(value: Any, change: Callable[[str], str]) -> Any:
    """JSON with every sealed text in it changed."""
    if isinstance(value, dict):
        return {name: walked(part, change) for name, part in value.items()}
    if isinstance(value, list):
        return [walked(part, change) for part in value]
    return change(value) if isinstance(value, str) and value.startswith(TOKEN) else value


class Files:
    """Sealed files in private storage. A file keeps its name, so no row changes and nobody who reads it is in the way."""

    def __init__(self, model: type[models.Model], column: Any) -> None:
        self.name = f"{model._meta.label}.{column.name}"
        self.model, self.column, self.storage = model, column, column.storage

    def rotate(self, tally: Tally, *, write: bool) -> None:
        named = self.model._base_manager.exclude(**{self.column.name: ""}).order_by("pk")
        for key, name in named.values_list("pk", self.column.name).iterator():
            self.renew(key, name, tally, write=write)

    def renew(self, key: Any, name: str, tally: Tally, *, write: bool) -> None:
        try:
            with self.storage.open(name) as file:
                held = file.read()
        except FileNotFoundError:
            return  # retention or its owner took it away meanwhile
        if not held.startswith(TOKEN.encode()):
            return
        tally.sealed += 1
        if sealing.is_newest(held):
            return
        try:
            new = sealing.box().rotate(held)
        except InvalidToken:
            tally.lost += 1
            return
        if not write:
            tally.left += 1
            return
        put_over(self.storage, name, new)
        tally.done += 1
        if not self.model._base_manager.filter(pk=key, **{self.column.name: name}).exists():
            self.storage.delete(name)  # its row let go of it while it was being sealed: it must not come back


def put_over(storage: Storage, name: str, data: bytes) -> None:
    """Replace what is under a name in one step: a reader sees the old or the new, never half of either."""
    try:
        path = Path(storage.path(name))
    except NotImplementedError:
        getattr(storage, "_save")(name, ContentFile(data))  # noqa: B009  an object store puts it whole
        return
    beside = path.with_name(f"{path.name}.new")
    beside.write_bytes(data)
    beside.chmod(0o600)
    with beside.open("rb+") as file:
        os.fsync(file.fileno())
    beside.replace(path)


def give_way() -> None:
    if connection.vendor == "sqlite":
        time.sleep(PAUSE)
