"""The audit log in words: every floor names in its module `audited` what it notes."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from lms import audited, floors


@lru_cache(maxsize=1)
def groups() -> dict[str, dict[str, Any]]:
    """Actions by the group they are looked for in, of all floors; the ground first."""
    found: dict[str, dict[str, Any]] = {}
    for module in (audited, *floors.modules("audited")):
        for title, actions in module.ACTIONS.items():
            found.setdefault(str(title), {}).update(actions)
    return found


@lru_cache(maxsize=1)
def actions() -> dict[str, Any]:
    return {code: words for group in groups().values() for code, words in group.items()}


@lru_cache(maxsize=1)
def subjects() -> dict[str, Any]:
    return {
        label: words for module in (audited, *floors.modules("audited")) for label, words in module.SUBJECTS.items()
    }


@lru_cache(maxsize=1)
def details() -> dict[str, Any]:
    return {key: words for module in (audited, *floors.modules("audited")) for key, words in module.DETAILS.items()}


@lru_cache(maxsize=1)
def values() -> dict[str, Mapping[str, Any]]:
    """Codes that stand in the details under a name, in words where a floor has them."""
    found: dict[str, Mapping[str, Any]] = {}
    for module in (audited, *floors.modules("audited")):
        for key, words in getattr(module, "VALUES", {}).items():
            found[key] = {**found.get(key, {}), **words}
    return {**found, "actions": actions()}


def action(code: str) -> str:
    return str(actions().get(code, code))


def subject(label: str) -> str:
    """ "roster.worker:12" as 网格员 12."""
    kind, _colon, key = label.partition(":")
    return f"{subjects().get(kind, kind)} {key}" if label else ""


def detail(said: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values of an entry's details, for reading."""
    return [(str(details().get(key, key)), value(one, key)) for key, one in said.items() if one not in ("", None)]


def value(one: Any, key: str = "") -> str:
    if isinstance(one, bool):
        return "是" if one else "否"
    if isinstance(one, Mapping):
        return "，".join(f"{details().get(name, name)} {value(part, name)}" for name, part in one.items()) or "—"
    if isinstance(one, list):
        return "、".join(value(part, key) for part in one) or "—"
    return str(values().get(key, {}).get(str(one), one))
