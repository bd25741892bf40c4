"""What an admin has said by hand of how a file is to be read. What is kept of it is JSON; a word that is not understood counts for nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

EVERY = "*"  # in place of a sheet's name: all sheets
READ, LEAVE_OUT = "read", "leave_out"


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """
    By hand, the strongest first: the field of a column by its letter (`mapping`, "" for none), the field of a title (`titles`, by
    `title_key`; remembered from another time), and only then the alias table.

    `headers` gives a sheet's own first header row and how many rows it has. `fill` names the fields whose blank cells take the
    value above (沿用上一行). `sheets_on` are specimens and hidden sheets that are to be read after all.
    """

    mapping: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    sheets_off: Sequence[str] = ()
    sheets_on: Sequence[str] = ()
    fill: Mapping[str, Sequence[str]] = field(default_factory=dict)
    hidden_rows: str = READ
    hidden_columns: str = READ

    def columns(self, sheet: str) -> dict[int, str]:
        """The fields given by hand to a sheet's columns, by their place from 0; what is said of the sheet itself wins."""
        said = {**self.mapping.get(EVERY, {}), **self.mapping.get(sheet, {})}
        return {_place(letters): name for letters, name in said.items() if letters.isascii() and letters.isalpha()}

    def filled(self, sheet: str) -> set[str]:
        return {*self.fill.get(EVERY, ()), *self.fill.get(sheet, ())}

    def as_json(self) -> dict[str, Any]:
        """Only what has been said."""
        empty = asdict(UNTOUCHED)
        said = asdict(self) | {
            "headers": {name: list(rows) for name, rows in self.headers.items()},
            "fill": {name: list(fields) for name, fields in self.fill.items()},
            "sheets_off": list(self.sheets_off),
            "sheets_on": list(self.sheets_on),
        }
        return {name: value for name, value in said.items() if value and value != empty[name]}

    @classmethod
    def from_json(cls, said: Any) -> "ReadOptions":
        said = said if isinstance(said, dict) else {}
        return cls(
            mapping={name: _words(columns) for name, columns in _entries(said.get("mapping"))},
            titles=_words(said.get("titles")),
            headers={name: (rows[0], rows[1]) for name, rows in _entries(said.get("headers")) if _is_header(rows)},
            sheets_off=_names(said.get("sheets_off")),
            sheets_on=_names(said.get("sheets_on")),
            fill={name: _names(fields) for name, fields in _entries(said.get("fill"))},
            hidden_rows=LEAVE_OUT if said.get("hidden_rows") == LEAVE_OUT else READ,
            hidden_columns=LEAVE_OUT if said.get("hidden_columns") == LEAVE_OUT else READ,
        )


UNTOUCHED = ReadOptions()


def _place(letters: str) -> int:
    number = 0
    for mark in letters.upper()[:4]:
        number = number * 26 + ord(mark) - 64
    return number - 1


def _entries(value: Any) -> list[tuple[str, Any]]:
    return [(name, entry) for name, entry in value.items() if isinstance(name, str)] if isinstance(value, dict) else []


def _words(value: Any) -> dict[str, str]:
    return {name: word for name, word in _entries(value) if isinstance(word, str)}


def _names(value: Any) -> tuple[str, ...]:
    return tuple(name for name in value if isinstance(name, str)) if isinstance(value, (list, tuple)) else ()


def _is_header(value: Any) -> bool:
    return (
        isinstance(value, (list, tuple))
        and len(value) == 2
        and all(isinstance(number, int) and not isinstance(number, bool) and number > 0 for number in value)
    )
