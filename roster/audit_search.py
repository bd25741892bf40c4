"""What an auditor looks for in the audit log, and what is found: a page at a time, by the indexes, whatever the log has grown to."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from lms import audit, audit_words, numbers
from lms.models import AuditEntry
from roster import identity
from roster.models import Level, Territory, User, Worker

PAGE = 50
NAMESAKES = 20
LABEL = re.compile(r"[a-z_]+\.[a-z_]+:[\w-]{1,36}", re.ASCII)
ALL_OF = "*"  # before the number of a group of actions


@dataclass
class Search:
    """The question as it was typed, and as the database takes it."""

    typed: dict[str, str]
    who: list[User] = field(default_factory=list)
    about: list[User] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    since: date | None = None
    until: date | None = None
    place: Territory | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def figures(self) -> dict[str, Any]:
        """The question in codes and ids, for the log itself."""
        said = {
            "who": [user.pk for user in self.who],
            "about": self.subjects,
            "actions": self.typed["action"] if self.actions else "",
            "since": self.since,
            "until": self.until,
            "place": self.place.pk if self.place else "",
        }
        return {key: one for key, one in said.items() if one}


def asked(query: Mapping[str, str]) -> Search:
    typed = {
        name: query.get(name, "").strip()[:60] for name in ("who", "about", "of", "action", "since", "until", "place")
    }
    search = Search(typed)
    if typed["who"]:
        search.who = people(typed["who"], search)
    if typed["about"]:
        search.about = people(typed["about"], search)
        search.subjects = labels_of(search.about)
    elif typed["of"]:
        search.subjects = [typed["of"]]
        if not LABEL.fullmatch(typed["of"]):
            search.subjects, search.problems = [], [_("没有这样的编号。")]
    if typed["action"]:
        search.actions = actions_of(typed["action"], search)
    search.since, search.until = day(typed["since"], search), day(typed["until"], search)
    if search.since and search.until and search.since > search.until:
        search.problems.append(_("开始的日期在结束以后，请改一下。"))
    if typed["place"]:
        search.place = Territory.objects.filter(pk=numbers.row(typed["place"]) or 0).first()
        if search.place is None:
            search.problems.append(_("请从列表里选区划。"))
    return search


def people(text: str, search: Search) -> list[User]:
    """Everybody of this sign-in name or of this whole name. Two people of one name are looked for together."""
    found = User.objects.filter(Q(username__iexact=text) | Q(name=text)).select_related("worker__township__parent")
    users = list(found.order_by("pk")[:NAMESAKES])
    if not users:
        search.problems.append(_("没有这个登录号，也没有人叫这个名字。请核对，姓名要写全。"))
    return users


def labels_of(users: Iterable[User]) -> list[str]:
    """What entries about these people are about: the account, and the worker."""
    labels = []
    for user in users:
        worker = getattr(user, "worker", None)
        labels += [audit.label(one) for one in (user, worker) if one]
    return labels


def actions_of(code: str, search: Search) -> list[str]:
    groups = list(audit_words.groups().values())
    number = numbers.row(code.removeprefix(ALL_OF))
    if code.startswith(ALL_OF) and number is not None and number < len(groups):
        return list(groups[number])
    if code in audit_words.actions():
        return [code]
    search.problems.append(_("请从列表里选做了什么。"))
    return []


def day(text: str, search: Search) -> date | None:
    try:
        found = parse_date(text) if text else None
    except ValueError:
        found = None
    if text and found is None:
        search.problems.append(_("日期请写成 2026-09-16 这样。"))
    return found


def entries(search: Search) -> QuerySet[AuditEntry]:
    """What answers the question, the newest first; nothing for a question that makes no sense."""
    found = AuditEntry.objects.select_related("actor").order_by("-at", "-pk")
    if search.problems:
        return found.none()
    if search.who:
        found = found.filter(actor__in=[user.pk for user in search.who])
    if search.subjects:
        found = found.filter(subject__in=search.subjects)
    if search.actions:
        found = found.filter(action__in=search.actions)
    if search.since:
        found = found.filter(at__gte=midnight(search.since))
    if search.until:
        found = found.filter(at__lt=midnight(search.until + timedelta(days=1)))
    if search.place and search.place.level != Level.CITY:
        below = Territory.objects.filter(path__startswith=search.place.path).values_list("path", flat=True)
        found = found.filter(territory__in=list(below))
    return found


def midnight(on: date) -> datetime:
    return timezone.make_aware(datetime.combine(on, time()))


def page(search: Search, before: str) -> tuple[list[AuditEntry], str]:
    """Fifty of them, and where the next fifty begin ("" at the end)."""
    found = entries(search)
    moment, _comma, key = before.rpartition(",")
    try:
        at, pk = parse_datetime(moment), numbers.row(key)
    except ValueError:
        at = pk = None
    if at and timezone.is_aware(at) and pk:
        found = found.filter(Q(at__lt=at) | Q(at=at, pk__lt=pk), at__lte=at)
    if len(search.actions) > 1:
        found = newest_of_each(found, search.actions)
    rows = list(found[: PAGE + 1])
    more = len(rows) > PAGE
    return rows[:PAGE], f"{rows[PAGE - 1].at.isoformat()},{rows[PAGE - 1].pk}" if more else ""


def newest_of_each(found: QuerySet[AuditEntry], actions: list[str]) -> QuerySet[AuditEntry]:
    """A page of a group of actions, by a short way along the index of each: all of a common one would have to be sorted otherwise."""
    keys: list[tuple[datetime, int]] = []
    for code in actions:
        keys += found.filter(action=code).values_list("at", "pk")[: PAGE + 1]
    newest = sorted(keys, reverse=True)[: PAGE + 1]
    return found.filter(pk__in=[pk for _at, pk in newest])


@dataclass(frozen=True)
class Told:
    """An entry in words; people with their names masked."""

    entry: AuditEntry
    action: str
    who: str
    who_id: str
    subject: str
    subject_who: str
    place: str
    detail: list[tuple[str, str]]


def told(rows: list[AuditEntry]) -> list[Told]:
    """Entries in words, with as many queries for fifty as for one."""
    keys: dict[str, set[int]] = {"roster.worker": set(), "roster.user": set()}
    for row in rows:
        kind, _colon, key = row.subject.partition(":")
        if kind in keys and key.isdecimal():
            keys[kind].add(int(key))
    names = {
        f"roster.worker:{one.pk}": person(one.name, one.number)
        for one in Worker.objects.filter(pk__in=keys["roster.worker"])
    }
    names |= {
        f"roster.user:{one.pk}": person(one.name, one.username)
        for one in User.objects.filter(pk__in=keys["roster.user"])
    }
    paths = {row.territory for row in rows if row.territory}
    places = {
        one.path: f"{one.parent.name if one.parent and one.level != Level.COUNTY else ''}{one.name}"
        for one in Territory.objects.filter(path__in=paths).select_related("parent")
    }
    return [
        Told(
            row,
            audit_words.action(row.action),
            who(row),
            row.actor.username if row.actor else "",
            audit_words.subject(row.subject),
            names.get(row.subject, ""),
            places.get(row.territory, ""),
            audit_words.detail(row.detail),
        )
        for row in rows
    ]


def who(row: AuditEntry) -> str:
    if row.actor:
        return identity.mask_name(row.actor.name) or row.actor.username
    return _("没有登录的人") if row.action.startswith("sign_in.") else _("系统")


def person(name: str, number: str) -> str:
    return f"{identity.mask_name(name)}（{number}）"
