"""Judged lines are written down as rows, for a preview that any web worker can show and any worker process can apply."""

from collections import Counter
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet

from lms import jobs, judging, numbers, writing
from lms.models import ImportRow, ImportRun, ImportState, Outcome
from lms.outcomes import APPLIED, BRAKE, CHANGING, LEFT_OUT, OUTCOMES, RANKS, ranks_of
from lms.resources import Line, Question
from lms.sealing import lookup

STAGED = 250


def still_reading(run: ImportRun) -> QuerySet[ImportRun]:
    """The run unless it has been given up meanwhile."""
    return ImportRun.objects.filter(pk=run.pk, state=ImportState.READING)


@transaction.atomic
def unread(run: ImportRun, **said: Any) -> None:
    """Say why there is nothing to preview; what an earlier reading of the same file had staged goes."""
    if still_reading(run).update(**said, counts={}, brake={}):
        ImportRow.objects.filter(run=run).delete()


def stage(run: ImportRun, reading: judging.Reading, handle: jobs.Handle) -> None:
    """
    Write the judged lines down for the preview, some at a time, so that nobody else waits long to write; what is written down the
    reading lets go of, for it and the copy of 100,000 lines do not find room together.
    """
    ImportRow.objects.filter(run=run).delete()
    remarked = sum(bool(line.notes) for line in reading.lines if line.outcome not in LEFT_OUT)
    known = {**reading.report, "skipped": reading.skipped_rows, "remarked": remarked, "known": reading.known}
    lines = reading.lines
    lines += reading.absent
    reading.absent = []
    counts, total = dict(Counter(line.outcome for line in lines)), len(lines)
    lines.reverse()  # a list gives up its end without moving the rest
    for start in range(0, total, STAGED):
        chunk = [lines.pop() for _line in range(min(STAGED, len(lines)))]
        writing.insert([staged(run, position, line) for position, line in enumerate(chunk, start)])
        handle.progress(start + len(chunk), total)
    found = {"counts": counts, "reading": known, "samples": reading.samples}
    brake = weigh(run, known["known"])
    if not still_reading(run).update(**found, brake=brake, state=ImportState.READY):
        ImportRow.objects.filter(run=run).delete()


def staged(run: ImportRun, position: int, line: Line) -> ImportRow:
    cover(line)
    row = ImportRow(
        run=run,
        position=position,
        sheet=line.sheet[:100],
        number=line.number,
        label=line.label.replace("\0", "")[:100],
        outcome=line.outcome,
        rank=RANKS[Outcome(line.outcome)],
        notes=[asdict(note) for note in line.notes],
        cells=line.shown,
        plan=line.plan if line.outcome in APPLIED else None,
        key=lookup(line.key, purpose="import-row") if line.key else "",
        area=line.area,
    )
    if line.question and line.outcome != Outcome.OUT_OF_REACH:
        ask(row, line.question)
    return row


def cover(line: Line) -> None:
    """Whatever column a number of a person was written in, what is shown of the row and kept unsealed does not hold it."""
    line.label = numbers.covered_up(line.label)
    for note in line.notes:
        note.message = numbers.covered_up(note.message)
    if facts := line.shown.get("facts"):
        line.shown["facts"] = [numbers.covered_up(fact) if isinstance(fact, str) else fact for fact in facts]


def ask(row: ImportRow, question: Question) -> None:
    """Keep what is asked, and how the row stands before and after each answer."""
    row.question, row.choice = question.code, question.taken
    changes = row.cells.get("changes", []) if row.cells else []
    before = {"label": "", "outcome": row.outcome, "plan": row.plan, "changes": changes}
    row.options = {"": before} | {option.code: vars(option) for option in question.options}
    row.cells = {**(row.cells or {}), "asked": question.text}


def weigh(run: ImportRun, known: dict[str, int]) -> dict[str, int]:
    """The area of which the rows would change the largest share, where that is more than a tenth; {} where none is."""
    changing = run.rows.filter(rank__in=ranks_of(CHANGING)).exclude(area="")
    told = changing.values_list("area").annotate(changes=Count("key", distinct=True)).order_by()
    worst = max(((changes, known.get(area, 0)) for area, changes in told), key=share, default=(0, 0))
    return {"changes": worst[0], "of": worst[1]} if worst[0] * BRAKE > worst[1] > 0 else {}


def share(counted: tuple[int, int]) -> float:
    changes, of = counted
    return changes / of if of else 0.0


def recount(run: ImportRun) -> None:
    """Counts and brake as the rows now stand; the caller holds the run's row."""
    ranks = run.rows.values_list("rank").annotate(count=Count("pk")).order_by()  # an index alone tells them
    run.counts = {OUTCOMES[rank]: count for rank, count in ranks}
    run.brake = weigh(run, run.reading.get("known", {}))
    run.save(update_fields=["counts", "brake"])
