"""Whatever a list did to people, taking it back leaves every column as it was: lists drawn by chance, with people who left and who have accounts."""

from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lms import deciding, imports, jobs, undoing
from lms.models import ImportRun, ImportState
from roster import passwords, service
from roster.identity import check_digit
from roster.models import Posting, StepKind, User, Worker

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

HEAD = "姓名,身份证号,手机号,乡镇,社区,网格,学历,上岗时间,性别\n"
PLACES = ["永安街道,双鹤社区,第一网格", "永安街道,双鹤社区,第二网格", "汀泗桥镇,古塘村,第一网格"]
NAMES = ["王秀兰", "李建国", "陈秀英", "周建平", "胡敏"]


class TakenBack(Exception):
    """Ends one example, so that the next begins where it began."""


rows = st.tuples(
    st.integers(0, 4),  # who
    st.sampled_from(PLACES),
    st.sampled_from(["", "大专", "本科"]),
    st.sampled_from(["", "1390715000{}", "1380000000{}"]),
    st.sampled_from(["", "2021", "2021-05", "2021-05-03"]),
    st.sampled_from(["", "兰"]),  # another name for the same number
)
lists = st.lists(rows, min_size=1, max_size=6, unique_by=lambda row: (row[0], row[1]))


def written(drawn: list[Any], *, renamed: bool) -> bytes:
    lines = []
    for who, place, education, mobile, joined, more in drawn:
        first = f"42120219800101{who:02}1"
        name = NAMES[who] + (more if renamed else "")
        lines.append(f"{name},{first}{check_digit(first)},{mobile.format(who)},{place},{education},{joined},男")
    return (HEAD + "\n".join(lines)).encode()


def worked(run: ImportRun) -> ImportRun:
    jobs.run(run.job_id)
    run.refresh_from_db()
    return run


def bring_in(data: bytes, *, by: User, now: Any, answers: Any) -> ImportRun:
    """Read, every question answered by chance, and confirmed; a list that would change nothing stays unconfirmed."""
    run = worked(imports.upload(data, name="名册.csv", kind="roster", actor=by, now=now))
    for row in run.rows.exclude(question=""):
        options = sorted(code for code in row.options if code)
        if options:
            deciding.choose(row, answers.draw(st.sampled_from(options)), by=by, now=now)
    run.refresh_from_db()
    if not imports.coming(run):
        return run
    return worked(imports.confirm(run, by=by, now=now, changes=run.brake.get("changes")))


def everything() -> list[Any]:
    """All columns of all that a list may touch; a step that was taken back and its own taking back are the same as none."""
    models = [Worker.objects, Posting.objects, User.objects, service.standing_steps()]
    return [list(rows.order_by("pk").values()) for rows in models]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=lists, second=lists, left=st.sets(st.integers(0, 4)), signed=st.sets(st.integers(0, 4)), answers=st.data())
def test_a_list_taken_back_leaves_every_column_as_it_was(
    county_admin: User, now: Any, first: Any, second: Any, left: Any, signed: Any, answers: Any
) -> None:
    today: date = timezone.localdate(now)
    with suppress(TakenBack), transaction.atomic():
        bring_in(written(first, renamed=False), by=county_admin, now=now, answers=answers)
        for worker in Worker.objects.filter(name__in=[NAMES[who] for who in signed]):
            passwords.account(worker, password_hash="x", expires=None)
        for worker in Worker.objects.filter(name__in=[NAMES[who] for who in left]):
            service.take_step(worker, StepKind.LEAVE, on=today, reason="resigned", by=county_admin, now=now)
        before = everything()
        run = bring_in(written(second, renamed=True), by=county_admin, now=now, answers=answers)
        if run.state == ImportState.DONE:
            run = worked(undoing.undo(run, by=county_admin, now=now))
            assert (run.state, run.reading["stays"]) == (ImportState.UNDONE, 0)
        assert everything() == before
        raise TakenBack
