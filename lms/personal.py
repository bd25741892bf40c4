"""What each model holds of a person, why, for how long and how it is retired.

Every floor declares its own models in its `holdings.py`; a test fails on a model or a field that nobody has declared. The page
docs/personal-data.md, the notice, the file that a worker takes home and `roster.forgetting` are all made from these declarations, so
that none of them can say something else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.module_loading import autodiscover_modules

HAND = "经办人"
# a column of one of these says nothing of anybody by itself, without the row that it stands in
HARMLESS = (
    models.AutoField,
    models.BooleanField,
    models.IntegerField,
    models.DecimalField,
    models.FloatField,
    models.DurationField,
    models.DateTimeField,
    models.UUIDField,
)

ORDER = ("roster", "courses", "exams", "records", "mentors", "lms")
PEOPLE = {settings.AUTH_USER_MODEL, "roster.Worker"}


class Gone(StrEnum):
    """What becomes of the rows of somebody who is forgotten."""

    KEPT = "保留，靠编号连着，不再写明是谁"
    EMPTIED = "清空有个人信息的栏，行保留"
    DELETED = "整行删除"
    EXPIRES = "到期由系统清除"
    STAYS = "不随人走"


@dataclass(frozen=True)
class Personal:
    """The declaration of one model. `holds` are its fields with what they are in plain words, `plain` those that could be and are not."""

    model: str
    holds: Mapping[str, str] = field(default_factory=dict)
    plain: frozenset[str] = frozenset()
    why: str = ""
    long: str = ""
    gone: Gone = Gone.STAYS
    # the look-up from a row to the worker it is about; "" where its rows are nobody's in particular
    of: str = ""
    # what its rows are called for people
    about: str = ""
    # what is emptied, and what gets the name of somebody forgotten, where rows are emptied
    empties: tuple[str, ...] = ()
    renames: tuple[str, ...] = ()
    # sentences in which the name may stand, and is replaced by what they are called then
    mentions: tuple[str, ...] = ()
    # what only the system can use, such as hashes: a copy for the person says that it is there, not what it is
    inner: frozenset[str] = frozenset()
    # which rows may be shown at a moment: a mark that is not out yet is in no file either
    shown: Callable[[datetime], Q] | None = None
    # of a library's model that holds nothing: its fields change with the library and are not listed one by one
    wholly_plain: bool = False

    @property
    def made(self) -> type[models.Model]:
        return apps.get_model(self.model)

    @property
    def floor(self) -> str:
        return self.model.partition(".")[0]

    def rows_of(self, worker: Any) -> models.QuerySet[Any]:
        """The rows about one worker."""
        return self.made._base_manager.filter(**{self.of: worker.pk})


_declared: dict[str, Personal] = {}
# what floors keep of a worker in private storage beside what rows name: files that are drawn and kept
FilesOf = Callable[[Any], list[str]]
_files: list[FilesOf] = []


def declare(
    model: str,
    *,
    holds: Mapping[str, str] | None = None,
    plain: str = "",
    hands: str = "",
    empties: str = "",
    renames: str = "",
    mentions: str = "",
    inner: str = "",
    **said: Any,
) -> None:
    """Declare one model; names of fields are given with spaces between them. `hands` are the people who did it, in their office."""
    _declared[model] = Personal(
        model=model,
        holds={**(holds or {}), **dict.fromkeys(hands.split(), HAND)},
        plain=frozenset(plain.split()),
        empties=tuple(empties.split()),
        renames=tuple(renames.split()),
        mentions=tuple(mentions.split()),
        inner=frozenset(inner.split()),
        **said,
    )


def nothing(model: str, plain: str = "", *, wholly: bool = False) -> None:
    """Declare that a model holds nothing of a person."""
    _declared[model] = Personal(model=model, plain=frozenset(plain.split()), wholly_plain=wholly)


def files(function: FilesOf) -> FilesOf:
    """Register who knows the names of such files."""
    _files.append(function)
    return function


def files_of(worker: Any) -> list[str]:
    """Names in private storage of what was drawn for a worker."""
    all_declared()
    return [name for function in _files for name in function(worker)]


def all_declared() -> dict[str, Personal]:
    """Every declaration, of all floors, in the order of the models' names."""
    autodiscover_modules("holdings")
    return dict(sorted(_declared.items()))


def about_workers() -> list[Personal]:
    """Those whose rows are about one worker, in the order in which people read of them: the roster first, the libraries last."""
    all_declared()
    found = [one for one in _declared.values() if one.of]  # on a floor in the order in which it declares them
    return sorted(found, key=lambda one: ORDER.index(one.floor) if one.floor in ORDER else len(ORDER))


# --- what is missing --------------------------------------------------------------------------------------------------


def could_be(column: Any) -> bool:
    """Whether a column could hold something of a person: texts, files, days, and who it points to."""
    if column.is_relation:
        return column.related_model._meta.label in PEOPLE
    return not isinstance(column, HARMLESS)


def undeclared() -> list[str]:
    """Models and fields that nobody has declared, and declarations of what is not there, in words."""
    known, found = all_declared(), []
    models_here = {model._meta.label: model for model in apps.get_models()}
    for label, model in models_here.items():
        if label not in known:
            found.append(f"{label}：没有声明")
        elif not known[label].wholly_plain:
            found += [f"{label}.{name}：没有声明" for name in open_fields(known[label], model)]
    found += [f"{label}：没有这个模型" for label in known if label not in models_here]
    found += [f"{one.model}：{what}" for one in known.values() for what in faults(one)]
    return found


def open_fields(one: Personal, model: type[models.Model]) -> list[str]:
    said = set(one.holds) | one.plain | {one.of.partition("__")[0]}
    inherited = {column.name for parent in model._meta.parents for column in parent._meta.concrete_fields}
    return [
        column.name
        for column in model._meta.concrete_fields
        if could_be(column) and column.name not in said and column.name not in inherited
    ]


def changed(one: Personal) -> tuple[str, ...]:
    """The fields that are not left as they are when their person is forgotten."""
    return (*one.empties, *one.renames, *one.mentions)


def faults(one: Personal) -> list[str]:
    """What is wrong with a declaration in itself."""
    try:
        names = {column.name for column in one.made._meta.concrete_fields}
    except LookupError:
        return []
    found = [f"没有 {name} 这一栏" for name in {*one.holds, *one.plain, *changed(one), *one.inner} - names]
    found += [f"{name} 又是又不是个人信息" for name in set(one.holds) & one.plain]
    found += [f"{name} 没有说是什么" for name in {*changed(one), *one.inner} - set(one.holds)]
    if one.holds and not (one.why and one.long):
        found.append("没有说为什么保存、保存多久")
    if one.of and not one.about:
        found.append("没有说这些行叫什么")
    if (one.gone == Gone.EMPTIED) != bool(changed(one)):
        found.append("清空哪些栏与怎么处理对不上")
    return found
