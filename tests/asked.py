"""Which names behind the ? of an address the product looks at. What it does not look at cannot change its answer, and need not be tried."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.http import QueryDict
from django.template.defaulttags import querystring
from django.template.library import SimpleNode


class Asked:
    """The names that were looked at since `begin`."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.names: set[str] = set()
        self.all = self.echoing = False

    def note(self, name: str) -> None:
        if not self.echoing:
            self.names.add(name)

    def note_all(self) -> None:
        self.all = self.all or not self.echoing

    def matters(self, query: str) -> bool:
        """Whether an answer so far may have hung on something in this query."""
        return self.all or any(name in self.names for name, _value in parse_qsl(query))


class Watched(QueryDict):
    """One name at a time is noted as such; whoever looks at it in any other way has looked at all of it."""

    notes = Asked()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.noted = Asked()  # filling it is no look at it
        super().__init__(*arguments, **options)
        self.noted = self.notes

    def __getitem__(self, name: str) -> Any:
        self.noted.note(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self.noted.note(str(name))
        return super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.noted.note(name)
        return super().get(name, default)

    def getlist(self, name: str, default: Any = None) -> Any:
        self.noted.note(name)
        return super().getlist(name, default)

    def __iter__(self) -> Iterator[str]:
        self.noted.note_all()
        return super().__iter__()

    def __len__(self) -> int:
        self.noted.note_all()
        return super().__len__()


def whole(way: str) -> Any:
    def looked(self: Watched, *arguments: Any, **options: Any) -> Any:
        self.noted.note_all()
        return getattr(QueryDict, way)(self, *arguments, **options)

    return looked


for way in (
    "items",
    "keys",
    "values",
    "lists",
    "dict",
    "urlencode",
    "copy",
    "__copy__",
    "__deepcopy__",
    "__eq__",
    "__repr__",
):
    setattr(Watched, way, whole(way))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Watch every address that is asked for in this test."""
    notes, render = Asked(), SimpleNode.render

    def rendered(self: SimpleNode, context: Any) -> str:
        # the links of a page to itself repeat what was asked; that is no look at it
        before, notes.echoing = notes.echoing, self.func is querystring
        try:
            return render(self, context)
        finally:
            notes.echoing = before

    monkeypatch.setattr(SimpleNode, "render", rendered)
    monkeypatch.setattr(Watched, "notes", notes)
    monkeypatch.setattr("django.core.handlers.wsgi.QueryDict", Watched)
    return notes
