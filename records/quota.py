"""How many may be 优秀, and who: pure arithmetic. "不超过" means rounded down, and a tie at the cut stays outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from lms.numbers import plain


@dataclass(frozen=True)
class Quota:
    """So many places out of so many appraised; `sentence` is the sum as people write it."""

    appraised: int
    share: Decimal
    places: int

    @property
    def sentence(self) -> str:
        return _("参评 %(n)s 人 × %(share)s%% = %(product)s → %(places)s 名") % {
            "n": self.appraised,
            "share": plain(self.share * 100),
            "product": plain(self.share * self.appraised),
            "places": self.places,
        }


@dataclass(frozen=True)
class Cut:
    """Who got a place, at which rank everybody stands, and the sentence that explains the cut."""

    chosen: frozenset[int]
    rank: dict[int, int]
    sentence: str


def places(appraised: int, share: Decimal) -> Quota:
    """The places for a share of those appraised, rounded down."""
    return Quota(appraised, share, int(share * appraised))


def choose(candidates: Sequence[tuple[int, Decimal]], quota: Quota) -> Cut:
    """Give the places to the best (id, score) pairs. Equal scores share a rank; when they do not all fit, none of them gets in."""
    ordered = sorted(candidates, key=lambda pair: (-pair[1], pair[0]))
    better: dict[Decimal, int] = {}
    for position, (_id, score) in enumerate(ordered):
        better.setdefault(score, position)
    rank = {key: better[score] + 1 for key, score in ordered}
    tail = {
        score: position + 1 for position, (_id, score) in enumerate(ordered)
    }  # how many stand at this score or above
    chosen = frozenset(key for key, score in ordered if tail[score] <= quota.places)
    return Cut(chosen, rank, _sentence(ordered, chosen, quota))


def _sentence(ordered: Sequence[tuple[int, Decimal]], chosen: frozenset[int], quota: Quota) -> str:
    said = {"reached": len(ordered), "places": quota.places, "chosen": len(chosen), "left": quota.places - len(chosen)}
    if len(ordered) <= quota.places:
        return _("达到分数线的 %(reached)s 人都在名额 %(places)s 名以内。") % said
    if said["left"]:
        said["tied"] = sum(1 for _id, score in ordered if score == ordered[len(chosen)][1])
        return (
            _(
                "达到分数线的有 %(reached)s 人，名额 %(places)s 名，按得分取前 %(chosen)s 名；"
                "接下来 %(tied)s 人同分，只剩 %(left)s 个名额，都不进。"
            )
            % said
        )
    return _("达到分数线的有 %(reached)s 人，名额 %(places)s 名，按得分取前 %(chosen)s 名。") % said
