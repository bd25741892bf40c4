"""
How odd it is that two people chose the same wrong answers, and that one was so quick. Pure arithmetic; what comes out is a reason for a
person to look, not a finding.

Alike. Of two answer sheets only the questions count that both have wrong. On question q two wrong answers that have nothing to do with each
other are the same with p_q = Σ s², s being the share of each wrong answer among all wrong answers to q in this exam. So the number of same
ones among n is a sum of n independent yes-or-no draws, and `chance` is the probability of at least as many as there are. This is the
error-similarity analysis of F. S. Bellezza and S. F. Bellezza, Teaching of Psychology 16(3), 1989, 151-155, with the exact sum in place of
their one average p. With P pairs compared a pair is told when chance × P < 0.05 (Bonferroni: one exam in twenty tells of a pair by chance),
and only with at least MIN_ALIKE same ones: a question with one wrong answer only, as true/false, has p = 1 and moves nothing.

Quick. Seconds per answered question, their logarithms x compared within the exam by the modified z-score 0.6745 (x - median) / MAD of
B. Iglewicz and D. Hoaglin, How to Detect and Handle Outliers, 1993, with their limit 3.5; logarithms, since times of answering are about
log-normal (W. van der Linden, Journal of Educational and Behavioral Statistics 31(2), 2006, 181-204). With fewer than MIN_PEOPLE nobody is told.

What neither can know: that people were taught the same mistake, or that someone knew it all. Pairs are compared inside a township, which
keeps the work small (72 × 100² / 2 pairs and not 7,280² / 2) and is where people sit beside each other.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from math import log
from statistics import median
from typing import NamedTuple

MIN_ALIKE = 6
TOO_ODD = 0.05
MOST_EACH = 5  # pairs told of one person: a whole room that copied is a few lines for each, not thousands
MIN_PEOPLE, MIN_ANSWERED = 20, 10
TOO_QUICK = 3.5
SMALLEST = 0.05  # of the spread of logarithms: where all are alike, a twentieth is not odd

Wrong = tuple[int, str]  # (question, the wrong answer as it is stored)


class Pair(NamedTuple):
    one: int
    other: int
    wrong: int  # questions that both have wrong
    alike: int  # of them answered the same
    chance: float


class Quick(NamedTuple):
    who: int
    seconds: float  # for one answered question
    median: float


def same_by_chance(chosen: Mapping[Wrong, int]) -> dict[int, float]:
    """For each question how likely two wrong answers to it are the same: Σ s²."""
    totals, squares = Counter[int](), Counter[int]()
    for (question, _answer), count in chosen.items():
        totals[question] += count
        squares[question] += count * count
    return {question: squares[question] / total**2 for question, total in totals.items()}


def at_least(wanted: int, chances: Iterable[float]) -> float:
    """The probability of `wanted` or more yes among independent draws with these chances."""
    spread = [1.0]  # spread[k]: probability of k so far
    for chance in chances:
        spread = [
            (spread[k] * (1 - chance) if k < len(spread) else 0.0) + (spread[k - 1] * chance if k else 0.0)
            for k in range(len(spread) + 1)
        ]
    return sum(spread[wanted:])


def alike(blocks: Sequence[Mapping[int, frozenset[Wrong]]], chances: Mapping[int, float]) -> list[Pair]:
    """Pairs of one block whose wrong answers are too much the same; {who: their wrong answers} for each block."""
    compared = sum(len(block) * (len(block) - 1) // 2 for block in blocks)
    found = [pair for block in blocks for pair in _of(block, chances) if pair.chance * compared < TOO_ODD]
    told, each = [], Counter[int]()
    for pair in sorted(found, key=lambda pair: (pair.chance, pair)):
        if max(each[pair.one], each[pair.other]) < MOST_EACH:
            told.append(pair)
            each.update((pair.one, pair.other))
    return told


def _of(block: Mapping[int, frozenset[Wrong]], chances: Mapping[int, float]) -> Iterator[Pair]:
    questions = {who: {question for question, _answer in wrong} for who, wrong in block.items()}
    for (one, first), (other, second) in combinations(sorted(block.items()), 2):
        same = len(first & second)
        if same >= MIN_ALIKE:
            both = questions[one] & questions[other]
            yield Pair(one, other, len(both), same, at_least(same, (chances[question] for question in both)))


def quick(times: Mapping[int, tuple[float, int]]) -> list[Quick]:
    """{who: (seconds, questions answered)} → those who were far quicker than the others."""
    each = {
        who: seconds / answered
        for who, (seconds, answered) in times.items()
        if answered >= MIN_ANSWERED and seconds > 0
    }
    if len(each) < MIN_PEOPLE:
        return []
    logs = {who: log(seconds) for who, seconds in each.items()}
    middle = median(logs.values())
    spread = max(median(abs(x - middle) for x in logs.values()), SMALLEST)
    usual = median(each.values())
    return [Quick(who, each[who], usual) for who, x in logs.items() if 0.6745 * (x - middle) / spread < -TOO_QUICK]
