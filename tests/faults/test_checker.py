"""The checker finds what it is there to find: a whole story, and then one thing wrong in it for each invariant."""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.faults.checker import INVARIANTS, check
from tests.faults.facts import Arrived, Facts, Noted, Recorded, Sat, Stood
from tests.faults.history import Event, History, Outcome
from tests.faults.trial import Told

START = datetime(2026, 9, 16, 10, 0, tzinfo=UTC)
OK, NO, UNKNOWN = Outcome.ACKNOWLEDGED, Outcome.REFUSED, Outcome.UNKNOWN
Story = tuple[list[Event], Facts]


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def save(sent: float, item: int, seq: int, value: Any, outcome: Outcome = OK, **more: Any) -> Event:
    page, code = more.pop("page", 7), more.pop("code", f"{item}-{seq}" if outcome == OK else "")
    request = more.pop("request", int(sent * 10))
    said = {"request": request, "item": item, "seq": seq, "value": value, "code": code, **more}
    return Event("save", 1, "1a", "phone", page, sent, sent + 0.1, outcome, **said)


def hand_in(sent: float, code: str = "R1") -> Event:
    return Event("hand_in", 1, "1a", "phone", 7, sent, sent + 0.1, OK, state="handed_in", code=code)


def line(seconds: float, item: int, seq: int, value: Any, *, counted: bool = True, page: int = 7) -> Arrived:
    return Arrived(1, item, seq, page, at(seconds), counted, value, f"{item}-{seq}")


def stood(seconds: float, item: int, seq: int, value: Any, worth: int) -> Stood:
    return Stood(1, item, seq, value, at(seconds), Decimal(worth))


WHOLE = Sat(
    pk=1,
    worker=5,
    county="咸安区",
    state="marked",
    started_at=at(0),
    deadline=at(60),
    finished_at=at(9),
    receipt="R1",
    machine_marks=Decimal(20),
    marks=Decimal(20),
    posted=True,
)


@pytest.fixture
def story() -> Story:
    """Two questions; the first is answered twice, the second's first reply was lost; then the hand-in."""
    events = [
        save(1, 11, 1, [0]),
        save(2, 11, 2, [1]),
        save(3, 12, 1, [3], UNKNOWN),
        save(4, 12, 1, [3]),
        save(5, 11, 3, [2], UNKNOWN),
        hand_in(9),
    ]
    journal = [line(1, 11, 1, [0]), line(2, 11, 2, [1]), line(3, 12, 1, [3])]
    facts = Facts(
        attempts=[WHOLE],
        answers=[stood(2, 11, 2, [1], 10), stood(3, 12, 1, [3], 10)],
        journal=journal,
        ledger=[Recorded(5, "咸安区", Decimal(20))],
        notes=[Noted("exam.started", 1), Noted("exam.handed_in", 1, "R1")],
    )
    return events, facts


def found(events: list[Event], facts: Facts, again: Facts | None = None) -> set[str]:
    return {violation.invariant for violation in check(History(events), facts, again=again)}


def test_a_whole_story_has_no_violation(story: Story) -> None:
    events, facts = story
    assert check(History(events), facts, again=facts) == []


def test_a_save_nobody_heard_of_may_be_there(story: Story) -> None:
    events, facts = story
    journal = [*facts.journal, line(5, 11, 3, [2])]
    answers = [stood(5, 11, 3, [2], 0), facts.answers[1]]
    attempt = replace(WHOLE, machine_marks=Decimal(10), marks=Decimal(10))
    ledger = [Recorded(5, "咸安区", Decimal(10))]
    assert found(events, replace(facts, journal=journal, answers=answers, attempts=[attempt], ledger=ledger)) == set()


def test_a_late_request_that_says_in_part_what_stood_then_leaves_lines_of_the_rest_only(story: Story) -> None:
    """The old device sends two answers after it was taken over; one of them stood already, and the new device changes that one later."""
    events, facts = story
    late = {"state": "elsewhere", "request": 99, "page": 8}
    events = [*events, save(2.5, 11, 3, [1], NO, **late), save(2.5, 12, 1, [0], NO, **late)]
    events += [save(6, 11, 4, [1, 2])]
    journal = [*facts.journal, line(2.5, 12, 1, [0], counted=False, page=8), line(6, 11, 4, [1, 2])]
    facts = replace(facts, journal=journal, answers=[stood(6, 11, 4, [1, 2], 10), facts.answers[1]])
    assert found(events, facts) == set()


def spoilt(story: Story, what: str) -> tuple[list[Event], Facts, Facts | None]:  # noqa: C901 - one thing wrong each
    events, facts = story
    first, second = facts.answers
    again = None
    match what:
        case "an acknowledged answer is gone":
            facts = replace(facts, answers=[first])
        case "an acknowledged answer was put back":
            facts = replace(facts, answers=[stood(1, 11, 1, [0], 10), second])
        case "another value stands than the one acknowledged":
            facts = replace(facts, answers=[stood(2, 11, 2, [3], 10), second])
        case "an acknowledged answer is not in the journal":
            facts = replace(facts, journal=facts.journal[1:])
        case "a check code that the journal does not give":
            events = [save(1, 11, 1, [0], code="XXXX"), *events[1:]]
        case "an answer that nobody sent":
            facts = replace(
                facts, answers=[*facts.answers, stood(4, 13, 1, [0], 0)], journal=[*facts.journal, line(4, 13, 1, [0])]
            )
        case "an answer without its line in the journal":
            facts = replace(facts, answers=[stood(5, 11, 3, [2], 10), second])
        case "a counted line without its answer":
            facts = replace(facts, journal=[*facts.journal, line(5, 11, 3, [2])])
        case "an unknown save came in mutilated":
            facts = replace(facts, journal=[*facts.journal, line(5, 11, 3, [], counted=False)])
        case "half of a request came in":
            events = [*events, save(6, 11, 4, [0], UNKNOWN, request=99), save(6, 12, 2, [0], UNKNOWN, request=99)]
            facts = replace(facts, journal=[*facts.journal, line(6, 11, 4, [0], counted=False)])
        case "half of a late request came in, and the rest had been overwritten":
            late = {"state": "elsewhere", "request": 99, "page": 8}
            events = [*events, save(6, 11, 4, [0], NO, **late), save(6, 12, 2, [0], NO, **late)]
            facts = replace(facts, journal=[*facts.journal, line(6, 12, 2, [0], counted=False, page=8)])
        case "a save was accepted after the hand-in":
            events = [*events, save(10, 12, 2, [0])]
            facts = replace(
                facts, answers=[first, stood(10, 12, 2, [0], 10)], journal=[*facts.journal, line(10, 12, 2, [0])]
            )
        case "an unknown save counted after the hand-in":
            events = [*events, save(10, 12, 2, [0], UNKNOWN)]
            facts = replace(
                facts, answers=[first, stood(10, 12, 2, [0], 10)], journal=[*facts.journal, line(10, 12, 2, [0])]
            )
        case "two receipts":
            events = [*events, hand_in(11, "R2")]
        case "handed in and still open":
            facts = replace(facts, attempts=[replace(WHOLE, state="sitting")], closed=False)
        case "two attempts of one try":
            facts = replace(facts, attempts=[WHOLE, replace(WHOLE, pk=2, receipt="R2", state="due", posted=False)])
        case "left open after the close":
            facts = replace(facts, attempts=[WHOLE, replace(WHOLE, pk=2, worker=6, state="sitting", posted=False)])
        case "the machine's marks are not those of the answers":
            facts = replace(facts, attempts=[replace(WHOLE, machine_marks=Decimal(10))])
        case "the sum is not machine and awards":
            facts = replace(facts, attempts=[replace(WHOLE, by_persons=Decimal(5))])
        case "twice in the ledger":
            facts = replace(facts, ledger=facts.ledger * 2)
        case "other marks in the ledger":
            facts = replace(facts, ledger=[Recorded(5, "咸安区", Decimal(19))])
        case "shown and never posted":
            facts = replace(facts, attempts=[replace(WHOLE, posted=False)], ledger=[])
        case "handed in twice by the notes":
            facts = replace(facts, notes=[*facts.notes, facts.notes[1]])
        case "started twice by the notes":
            facts = replace(facts, notes=[facts.notes[0], *facts.notes])
        case "a save counted after the deadline":
            facts = replace(facts, journal=[line(61, 11, 1, [0]), *facts.journal[1:]])
        case "finished after the deadline":
            facts = replace(facts, attempts=[replace(WHOLE, finished_at=at(61))])
        case "closed by the clock at another time":
            facts = replace(facts, attempts=[replace(WHOLE, closed_by_clock=True)])
        case "a second sweep changes something":
            again = replace(facts, ledger=facts.ledger * 2)
        case "a county has more than its attempts":
            facts = replace(facts, ledger=[Recorded(5, "嘉鱼县", Decimal(20))])
        case "an older answer overwrote a newer":
            facts = replace(facts, answers=[stood(2, 11, 1, [0], 10), second])
        case "one sequence counted from two tabs":
            facts = replace(facts, journal=[*facts.journal, line(2, 11, 2, [1], page=8)])
            events = [*events, save(2, 11, 2, [1], UNKNOWN, page=8)]
        case "an older answer counted when a newer was acknowledged":
            events = [save(4, 11, 1, [0], UNKNOWN), *events[1:]]
        case _:
            raise AssertionError(what)
    return events, facts, again


WRONG = {
    "an acknowledged answer is gone": "I1",
    "an acknowledged answer was put back": "I1",
    "another value stands than the one acknowledged": "I1",
    "an acknowledged answer is not in the journal": "I1",
    "a check code that the journal does not give": "I1",
    "an answer that nobody sent": "I1",
    "an answer without its line in the journal": "I2",
    "a counted line without its answer": "I2",
    "an unknown save came in mutilated": "I2",
    "half of a request came in": "I2",
    "half of a late request came in, and the rest had been overwritten": "I2",
    "a save was accepted after the hand-in": "I3",
    "an unknown save counted after the hand-in": "I3",
    "two receipts": "I3",
    "handed in and still open": "I3",
    "two attempts of one try": "I4",
    "left open after the close": "I4",
    "the machine's marks are not those of the answers": "I5",
    "the sum is not machine and awards": "I5",
    "twice in the ledger": "I6",
    "other marks in the ledger": "I6",
    "shown and never posted": "I6",
    "handed in twice by the notes": "I6",
    "started twice by the notes": "I6",
    "a save counted after the deadline": "I7",
    "finished after the deadline": "I7",
    "closed by the clock at another time": "I7",
    "a second sweep changes something": "I8",
    "a county has more than its attempts": "I9",
    "an older answer overwrote a newer": "I10",
    "one sequence counted from two tabs": "I10",
    "an older answer counted when a newer was acknowledged": "I10",
}


@pytest.mark.parametrize(("what", "invariant"), WRONG.items(), ids=WRONG)
def test_what_is_wrong_is_found(story: Story, what: str, invariant: str) -> None:
    assert invariant in found(*spoilt(story, what))


def test_every_invariant_can_fail() -> None:
    assert set(WRONG.values()) == set(INVARIANTS)


def test_what_a_violation_was_found_in_is_kept_whole(story: Story, tmp_path: Path) -> None:
    events, facts, _again = spoilt(story, "an acknowledged answer is gone")
    history = History(events)
    Told(history, facts, check(history, facts), again=facts).keep(tmp_path / "trial")
    kept = {
        name: [json.loads(row) for row in (tmp_path / "trial" / f"{name}.jsonl").read_text().splitlines()]
        for name in ("history", "facts", "again", "violations")
    }
    assert [row["sent"] for row in kept["history"]] == [1, 2, 3, 4, 5, 9]
    assert kept["facts"] == kept["again"]
    assert Counter(kind for kind, _row in kept["facts"])["journal"] == len(facts.journal)
    assert kept["violations"][0]["invariant"] == "I1"
