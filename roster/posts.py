"""The posts of the ladder as lists name them: found by their own name or the words in it, held against the steps they may stand on."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from lms.resources import Line
from roster import identity
from roster.identity.cleaning import plain
from roster.matching import Matching
from roster.models import PostBand

# what is written before the name of a post and names no other one
BEFORE = ("社区专职", "社区", "村", "专职")
INNER = re.compile(r"\(([^)]*)\)")
BETWEEN = re.compile(r"[、,/]")


@dataclass
class Bands:
    """All posts, fetched once for a whole file."""

    by_id: dict[int, PostBand] = field(default_factory=dict)
    by_word: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    def draw(cls) -> "Bands":
        drawn = cls({band.pk: band for band in PostBand.objects.all()})
        for band in drawn.by_id.values():
            name = squeezed(band.name)
            inner = [word for inside in INNER.findall(name) for word in BETWEEN.split(inside)]
            for word in {name, INNER.sub("", name), *inner} - {""}:
                drawn.by_word[word].add(band.pk)
        return drawn

    @property
    def names(self) -> dict[int, str]:
        return {pk: band.name for pk, band in self.by_id.items()}

    def named(self, written: str) -> PostBand | None:
        """The only post of this name: 专职工作人员（网格员）, 网格员 and 社区专职网格员 are one; 副书记 is not 书记."""
        word = squeezed(written)
        shorter = [word.removeprefix(front) for front in BEFORE if word.startswith(front)]
        found = next((found for one in (word, *shorter) if (found := self.by_word.get(one))), set())
        return self.by_id[next(iter(found))] if len(found) == 1 else None

    def read(self, line: Line) -> tuple[int | None, int | None]:
        """Post and step of a row, from one column or two; what does not fit together is not read, and that is told."""
        standing: identity.Standing = line.values.get("step") or identity.Standing()
        found: dict[int, PostBand] = {}
        for written, column in ((line.values.get("post", ""), "post"), (standing.post, "step")):
            if written and (band := self.named(written)):
                found[band.pk] = band
            elif written:
                line.remark("post_unknown", _("岗位“%s”不在登记的岗位里，没有读。") % written[:20], column)
        if len(found) > 1:
            line.remark("post_differs", _("“岗位”和“岗位等级”两列写的岗位不一样，岗位和级都没有读。"), "step")
            return None, None
        band = next(iter(found.values()), None)
        if band and standing.step and not within(band, standing.step):
            self.outside(line, band)
            return None, None
        return band.pk if band else None, standing.step

    def fit(self, rows: Sequence[Line], matching: Matching) -> None:
        """Where a list says only the post or only the step of somebody known, the other one is the roster's: together they must fit."""
        people = [line.plan["person"] for line in rows if line.plan]
        first: dict[str, Any] = people[0]
        if bool(first["post_id"]) == bool(first["step"]):
            return
        known = matching.found.matches(rows[0].plan or {})
        if len(known) != 1:
            return
        band, step = self.by_id.get(first["post_id"] or known[0].post_id or 0), first["step"] or known[0].step
        if band and step and not within(band, step) and matching.reaches(known[0]):
            self.outside(rows[0], band)
            for person in people:
                person["post_id"] = person["step"] = None

    @staticmethod
    def outside(line: Line, band: PostBand) -> None:
        words = {"post": band.name, "lowest": band.lowest, "highest": band.highest}
        text = _("“%(post)s”的级在 %(lowest)d 到 %(highest)d 之间，岗位和级都没有读。请核对。")
        line.remark("step_outside", text % words, "step")


def within(band: PostBand, step: int) -> bool:
    return band.lowest <= step <= band.highest


def squeezed(written: str) -> str:
    return "".join(plain(written).split())
