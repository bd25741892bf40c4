"""What only a person can say: who is meant, which month, who is missing; the brake; all or nothing; and the way back."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import zip_longest
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from lms import deciding, imports, jobs, undoing
from lms.models import AuditEntry, ImportRow, ImportRun, ImportState, Outcome
from lms.refusal import Refused
from roster import passwords, service
from roster.identity import check_digit
from roster.models import Grid, Posting, Step, StepKind, Territory, User, Worker, WorkerChange, WorkerState

pytestmark = pytest.mark.django_db(transaction=True)

HEAD = "姓名,身份证号,手机号,乡镇,社区,网格,学历,上岗时间\n"
FIRST, SECOND = "永安街道,双鹤社区,第一网格", "永安街道,双鹤社区,第二网格"
NEIGHBOUR = "汀泗桥镇,古塘村,第一网格"


def number(order: int) -> str:
    first = f"42120219800101{order:03}"
    return first + check_digit(first)


def row(name: str, order: int, place: str = FIRST, last: str = "大专", mobile: str = "", joined: str = "") -> str:
    return f"{name},{number(order) if order else ''},{mobile or f'1390715{order:04}'},{place},{last},{joined}"


@pytest.fixture
def client(county_admin: User) -> Client:
    client = Client()
    client.force_login(county_admin)
    return client


@pytest.fixture
def send(client: Client) -> Callable[..., ImportRun]:
    def send(*lines: str, name: str = "名册.csv", head: str = HEAD, kind: str = "roster") -> ImportRun:
        file = SimpleUploadedFile(name, (head + "\n".join(lines)).encode())
        answer = client.post(reverse("imports"), {"kind": kind, "file": file})
        assert answer.status_code == 302, answer.content.decode()
        return ImportRun.objects.get(pk=int(answer.url.rstrip("/").rpartition("/")[2]))

    return send


@pytest.fixture
def press(client: Client) -> Callable[..., ImportRun]:
    def press(button: str, run: ImportRun, **said: Any) -> ImportRun:
        if button == "import_confirm" and run.brake:
            said = {"changes": run.brake["changes"]} | said
        assert client.post(reverse(button, args=[run.pk]), said).status_code == 302
        run.refresh_from_db()
        return run

    return press


@pytest.fixture
def brought_in(send: Any, press: Any) -> Callable[..., ImportRun]:
    """A list sent and confirmed."""
    return lambda *lines, **how: press("import_confirm", send(*lines, **how))


def resign(worker: Worker, by: User, now: Any) -> None:
    service.take_step(worker, StepKind.LEAVE, on=timezone.localdate(now), reason="resigned", by=by, now=now)


def asked(run: ImportRun) -> list[tuple[str, str, list[str]]]:
    return [
        (row.outcome, row.question, [code for code in row.options if code])
        for row in run.rows.exclude(question="").order_by("position")
    ]


def decide(press: Any, run: ImportRun, choice: str, at: int = 0) -> ImportRun:
    return press("import_choose", run, row=run.rows.exclude(question="").order_by("position")[at].pk, choice=choice)


def held(name: str) -> list[str]:
    found = Posting.objects.current().filter(worker__name=name).select_related("grid__community")
    return sorted(f"{posting.grid.community.name}{posting.grid.name}" for posting in found)


# --- who is meant ---------------------------------------------------------------------------------------------------


def test_another_name_under_a_known_id_number_waits_for_a_person(brought_in, send, press):
    brought_in(row("王秀兰", 1))
    run = send(row("王秀蓝", 1, last="本科"))
    assert asked(run) == [(Outcome.CONFLICT, "name_differs", ["rename", "keep"])]
    with pytest.raises(Refused, match="没有要新增或更改的行"):
        imports.confirm(run, by=run.actor, now=timezone.now())

    run = decide(press, run, "keep")
    assert run.counts == {Outcome.UPDATED: 1}
    assert run.rows.get().cells["changes"] == [["学历", "大专", "本科"]]
    run = decide(press, run, "rename")
    assert run.rows.get().cells["changes"] == [["姓名", "王秀兰", "王秀蓝"], ["学历", "大专", "本科"]]
    run = decide(press, run, "")
    assert (run.counts, run.rows.get().plan) == ({Outcome.CONFLICT: 1}, None)

    press("import_confirm", decide(press, run, "rename"))
    worker = Worker.objects.get()
    assert (worker.name, worker.education) == ("王秀蓝", "本科")
    assert [change.fields for change in worker.changes.all()] == [
        [["name", "王秀兰", "王秀蓝"], ["education", "大专", "本科"]]
    ]
    assert send(row("王秀蓝", 1, last="本科")).counts == {Outcome.UNCHANGED: 1}


def test_rows_that_only_wait_are_said_to_wait(brought_in, send, client):
    brought_in(row("王秀兰", 1))
    run = send(row("王秀岚", 1))
    page = client.get(reverse("import_run", args=[run.pk])).content.decode()
    assert "1 行要你先决定，定好以后就能导入" in page
    assert "再重新上传" not in page


def test_an_answer_for_one_row_is_an_answer_for_all_rows_of_the_person(brought_in, send, press):
    brought_in(row("王秀兰", 1), row("王秀兰", 1, SECOND))
    run = send(row("王秀蓝", 1), row("王秀蓝", 1, SECOND))
    assert run.counts == {Outcome.CONFLICT: 2}
    assert decide(press, run, "keep").counts == {Outcome.UNCHANGED: 2}


def test_the_same_name_and_mobile_under_another_id_number_may_be_the_same_person(brought_in, send, press):
    brought_in(row("王秀兰", 1, mobile="13907150001"))
    known = Worker.objects.get()
    run = send(row("王秀兰", 2, SECOND, mobile="13907150001"))
    assert asked(run) == [(Outcome.DUPLICATE, "person_alike", [f"w{known.pk}", "new"])]
    page = press("import_choose", run, row=run.rows.get().pk, choice=f"w{known.pk}")
    assert page.counts == {Outcome.MOVED: 1}
    press("import_confirm", page)
    known.refresh_from_db()
    assert (Worker.objects.count(), known.id_number, held("王秀兰")) == (1, number(2), ["双鹤社区第2网格"])


def test_or_somebody_else(brought_in, send, press):
    brought_in(row("王秀兰", 1, mobile="13907150001"))
    lines = [row("王秀兰", 2, SECOND, mobile="13907150001")]
    press("import_confirm", decide(press, send(*lines), "new"))
    assert Worker.objects.count() == Posting.objects.count() == 2
    assert send(*lines).counts == {Outcome.UNCHANGED: 1, Outcome.ABSENT: 1}


def test_a_cut_id_number_offers_whose_name_and_first_figures_agree(brought_in, client, press, send):
    brought_in(row("王秀兰", 1), row("李建国", 2, SECOND))
    known = Worker.objects.get(name="王秀兰")
    cut = number(1)[:15]
    run = send(f"王秀兰,{float(cut + '000'):.14E},,{FIRST},本科,", f"陈秀英,{float(cut + '000'):.14E},,{FIRST},本科,")
    assert run.counts == {Outcome.WRONG: 2}
    assert asked(run) == [(Outcome.WRONG, "id_number_truncated", [f"w{known.pk}"])]
    page = client.get(reverse("import_run", args=[run.pk])).content.decode()
    assert "就是这个人：王秀兰 4212**********" in page
    run = decide(press, run, f"w{known.pk}")
    assert run.counts == {Outcome.UPDATED: 1, Outcome.WRONG: 1}
    press("import_confirm", run)
    known.refresh_from_db()
    assert (known.id_number, known.education) == (number(1), "本科")


def test_who_has_left_comes_back_only_when_an_admin_says_so(brought_in, send, press, county_admin, now):
    brought_in(row("王秀兰", 1))
    resign(Worker.objects.get(), county_admin, now)
    run = send(row("王秀兰", 1, SECOND))
    assert asked(run) == [(Outcome.CONFLICT, "worker_left", ["rehire"])]
    run = press("import_confirm", decide(press, run, "rehire"))
    assert (Worker.objects.get().state, held("王秀兰")) == (WorkerState.ACTIVE, ["双鹤社区第2网格"])
    assert Step.objects.filter(kind=StepKind.REHIRE).count() == 1
    press("import_undo", run)
    assert (Worker.objects.get().state, held("王秀兰")) == (WorkerState.LEFT, [])
    assert Step.objects.filter(kind=StepKind.TAKE_BACK).count() == 1


def test_a_township_admin_cannot_take_anybody_back(brought_in, township_admin, county_admin, now):
    brought_in(row("王秀兰", 1))
    resign(Worker.objects.get(), county_admin, now)
    data = (HEAD + row("王秀兰", 1)).encode()
    run = imports.upload(data, name="名册.csv", kind="roster", actor=township_admin, now=timezone.now())
    assert asked(ImportRun.objects.get(pk=run.pk)) == [(Outcome.CONFLICT, "worker_left", [])]


def test_a_number_of_a_spreadsheet_that_may_be_january_or_october_is_asked(send, press):
    run = send(row("王秀兰", 1, joined="2024.1"), row("李建国", 2, SECOND, joined="2024年3月"))
    # as text 2024.1 is January; only a number loses its nought
    assert [(row.question, row.choice) for row in run.rows.order_by("position")] == [("", ""), ("", "")]


@pytest.fixture
def in_numbers(client: Client) -> Callable[..., ImportRun]:
    """A workbook in which the day of joining is a number."""
    import io

    import openpyxl

    def in_numbers(*people: tuple[str, int, float]) -> ImportRun:
        book = openpyxl.Workbook()
        book.active.append(HEAD.strip().split(","))
        for name, order, joined in people:
            book.active.append([*row(name, order).split(",")[:-1], joined])
        out = io.BytesIO()
        book.save(out)
        file = SimpleUploadedFile("名册.xlsx", out.getvalue())
        answer = client.post(reverse("imports"), {"kind": "roster", "file": file})
        return ImportRun.objects.get(pk=int(answer.url.rstrip("/").rpartition("/")[2]))

    return in_numbers


def test_the_month_is_taken_as_a_person_says_for_one_or_for_all(in_numbers, press):
    people = [("王秀兰", 1, 2024.1), ("李建国", 2, 2024.1), ("陈秀英", 3, 2024.5)]
    run = in_numbers(*people)
    assert run.counts == {Outcome.NEW: 3}
    assert [(row.question, row.choice) for row in run.rows.order_by("position")] == [("date_ambiguous", "year")] * 2 + [
        ("", "")
    ]
    run = press("import_choose", run, question="date_ambiguous", choice="october")
    run = press("import_choose", run, row=run.rows.get(label="李建国").pk, choice="january")
    press("import_confirm", run)
    assert {worker.name: worker.joined for worker in Worker.objects.all()} == {
        "王秀兰": "2024年10月",
        "李建国": "2024年1月",
        "陈秀英": "2024年5月",
    }
    # what is known more exactly is not asked again, and not made less exact
    again = in_numbers(*people)
    assert (again.counts, again.rows.exclude(question="").count()) == ({Outcome.UNCHANGED: 3}, 0)


def test_an_answer_must_be_one_of_those_given_and_come_before_the_confirmation(brought_in, send, client, press):
    brought_in(row("王秀兰", 1))
    run = send(row("王秀蓝", 1), row("李建国", 2, SECOND))
    line = run.rows.exclude(question="").get()
    for said in ({"row": line.pk, "choice": "nonsense"}, {"row": run.rows.get(question="").pk, "choice": "keep"}):
        answer = client.post(reverse("import_choose", args=[run.pk]), said, follow=True)
        assert any(word in answer.content.decode() for word in ("没有这个选项", "没有要决定的事"))
    assert client.post(reverse("import_choose", args=[run.pk]), {"row": "x", "choice": "keep"}).status_code == 404
    press("import_confirm", run)
    with pytest.raises(Refused, match="现在不能再改决定"):
        deciding.choose(line, "keep", by=run.actor, now=timezone.now())


def test_the_roster_number_tells_who_it_is_where_the_id_number_is_masked(brought_in, send):
    brought_in(row("王秀兰", 1))
    worker = Worker.objects.get()
    head = "登录号,姓名,身份证号,手机号,乡镇,社区,网格,学历\n"
    line = f"{worker.masked_id_number},{worker.masked_mobile},{FIRST},本科"
    run = send(f"{worker.number},王秀兰,{line}", head=head)
    assert (run.counts, run.rows.get().cells["changes"]) == ({Outcome.UPDATED: 1}, [["学历", "大专", "本科"]])
    codes = [[note["code"] for note in row.notes] for row in run.rows.all()]
    assert codes == [[]]
    unknown = send(f"W999999,王秀兰,{line}", f",王秀兰,{line}", head=head)
    assert {note["code"] for row in unknown.rows.all() for note in row.notes} == {"number_unknown", "id_masked"}


# --- who is missing -------------------------------------------------------------------------------------------------


def test_who_is_not_on_the_list_is_listed_and_stays_untouched(brought_in, send, press, client):
    brought_in(row("王秀兰", 1), row("李建国", 2, SECOND), row("陈秀英", 3, NEIGHBOUR))
    run = send(row("王秀兰", 1, last="本科"))
    missing = run.rows.filter(outcome=Outcome.ABSENT)
    # of the township in the list; the neighbours' list is another one
    assert [line.label for line in missing] == ["李建国"]
    page = client.get(reverse("import_run", args=[run.pk]), {"only": "absent"}).content.decode()
    assert "在册的还有 1 人这份名单没有写到" in page
    assert reverse("workers:inspect", args=[Worker.objects.get(name="李建国").pk]) in page
    run = press("import_account_for", run, row=missing.get().pk)
    assert missing.get().choice == "stays"
    report = client.get(reverse("import_report", args=[run.pk])).content.decode()
    assert "仍在岗，名单漏了。" in report
    assert "第 0 行" not in report
    run = press("import_confirm", run)
    assert (run.counts[Outcome.ABSENT], Worker.objects.active().count(), Posting.objects.current().count()) == (1, 3, 3)
    press("import_account_for", run, row=missing.get().pk)
    assert missing.get().choice == ""


def test_a_name_on_a_wrong_row_is_not_called_missing(brought_in, send):
    brought_in(row("王秀兰", 1), row("李建国", 2, SECOND))
    run = send(row("王秀兰", 1), row("李建国", 2, "永安街道,无此村,第一网格"))
    assert run.counts == {Outcome.UNCHANGED: 1, Outcome.WRONG: 1}


# --- the brake, all or nothing --------------------------------------------------------------------------------------


def test_a_file_that_changes_more_than_a_tenth_is_asked_about_again(brought_in, send, press, client):
    people = [row(f"王秀{letter}", order) for order, letter in enumerate("甲乙丙丁戊己庚辛壬癸", 1)]
    brought_in(*people)
    one = send(row("王秀甲", 1, last="本科"), *people[1:])
    assert one.brake == {}
    two = send(row("王秀甲", 1, last="本科"), row("王秀乙", 2, last="本科"), *people[2:])
    assert two.brake == {"changes": 2, "of": 10}
    page = client.get(reverse("import_run", args=[two.pk])).content.decode()
    assert "这份文件要改动或调动 2 人，超过在册 10 人的十分之一。" in page
    for said in ("", "1", "x"):
        assert press("import_confirm", two, changes=said).state == ImportState.READY
    assert press("import_confirm", two, changes="2").state == ImportState.DONE


def test_all_or_nothing_refuses_while_a_row_is_wrong(send, press):
    run = send(row("王秀兰", 1), row("李建国", 2, "永安街道,无此村,第一网格"))
    assert press("import_confirm", run, whole=1).state == ImportState.READY
    assert Worker.objects.count() == 0
    assert press("import_confirm", run).state == ImportState.DONE


def test_all_or_nothing_takes_everything_back_when_a_row_was_overtaken(send, press, brought_in, monkeypatch):
    monkeypatch.setattr(imports, "CHUNK", 1)
    run = send(row("王秀兰", 1), row("李建国", 2))
    brought_in(row("李建国", 2, NEIGHBOUR))
    run = press("import_confirm", run, whole=1)
    assert (run.state, [worker.name for worker in Worker.objects.all()]) == (ImportState.UNDONE, ["李建国"])
    assert "已经导入的也撤回了" in run.message


# --- the way back ---------------------------------------------------------------------------------------------------


def everything() -> list[Any]:
    """All that an import may touch, but for the log of changes."""
    return [
        list(Worker.objects.order_by("pk").values_list("name", "education", "id_hash", "mobile_hash", "township")),
        list(Posting.objects.order_by("pk").values_list("worker__name", "grid", "since", "until")),
        list(User.objects.order_by("pk").values_list("name", "mobile_hash", "is_active")),
    ]


def test_an_import_taken_back_leaves_everything_as_it_was(brought_in, press, client, monkeypatch):
    monkeypatch.setattr(imports, "CHUNK", 2)
    brought_in(row("王秀兰", 1), row("李建国", 2), row("陈秀英", 3, SECOND))
    before = everything()
    run = brought_in(
        row("王秀兰", 1, last="本科", mobile="13800000001"),
        row("李建国", 2, NEIGHBOUR),
        row("陈秀英", 3, SECOND),
        row("陈秀英", 3),
        row("周建平", 4),
        row("周建平", 4, SECOND),
    )
    assert run.counts == {"updated": 1, "moved": 1, "unchanged": 1, "second_grid": 2, "new": 1}
    page = client.get(reverse("import_undo", args=[run.pk])).content.decode()
    assert "撤回 5 行" in page
    run = press("import_undo", run)
    assert (run.state, run.reading["undone"], run.reading["stays"]) == (ImportState.UNDONE, 5, 0)
    assert everything() == before
    assert "这次导入已经撤回，5 行恢复了原样" in client.get(reverse("import_run", args=[run.pk])).content.decode()
    reasons = WorkerChange.objects.filter(worker__name="王秀兰").values_list("reason", flat=True)
    assert list(reasons) == ["撤回导入", ""]
    assert AuditEntry.objects.filter(action="import.undone").count() == 1
    # again changes nothing, and the same list may come in once more
    press("import_undo", run)
    assert everything() == before


def test_each_kind_says_what_taking_it_back_does(brought_in, client):
    run = brought_in(row("王秀兰", 1))
    page = client.get(reverse("import_undo", args=[run.pk])).content.decode()
    assert "新增的人去掉，改过的资料改回原来的，调动的人回到原来的网格。" in page
    codes = ["divisions", "grids", "training", "work"]
    says = {kind.kind: str(kind.undo_says) for kind in (imports.resource_of(code) for code in codes)}
    assert "冲销" in says["training"]
    assert says["training"] == says["work"]
    assert "人" not in says["grids"] + says["divisions"]


def test_the_kind_brought_in_last_is_offered_first_else_the_roster(client, brought_in):
    def chosen(client: Client) -> str:
        page = client.get(reverse("imports")).content.decode()
        return next(line for line in page.split("<input") if " checked" in line and 'name="kind"' in line)

    assert 'value="roster"' in chosen(client)
    brought_in("永安街道,双鹤社区,第一网格", head="乡镇,社区,网格\n", kind="grids")
    assert 'value="grids"' in chosen(client)


def test_what_later_facts_stand_on_stays_and_is_named(brought_in, press, client, county_admin, now):
    run = brought_in(
        *(row(name, order) for order, name in enumerate(["王秀兰", "李建国", "陈秀英", "周建平", "胡敏"], 1)),
        row("周建平", 4, SECOND),
    )
    # one has an account, one has moved since, one has been changed since, one has left since
    passwords.account(Worker.objects.get(name="王秀兰"), password_hash="x", expires=None)
    brought_in(row("李建国", 2, NEIGHBOUR), row("陈秀英", 3, last="本科"))
    resign(Worker.objects.get(name="周建平"), county_admin, now)
    page = client.get(reverse("import_undo", args=[run.pk])).content.decode()
    for sentence in ("后来已经开了账号", "后来又安排了网格", "后来改过资料"):
        assert sentence in page, sentence
    run = press("import_undo", run)
    assert (run.reading["undone"], run.reading["stays"]) == (1, 5)
    assert sorted(Worker.objects.values_list("name", flat=True)) == ["周建平", "李建国", "王秀兰", "陈秀英"]
    told = {line.label for line in run.rows.all() for note in line.notes if note["code"] == undoing.STANDS}
    assert told == {"周建平", "李建国", "王秀兰", "陈秀英"}


def test_a_value_changed_again_is_not_put_back(brought_in, press):
    brought_in(row("王秀兰", 1, last="大专"))
    run = brought_in(row("王秀兰", 1, last="本科"))
    brought_in(row("王秀兰", 1, last="研究生"))
    run = press("import_undo", run)
    assert (run.reading["stays"], Worker.objects.get().education) == (1, "研究生")


def test_after_thirty_days_there_is_no_way_back(brought_in, press, client):
    run = brought_in(row("王秀兰", 1))
    ImportRun.objects.update(finished_at=timezone.now() - timedelta(days=31))
    assert client.get(reverse("import_undo", args=[run.pk])).status_code == 302
    assert press("import_undo", run).state == ImportState.DONE
    assert Worker.objects.count() == 1


def test_a_killed_undo_is_taken_up_where_it_stopped(brought_in, press, monkeypatch, county_admin):
    monkeypatch.setattr(imports, "CHUNK", 2)
    run = brought_in(*[row(f"王秀{letter}", order) for order, letter in enumerate("甲乙丙丁戊己", 1)])
    monkeypatch.setattr(jobs, "send", lambda job_id: None)
    run = undoing.undo(run, by=county_admin, now=timezone.now())
    resource = imports.resource_of("roster")()
    first = next(undoing.groups(undoing.to_undo(run)))
    undoing.undo_chunk(run, resource, [line.pk for line in first])
    assert Worker.objects.count() == 4
    undoing.undo_chunk(run, resource, [line.pk for line in first])  # the same chunk by another worker
    jobs.run(run.job_id)
    run.refresh_from_db()
    assert (run.state, run.reading["undone"], Worker.objects.count()) == (ImportState.UNDONE, 6, 0)


def statements(work: Callable[[], Any]) -> list[str]:
    with CaptureQueriesContext(connection) as asked:
        work()
    return [query["sql"] for query in asked]


def test_many_rows_go_in_and_come_back_by_as_many_statements_as_few(send, brought_in, monkeypatch, county_admin):
    monkeypatch.setattr(imports, "PAUSE", 0)
    resource, found = imports.resource_of("roster")(), []
    for start, people in ((1, 2), (50, 8)):
        known, moving, new = (range(start + people * part, start + people * (part + 1)) for part in range(3))
        brought_in(*(row(f"王{chr(0x4E00 + order)}", order) for order in [*known, *moving]))
        run = send(
            *(row(f"王{chr(0x4E00 + order)}", order, last="本科") for order in known),
            *(row(f"王{chr(0x4E00 + order)}", order, NEIGHBOUR) for order in moving),
            *(row(f"王{chr(0x4E00 + order)}", order) for order in new),
        )
        assert run.counts == {"updated": people, "moved": people, "new": people} | (
            {"absent": run.counts["absent"]} if start > 1 else {}
        )
        with monkeypatch.context() as unsent:
            unsent.setattr(jobs, "send", lambda job_id: None)
            run = imports.confirm(run, by=county_admin, now=timezone.now(), changes=run.brake.get("changes"))
        asked = [statements(lambda run=run: imports.apply_chunk(run, resource))]
        imports.finish(run)
        run.refresh_from_db()
        asked.append(statements(lambda run=run: undoing.check(run)))
        ids = list(undoing.to_undo(run).values_list("pk", flat=True))
        assert len(ids) == people * 3
        with monkeypatch.context() as unsent:
            unsent.setattr(jobs, "send", lambda job_id: None)
            run = undoing.undo(run, by=county_admin, now=timezone.now())
        asked.append(statements(lambda run=run, ids=ids: undoing.undo_chunk(run, resource, ids)))
        undoing.finish(run)
        found.append(asked)
    few, many = found
    assert list(map(len, few)) == list(map(len, many)), [
        (a, b) for one, other in zip(few, many, strict=True) for a, b in zip_longest(one, other) if a != b
    ]


def test_registers_are_taken_back_too_but_not_what_people_stand_on(city_admin, brought_in, county_admin, city, now):
    def come_in(kind: str, data: str) -> ImportRun:
        run = imports.upload(data.encode(), name=f"{kind}.csv", kind=kind, actor=city_admin, now=timezone.now())
        return imports.confirm(ImportRun.objects.get(pk=run.pk), by=city_admin, now=timezone.now())

    places = come_in(
        "divisions",
        "层级,区划代码,名称,上级代码\n乡镇,421202099,新镇,421202\n村,421202099001,东村,421202099\n村,421202099002,西村,421202099\n"
        f"村,{city.communities[0].code},双鹤新社区,{city.township.code}\n",
    )
    grids = come_in("grids", "乡镇,社区,网格名称,户数\n新镇,东村,第一网格,300\n永安街道,西大街社区,第1网格,321\n")
    brought_in(row("王秀兰", 1, "新镇,东村,第一网格"))

    def take_back(run: ImportRun) -> tuple[int, int]:
        undoing.undo(run, by=city_admin, now=timezone.now())
        run.refresh_from_db()
        return run.reading["undone"], run.reading["stays"]

    assert take_back(ImportRun.objects.get(pk=grids.pk)) == (1, 1)
    assert Grid.objects.filter(community__name="东村").exists()
    # the village with a grid stays, and with it its township; the empty one and the new name go
    assert take_back(ImportRun.objects.get(pk=places.pk)) == (2, 2)
    assert set(Territory.objects.filter(code__startswith="421202099").values_list("name", flat=True)) == {
        "新镇",
        "东村",
    }
    assert Territory.objects.get(code=city.communities[0].code).name == "双鹤社区"


@pytest.mark.postgres
def test_two_who_take_back_at_once_take_back_once(brought_in, county_admin):
    run = brought_in(*[row(f"王秀{letter}", order) for order, letter in enumerate("甲乙丙丁", 1)])

    def click(_number: int) -> None:
        try:
            undoing.undo(run, by=county_admin, now=timezone.now())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(click, range(3)))
    run.refresh_from_db()
    assert (run.state, run.reading["undone"], Worker.objects.count()) == (ImportState.UNDONE, 4, 0)
    assert AuditEntry.objects.filter(action="import.undo_begun").count() == 1


@pytest.mark.postgres
def test_a_decision_and_a_confirmation_at_once_are_one_after_the_other(brought_in, send, county_admin):
    brought_in(row("王秀兰", 1))
    run = send(row("王秀蓝", 1), row("李建国", 2, SECOND))
    line = run.rows.exclude(question="").get()

    def act(verb: Callable[[], Any]) -> None:
        try:
            verb()
        except Refused:
            pass
        finally:
            connections.close_all()

    verbs: list[Callable[[], Any]] = [
        lambda: deciding.choose(line, "rename", by=county_admin, now=timezone.now()),
        lambda: imports.confirm(run, by=county_admin, now=timezone.now()),
    ]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(act, verbs))
    decided = ImportRow.objects.get(pk=line.pk)
    assert Worker.objects.filter(name="王秀蓝").exists() == (decided.applied_at is not None)
