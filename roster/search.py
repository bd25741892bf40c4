"""
Find workers by what an admin knows of them: name, sound of the name, sign-in number, telephone, grid, community or township.

Every condition is a subquery on one column, so that either database reads an index and not the wide rows: with 100,000 workers a search
takes SQLite about 10 ms a column. Pieces in the middle of a word are found by reading the whole index; no database orders Han by pieces.
"""

import re
from collections.abc import Iterator

from django.db.models import Q, QuerySet

from roster import identity
from roster.identity.names import BETWEEN, DOT
from roster.models import Grid, Level, Posting, Territory, Worker, WorkerQuerySet, mobile_lookup, tail_lookup

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
    condition = _meant("".join(words), workers)
    if len(words) > 1:
        every = Q()
        for word in words:
            every &= _meant(word, workers)
        condition |= every
    return workers.filter(condition)


def _meant(word: str, workers: WorkerQuerySet) -> Q:
    figures = word.replace("-", "")
    if figures.isdecimal():
        return _any(_by_figures(figures, workers))
    if NUMBER.fullmatch(word):
        return Q(number__startswith=word.upper())
    if sound := _sound(word):
        return _any(_by_sound(sound))
    return _any(_by_words(word))


def _any(conditions: Iterator[Q]) -> Q:
    either = Q(pk__in=[])
    for condition in conditions:
        either |= condition
    return either


def _by_figures(figures: str, workers: WorkerQuerySet) -> Iterator[Q]:
    """A sign-in number without its W, the end of a telephone number or all of it, or a grid's code."""
    if len(figures) <= 6:
        yield Q(number=f"W{figures:0>6}")
    if len(figures) == WHOLE:
        yield Q(mobile_hash=mobile_lookup(figures))
    elif len(figures) == TAIL:
        yield Q(mobile_tail_hash=tail_lookup(figures))
    elif TAIL < len(figures) < WHOLE:
        alike = workers.filter(mobile_tail_hash=tail_lookup(figures)).order_by().values_list("pk", "mobile")[:SHARING]
        yield Q(pk__in=[pk for pk, mobile in alike if mobile.endswith(figures)])
    if len(figures) >= CODE:
        yield _in_charge(Grid.objects.filter(code__startswith=figures))


def _sound(word: str) -> str:
    """What is typed by its sound, as it is kept: Zhāng, zhang1 and Zhang → zhang; "" for what has other signs in it."""
    plain = re.sub(r"(?<=[a-z])[1-5]", "", identity.without_tone(word)).replace("'", "").replace("’", "")
    if not (plain.isascii() and plain.isalpha()):
        return ""
    return re.sub(r"(?<=[ln])yu(?!an?)", "v", plain)  # LYU and NYU in passports


def _by_sound(sound: str) -> Iterator[Q]:
    """The sound or the initials from the beginning of a reading; a longer piece also from within, for given names."""
    begins = Q(pinyin__startswith=sound) | Q(pinyin__contains=f" {sound}")
    yield _those(Q(pinyin__contains=sound) if len(sound) >= INSIDE else begins)
    yield _those(Q(initials__startswith=sound) | Q(initials__contains=f" {sound}"))


def _by_words(word: str) -> Iterator[Q]:
    yield _those(Q(name__contains=word))
    if len(word) > 1:  # one character would be in the names of half the villages
        yield from _by_place(word)


def _by_place(word: str) -> Iterator[Q]:
    """Whoever is in charge of a grid of that name, of any in a community of that name, or works in a township of that name."""
    grid = GRID.fullmatch(word)
    front = grid["front"] if grid else word
    if not front:
        return
    places = list(_places(front).values_list("pk", "level"))
    communities = [pk for pk, level in places if level == Level.COMMUNITY]
    if townships := [pk for pk, level in places if level == Level.TOWNSHIP and not grid]:
        yield Q(township__in=townships)
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


def _in_charge(grids: QuerySet[Grid]) -> Q:
    return Q(pk__in=Posting.objects.current().filter(grid__in=grids).values("worker"))


def _those(condition: Q) -> Q:
    """As a subquery of its own: one column is read through its index, two in one condition through the table."""
    return Q(pk__in=Worker.objects.filter(condition).order_by().values("pk"))
