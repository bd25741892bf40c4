"""Persons of a list as plans keep them, and which rows are of the same person."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from lms.resources import NONE, Line
from roster.employment import Person


def by_person(lines: Sequence[Line]) -> list[list[Line]]:
    """The rows of each person together: by the roster's number or the ID number; a row without goes to the only one of that name and mobile number."""
    people = [line.plan["person"] for line in lines if line.plan]
    sought = {(person["name"], person["mobile"]) for person in people if person["mobile"] and not person["id_number"]}
    ids: dict[tuple[str, str], set[str]] = defaultdict(set)
    for person in people if sought else []:
        if person["id_number"] and (person["name"], person["mobile"]) in sought:
            ids[person["name"], person["mobile"]].add(person["id_number"])
    groups: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        plan = line.plan or {}
        person = plan["person"]
        same = ids.get((person["name"], person["mobile"]), set())
        if not person["id_number"] and len(same) == 1:
            (person["id_number"],) = same
        plan["key"] = line.key = plan["number"] or person["id_number"] or f"{person['name']}/{person['mobile']}"
        groups[plan["key"]].append(line)
    return list(groups.values())


def sharing(lines: Sequence[Line]) -> list[list[Line]]:
    """For each mobile number that the list gives to several people, a row of each of them."""
    people: dict[str, dict[str, Line]] = defaultdict(dict)
    first: dict[str, Line] = {}
    for line in lines:
        mobile = line.plan["person"]["mobile"] if line.plan else ""
        if mobile and first.setdefault(mobile, line).key != line.key:
            people[mobile].setdefault(line.key, line)
    return [[first[mobile], *others.values()] for mobile, others in people.items()]


DATES = ("joined_on", "certificate_expires_on")


def as_json(person: Person) -> dict[str, Any]:
    """The person's own columns, which take a third of the room of a copy; the person is not used any more."""
    values = vars(person)
    for name in DATES:
        values[name] = values[name].isoformat() if values[name] else None
    values["telephones"] = values["telephones"] or NONE
    return values


def from_json(values: dict[str, Any]) -> Person:
    return Person(**{**values, **{name: date.fromisoformat(values[name]) if values[name] else None for name in DATES}})
