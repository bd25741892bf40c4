"""
Find workers by what an admin knows of them: name, sound of the name, sign-in number, telephone, grid, community or township.

What is looked for stands in one narrow index (`worker_sought`), which either database reads from end to end, for neither orders Han by
pieces; the wide rows are not touched. Each way of being meant gives keys, and their union is asked for once.
"""

import re
from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet

from roster import identity
from roster.identity.names import BETWEEN, DOT
from roster.models import Grid, Level, Posting, Territory, Worker, WorkerQuerySet, mobile_lookup, tail_lookup

Keys = QuerySet[Any, Any]
# full-width letters, figures and signs as a Chinese keyboard writes them
NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: " "}
NUMBER = re.compile(r"w\d{1,11}", re.IGNORECASE)
GRID = re.compile(r"(?P<front>.*?)(?P<grid>第?(?:[0-9]{1,3}|[零〇一二三四五六七八九十百两]{1,5})号?网?格)")
TOWNSHIP = re.compile(r"(?P<township>.+?(?:街道|镇|乡))(?P<rest>.+)")
TAIL, WHOLE, CODE = 4, 11, 12  # figures: the end of a telephone number, all of it, the least of a grid's code
INSIDE = 4  # letters from which a piece of the sound counts: xiuying finds 王秀英
SHARING = 2000  # more people than this share no four figures


def keys_of(*, name: str, mobile: str) -> dict[str, str]:
    """The columns that a worker is found by, beside those that a list fills."""
    pinyin, initials = identity.pinyin_of(name)
    return {"pinyin": pinyin, "initials": initials, "mobile_tail_hash": tail_lookup(mobile) if mobile else ""}


def found(workers: WorkerQuerySet, text: str) -> WorkerQuerySet:
    """Those of `workers` that the text names; words with a space between them are one name, or must all hold (永安 王)."""
    words = BETWEEN.sub(DOT, text.translate(NARROW)).split()
    if not words:
        return workers
    whole = Q(pk__in=_keys("".join(words), workers))
    if len(words) == 1 or all(word.isascii() for word in words):  # zhang san, 139 0715 0001
        return workers.filter(whole)
    every = Q()
    for word in words:
        every &= Q(pk__in=_keys(word, workers))
    return workers.filter(whole | every)


def _keys(word: str, workers: WorkerQuerySet) -> Keys:
    figures = word.replace("-", "")
    if figures.isdecimal():
        ways = list(_by_figures(figures, workers))
    elif NUMBER.fullmatch(word):
        ways = [_those(Q(number__startswith=word.upper()))]
    elif sound := _sound(word):
        ways = [_by_sound(sound)]
    else:
        ways = list(_by_words(word))
    return ways[0].union(*ways[1:]) if ways else _those(Q(pk__in=[]))


def _by_figures(figures: str, workers: WorkerQuerySet) -> Iterator[Keys]:
    """A sign-in number without its W, the end of a telephone number or all of it, or a grid's code."""
    if len(figures) <= 6:
        yield _those(Q(number=f"W{figures:0>6}"))
    if len(figures) == WHOLE:
        yield _those(Q(mobile_hash=mobile_lookup(figures)))
    elif len(figures) == TAIL:
        yield _those(Q(mobile_tail_hash=tail_lookup(figures)))
    elif TAIL < len(figures) < WHOLE:
        alike = workers.filter(mobile_tail_hash=tail_lookup(figures)).order_by().values_list("pk", "mobile")[:SHARING]
        yield _those(Q(pk__in=[pk for pk, mobile in alike if mobile.endswith(figures)]))
    if len(figures) >= CODE:
        yield _in_charge(Grid.objects.filter(code__startswith=figures))


def _sound(word: str) -> str:
    """What is typed by its sound, as it is kept: Zhāng, zhang1 and Zhang → zhang; "" for what has other signs in it."""
    plain = re.sub(r"(?<=[a-z])[1-5]", "", identity.without_tone(word)).replace("'", "").replace("’", "")
    if not (plain.isascii() and plain.isalpha()):
        return ""
    return re.sub(r"(?<=[ln])yu(?!an?)", "v", plain)  # LYU and NYU in passports


def _by_sound(sound: str) -> Keys:
    """The sound or the initials from the beginning of a reading; a longer piece also from within, for given names."""
    begins = Q(pinyin__startswith=sound) | Q(pinyin__contains=f" {sound}")
    heard = Q(pinyin__contains=sound) if len(sound) >= INSIDE else begins
    return _those(heard | Q(initials__startswith=sound) | Q(initials__contains=f" {sound}"))


def _by_words(word: str) -> Iterator[Keys]:
    yield _those(Q(name__contains=word))
    if len(word) > 1:  # one character would be in the names of half the villages
        yield from _by_place(word)


def _by_place(word: str) -> Iterator[Keys]:
    """Whoever is in charge of a grid of that name, of any in a community of that name, or works in a township of that name."""
    grid = GRID.fullmatch(word)
    front = grid["front"] if grid else word
    if not front:
        return
    places = list(_places(front).values_list("pk", "level"))
    communities = [pk for pk, level in places if level == Level.COMMUNITY]
    if townships := [pk for pk, level in places if level == Level.TOWNSHIP and not grid]:
        yield _those(Q(township__in=townships))
    if communities:
        grids = Grid.objects.current().filter(community__in=communities)
        ordinal = identity.grid_ordinal(grid["grid"]) if grid else None
        yield _in_charge(grids.filter(ordinal=ordinal) if grid else grids)


def _places(name: str) -> QuerySet[Territory]:
    """Communities and townships that may be meant; 永安街道双鹤居委会 is a community of one township."""
    short, _kind = identity.stem(name)
    named = Q(name__contains=name) | (Q(stem__contains=short) if len(short) > 1 else Q())
    if both := TOWNSHIP.fullmatch(name):
        inner, _kind = identity.stem(both["rest"])
        named |= Q(stem__contains=inner, parent__name__contains=both["township"])
    return Territory.objects.current().filter(named, level__in=[Level.COMMUNITY, Level.TOWNSHIP])


def _in_charge(grids: QuerySet[Grid]) -> Keys:
    return Posting.objects.current().filter(grid__in=grids).order_by().values("worker")


def _those(condition: Q) -> Keys:
    return Worker.objects.filter(condition).order_by().values("pk")
