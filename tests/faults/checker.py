"""
The contract of the exam day, checked after the fact: histories of the clients and the final state go in, violations come out. Pure.

Ten invariants. Eight are about the attempt and proved here in whole. Two have a second half elsewhere: all or nothing of a *roster* import
(I8) in tests/lms/test_import_faults.py, and sums of the *bulletin* (I9), which are made of the same ledger lines that are added up here.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from tests.faults.facts import Arrived, Facts, Sat, Stood
from tests.faults.history import Event, History, Outcome

ZERO = Decimal(0)


class Violation(NamedTuple):
    invariant: str
    attempt: int
    text: str


class Case(NamedTuple):
    """History and facts of one attempt."""

    sat: Sat
    events: list[Event]
    answers: dict[int, Stood]
    journal: list[Arrived]

    def saves(self, *outcomes: Outcome) -> list[Event]:
        return [one for one in self.events if one.act == "save" and one.outcome in outcomes]


Key = tuple[int, int, int]  # question, sequence, page
Check = Callable[[Case, Facts], Iterator[str]]


def i1_acknowledged_is_marked(case: Case, facts: Facts) -> Iterator[str]:
    """
    I1. Of every question the acknowledged save with the highest sequence is what is marked, or a later one that was really sent. Each
    acknowledgement stands in the journal as counted, with the value sent, and its check code is the one that the journal gives.
    """
    counted = {key(one): one for one in case.journal if one.counted}
    sent = {(one.item, one.seq, frozen(one.value)) for one in case.events if one.act == "save"}
    for save in case.saves(Outcome.ACKNOWLEDGED):
        if save.item not in case.answers:
            yield f"acknowledged save {name(save)} left no answer"
        elif save.stands is None:  # otherwise it was told that a newer one stands
            yield from _kept(save, counted.get(key(save)), case.answers[save.item])
    for stands in case.answers.values():
        if case.events and (stands.item, stands.seq, frozen(stands.value)) not in sent:
            yield f"question {stands.item} holds {stands.value!r} at sequence {stands.seq}, which nobody sent"


def _kept(save: Event, line: Arrived | None, stands: Stood) -> Iterator[str]:
    if line is None:
        yield f"acknowledged save {name(save)} is not in the journal as counted"
    elif (line.value, line.code) != (save.value, save.code):
        yield f"save {name(save)} of {save.value!r} got {save.code!r}; the journal has {line.value!r} and {line.code!r}"
    if stands.seq < save.seq:
        yield f"acknowledged save {name(save)} was lost: sequence {stands.seq} stands"
    elif stands.seq == save.seq and stands.value != save.value:
        yield f"acknowledged save {name(save)} reads {stands.value!r}, sent was {save.value!r}"


def i2_never_half(case: Case, facts: Facts) -> Iterator[str]:
    """
    I2. A save whose reply never came is there or not there, never half: answer and journal tell the same, with the value that was sent, and
    the answers of one request came in together or not at all.
    """
    for stands in case.answers.values():
        mine = [one for one in case.journal if one.item == stands.item and one.counted]
        if not any(one.seq == stands.seq and one.value == stands.value for one in mine):
            yield f"the answer to question {stands.item} at sequence {stands.seq} has no line in the journal"
    for one in case.journal:
        if one.counted and (one.item not in case.answers or case.answers[one.item].seq < one.seq):
            yield f"the journal counts sequence {one.seq} of question {one.item}, and the answer does not"
    yield from _whole_requests(case)


def _whole_requests(case: Case) -> Iterator[str]:
    lines = {key(one): one for one in case.journal}
    carried: dict[Key, set[int]] = defaultdict(set)
    # of these nothing can be told: what came too late and says what stands already leaves no line
    repeated: set[Key] = set()
    for save in case.saves(*Outcome):
        line = lines.get(key(save))
        if line and line.value != save.value:
            yield f"save {name(save)} came in as {line.value!r}, sent was {save.value!r}"
        if line is None and _may_have_stood(case, save):
            repeated.add(key(save))
        if save.state != "unfit":
            carried[key(save)].add(save.request)
    # answers that travelled in the very same requests share their fate
    together: dict[frozenset[int], set[bool]] = defaultdict(set)
    for one, requests in carried.items():
        if one in repeated:
            continue
        together[frozenset(requests)].add(one in lines)
    for requests_, there in together.items():
        if len(there) > 1:
            yield f"of the answers that came with the requests {sorted(requests_)} some came in and some did not"


def _may_have_stood(case: Case, save: Event) -> bool:
    """Whether what this save says may have been the answer when it arrived, by what the clients know; later another may have come."""
    same = [one for one in case.journal if one.counted and one.item == save.item and one.value == save.value]
    others = [one for one in case.saves(*Outcome) if one.item == save.item] if same else []
    for line in same:
        sent = [one.sent for one in others if key(one) == key(line)]
        gone = any(
            one.outcome == Outcome.ACKNOWLEDGED and one.stands is None and one.seq > line.seq and one.told < save.sent
            for one in others
        )
        if not gone and min(sent, default=0.0) < save.told:
            return True
    return False


def i3_nothing_after_the_hand_in(case: Case, facts: Facts) -> Iterator[str]:
    """I3. Once the hand-in was acknowledged no save that is sent later counts, and every acknowledgement names the same receipt."""
    handed = [one for one in case.events if one.act == "hand_in" and one.outcome == Outcome.ACKNOWLEDGED]
    if not handed:
        return
    if {one.code for one in handed} != {case.sat.receipt}:
        yield f"receipts {sorted({one.code for one in handed})} were given, {case.sat.receipt} is kept"
    if not case.sat.finished:
        yield "the hand-in was acknowledged and the attempt is not finished"
    first = min(one.told for one in handed)
    for save in case.saves(Outcome.ACKNOWLEDGED):
        if save.sent > first:
            yield f"save {name(save)} was accepted after the hand-in"
    before = {key(one) for one in case.events if one.act == "save" and one.sent <= first}
    for line in case.journal:
        if line.counted and key(line) not in before:
            yield f"sequence {line.seq} of question {line.item} counted after the hand-in"


def i5_marks_are_made_of_answers(case: Case, facts: Facts) -> Iterator[str]:
    """I5. The marks are a pure function of the answers that stand, the key and the awards: worked out anew they are the same."""
    if not case.sat.finished:
        return
    machine = sum((one.worth for one in case.answers.values() if one.worth is not None), ZERO)
    if case.sat.machine_marks != machine:
        yield f"the machine gave {case.sat.machine_marks}, worked out anew it is {machine}"
    if case.sat.state == "marked" and case.sat.marks != machine + case.sat.by_persons:
        yield f"{case.sat.marks} marks, worked out anew {machine + case.sat.by_persons}"


def i6_one_chain_to_the_ledger(case: Case, facts: Facts) -> Iterator[str]:
    """
    I6. Each result has one chain: the start and the hand-in noted once, the receipt the same in both, the marks in the ledger once and
    equal. (That the ledger and the audit are never changed afterwards: tests/records/test_ledger.py, tests/lms/test_audit_chain.py; what a
    year's grade is made of them: tests/records.)
    """
    notes = [one for one in facts.notes if one.attempt == case.sat.pk]
    began, ended = ([one for one in notes if one.action == act] for act in ("exam.started", "exam.handed_in"))
    if case.sat.started_at and len(began) != 1:
        yield f"the start was noted {len(began)} times"
    if case.sat.finished and [one.receipt for one in ended] != [case.sat.receipt]:
        yield f"the hand-in was noted with {[one.receipt for one in ended]}, the receipt is {case.sat.receipt}"
    lines = [one.amount for one in facts.ledger if one.worker == case.sat.worker]
    if not facts.recorded or not facts.closed:
        return
    if case.sat.state == "marked" and case.sat.posted and lines != [case.sat.marks]:
        yield f"the ledger holds {[str(one) for one in lines]}, the marks are {case.sat.marks}"
    if case.sat.state == "marked" and not case.sat.posted:
        yield "marked and shown, and not posted"
    if case.sat.state not in {"marked", "absent"} and lines:
        yield f"in the ledger and {case.sat.state}"


def i7_by_the_servers_clock(case: Case, facts: Facts) -> Iterator[str]:
    """I7. The last save that counts arrived before the deadline (and what the exam grants on it), and no attempt finishes after it."""
    if case.sat.deadline is None:
        return
    for line in case.journal:
        if line.counted and line.at >= case.sat.deadline + facts.late:
            yield f"sequence {line.seq} of question {line.item} counted {line.at - case.sat.deadline} after the deadline"
    if case.sat.finished_at and case.sat.finished_at > case.sat.deadline:
        yield f"finished at {case.sat.finished_at}, the deadline was {case.sat.deadline}"
    if case.sat.closed_by_clock and case.sat.finished_at != case.sat.deadline:
        yield f"closed by the clock at {case.sat.finished_at} and not at the deadline {case.sat.deadline}"


def i10_never_back(case: Case, facts: Facts) -> Iterator[str]:
    """I10. The sequence only rises: what is older never overwrites, counts or is acknowledged as counted once a newer one was."""
    lines = [one for one in case.journal if one.counted]
    newest = {one.item: one.seq for one in sorted(lines, key=lambda one: one.seq)}
    for item, stands in case.answers.items():
        if stands.seq != newest.get(item, stands.seq):
            yield f"question {item} stands at sequence {stands.seq}, {newest[item]} had counted"
    for (item, seq), times in Counter((line.item, line.seq) for line in lines).items():
        if times > 1:
            yield f"sequence {seq} of question {item} counted {times} times"
    sure = [one for one in case.saves(Outcome.ACKNOWLEDGED) if one.stands is None]
    first_sent = {key(one): one.sent for one in sorted(case.saves(*Outcome), key=lambda one: -one.sent)}
    for line in lines:
        sent = first_sent.get(key(line), 0.0)
        if any(new.item == line.item and new.seq > line.seq and new.told < sent for new in sure):
            yield f"sequence {line.seq} of question {line.item} counted after a newer one was acknowledged"


EACH: dict[str, Check] = {
    "I1": i1_acknowledged_is_marked,
    "I2": i2_never_half,
    "I3": i3_nothing_after_the_hand_in,
    "I5": i5_marks_are_made_of_answers,
    "I6": i6_one_chain_to_the_ledger,
    "I7": i7_by_the_servers_clock,
    "I10": i10_never_back,
}


def i4_one_attempt_each(facts: Facts) -> Iterator[tuple[int, str]]:
    """I4. Whatever was raced there is one attempt for each person, exam and try; at the end none is left open, and none finished twice."""
    for (worker, number), times in Counter((one.worker, one.number) for one in facts.attempts).items():
        if times > 1:
            yield 0, f"worker {worker} has {times} attempts of try {number}"
    for receipt, times in Counter(one.receipt for one in facts.attempts if one.receipt).items():
        if times > 1:
            yield 0, f"{times} attempts share the receipt {receipt}"
    for one in facts.attempts:
        if facts.closed and one.state == "sitting":
            yield one.pk, "left open after the close"


def i8_again_changes_nothing(facts: Facts, again: Facts | None) -> Iterator[tuple[int, str]]:
    """I8. What comes in bulk (papers drawn, closes, absences, results posted) is once however often it runs: a second run changes nothing."""
    if again is None or again == facts:
        return
    for name_ in ("attempts", "answers", "journal", "ledger", "notes"):
        if getattr(facts, name_) != getattr(again, name_):
            yield 0, f"a second sweep changed {name_}"


def i9_the_parts_make_the_whole(facts: Facts) -> Iterator[tuple[int, str]]:
    """I9. County by county the ledger adds up to the marks of that county's attempts, and the counties to the city."""
    if not (facts.closed and facts.recorded):
        return
    posted, marked = Counter[str](), Counter[str]()
    for line in facts.ledger:
        posted[line.county] += line.amount  # type: ignore[assignment]
    for one in facts.attempts:
        if one.posted:
            marked[one.county] += one.marks or ZERO  # type: ignore[assignment]
    for county in sorted(posted.keys() | marked.keys()):
        if posted[county] != marked[county]:
            yield 0, f"{county}: {posted[county]} in the ledger, {marked[county]} in the attempts"


def check(history: History, facts: Facts, *, again: Facts | None = None) -> list[Violation]:
    """Every violation of the ten invariants. `again` is the state after all sweeps ran once more."""
    events: dict[int, list[Event]] = defaultdict(list)
    answers: dict[int, dict[int, Stood]] = defaultdict(dict)
    journal: dict[int, list[Arrived]] = defaultdict(list)
    for event in history:
        events[event.attempt].append(event)
    for stands in facts.answers:
        answers[stands.attempt][stands.item] = stands
    for line in facts.journal:
        journal[line.attempt].append(line)
    found = [
        Violation(invariant, sat.pk, text)
        for sat in facts.attempts
        for case in [Case(sat, events[sat.pk], answers[sat.pk], journal[sat.pk])]
        for invariant, look in EACH.items()
        for text in look(case, facts)
    ]
    whole = {"I4": i4_one_attempt_each(facts), "I8": i8_again_changes_nothing(facts, again)}
    whole["I9"] = i9_the_parts_make_the_whole(facts)
    return found + [Violation(invariant, pk, text) for invariant, each in whole.items() for pk, text in each]


INVARIANTS = [f"I{number}" for number in range(1, 11)]


def key(one: Event | Arrived) -> Key:
    return one.item, one.seq, one.page


def frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def name(save: Event) -> str:
    return f"{save.item}/{save.seq} of page {save.page}"
