"""Rosters come in: the six county files exactly as expected.json says, by command and by screen; people move, double and stay apart."""

import fcntl
import io
import json
import os
import sqlite3
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count, Q
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lms import imports, judging
from lms.commands import run_file
from lms.models import AuditEntry, ImportRow, ImportRun, ImportState, Outcome
from lms.resources import ERROR
from roster import service
from roster.identity import check_digit
from roster.models import Grid, Level, Posting, Role, RoleGrant, Territory, User, Worker, WorkerState
from tests import databases

DATA = Path(__file__).parents[1] / "data"
EXPECTED = json.loads((DATA / "rosters" / "expected.json").read_text("utf-8"))
DIVISIONS, REGISTER = DATA / "xianning_divisions_2023.csv", DATA / "rosters" / EXPECTED["grids"]["file"]
FIGURES = ("new_people", "assignments", "skipped_rows", "mentors", "people_with_two_grids")


def by_command(name: str, file: Path, *options: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command(name, str(file), "--json", *options, stdout=out)
    return json.loads(out.getvalue())


def kept(folder: Path, name: str, lay: Callable[[], list[dict[str, Any]]]) -> Path:
    """A database that was brought in once for all processes of this run, to copy from; what was told meanwhile lies beside it."""
    file = folder / f"xianning-{name}.sqlite3"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            told = lay()
            with closing(sqlite3.connect(file.with_suffix(".unfinished"))) as copy:
                connection.connection.backup(copy)
            databases.restore()
            file.with_suffix(".json").write_text(json.dumps(told))
            file.with_suffix(".unfinished").rename(file)
    return file


def told_of(file: Path) -> list[dict[str, Any]]:
    return json.loads(file.with_suffix(".json").read_text())


def lay_from(file: Path) -> None:
    connection.ensure_connection()
    with closing(sqlite3.connect(file)) as copy:
        copy.backup(connection.connection)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all processes of this run."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="module")
def registered(django_db_setup: None, django_db_blocker: Any, folder: Path) -> Path:
    """The whole city's divisions and grids, brought in by the commands."""
    with django_db_blocker.unblock():
        file = kept(
            folder,
            "registered",
            lambda: [by_command("import_divisions", DIVISIONS), by_command("import_grids", REGISTER)],
        )
    told = told_of(file)
    assert told[0]["new"] == 1192
    assert {name: told[1][name] for name in ("rows", "outside_300_500_households", "errors")} == {
        "rows": EXPECTED["grids"]["rows"],
        "outside_300_500_households": EXPECTED["grids"]["outside_300_500_households"],
        "errors": [],
    }
    return file


@pytest.fixture
def xianning(transactional_db: None, registered: Path) -> None:
    lay_from(registered)


@pytest.fixture(scope="module")
def enrolled(registered: Path, django_db_blocker: Any, folder: Path) -> Path:
    """And the six rosters after them, each by the command."""

    def lay() -> list[dict[str, Any]]:
        lay_from(registered)
        files = [DATA / "rosters" / expected["file"] for expected in EXPECTED["rosters"]]
        return [by_command("import_roster", file, "--apply") for file in files]

    with django_db_blocker.unblock():
        return kept(folder, "enrolled", lay)


@pytest.fixture
def peopled(transactional_db: None, enrolled: Path) -> list[dict[str, Any]]:
    """The city with all its people; returns what the command told of each file."""
    lay_from(enrolled)
    return told_of(enrolled)


def admin(name: str, role: str = "", county: str = "") -> User:
    """Somebody with a role in a county; without one, the superuser that createsuperuser makes."""
    if not role:
        return User.objects.create_superuser(username=name, password="春风十里稻花香", name="管理员")
    user = User.objects.create(username=name, name=name)
    place = Territory.objects.get(level=Level.COUNTY, name=county)
    RoleGrant.objects.create(user=user, role=role, territory=place, since=timezone.localdate())
    return user


def upload(user: User, file: Path, kind: str = "roster") -> ImportRun:
    client = Client()
    client.force_login(user)
    data = SimpleUploadedFile(file.name, file.read_bytes())
    answer = client.post(reverse("imports"), {"kind": kind, "file": data})
    assert answer.status_code == 302, answer.content.decode()
    return ImportRun.objects.get(pk=int(answer.url.rstrip("/").rpartition("/")[2]))


def press(user: User, button: str, run: ImportRun) -> ImportRun:
    client = Client()
    client.force_login(user)
    changes = {"changes": run.brake["changes"]} if run.brake else {}
    assert client.post(reverse(button, args=[run.pk]), changes).status_code == 302
    run.refresh_from_db()
    return run


# --- the six files --------------------------------------------------------------------------------------------------


def agrees(told: dict[str, Any], expected: dict[str, Any]) -> None:
    """Figures are the same; each named row has one of its codes; no other row is named."""
    assert {name: told[name] for name in FIGURES} == {name: expected[name] for name in FIGURES}
    for kind in ("errors", "warnings"):
        named = {(item["sheet"], item["row"]) for item in told[kind]}
        assert named == {(item["sheet"], item["row"]) for item in expected[kind]}
        codes = {(item["sheet"], item["row"], item["code"]) for item in told[kind]}
        assert {(item["sheet"], item["row"], item["code"]) for item in expected[kind]} <= codes


@pytest.mark.slow
def test_the_six_files_by_command(peopled):
    for expected, told in zip(EXPECTED["rosters"], peopled, strict=True):
        agrees(told, expected)
        assert all(item["message"].endswith("。") for item in told["errors"])
    counted = Worker.objects.count(), Posting.objects.count(), Grid.objects.filter(postings=None).count()
    assert counted == tuple(EXPECTED["total"].values())
    assert AuditEntry.objects.filter(action="import.applied", detail__kind="roster").count() == len(EXPECTED["rosters"])

    # the same files again: nobody new, nobody changed
    for expected in EXPECTED["rosters"]:
        file = DATA / "rosters" / expected["file"]
        resource = imports.resource_of("roster")()
        reading = judging.read(resource, file.read_bytes(), name=file.name, actor=None, now=timezone.now())
        assert set(reading.counts) == {Outcome.UNCHANGED, Outcome.WRONG}


def test_without_apply_nothing_is_written(xianning):
    expected = EXPECTED["rosters"][1]
    agrees(by_command("import_roster", DATA / "rosters" / expected["file"]), expected)
    assert (Worker.objects.count(), Posting.objects.count()) == (0, 0)


@pytest.mark.slow
def test_the_six_files_on_the_screens_from_an_empty_database(transactional_db):
    root = admin("root")
    for kind, file, rows in (("divisions", DIVISIONS, 1192), ("grids", REGISTER, 4028)):
        run = press(root, "import_confirm", upload(root, file, kind))
        assert (run.state, run.counts) == (ImportState.DONE, {"new": rows})
    for expected in EXPECTED["rosters"]:
        people, postings = Worker.objects.count(), Posting.objects.count()
        run = upload(root, DATA / "rosters" / expected["file"])
        assert (run.state, Worker.objects.count()) == (ImportState.READY, people)
        told = notes_of(run)
        run = press(root, "import_confirm", run)
        assert run.state == ImportState.DONE
        fresh = Worker.objects.filter(postings__import_run=run).distinct()
        double = fresh.annotate(grids=Count("postings", filter=Q(postings__until=None))).filter(grids__gt=1)
        told |= {
            "new_people": Worker.objects.count() - people,
            "assignments": Posting.objects.count() - postings,
            "skipped_rows": run.reading["skipped"],
            "mentors": fresh.exclude(listed_as_mentor="").count(),
            "people_with_two_grids": double.count(),
        }
        agrees(told, expected)
    assert (Worker.objects.count(), Posting.objects.count()) == (
        EXPECTED["total"]["people"],
        EXPECTED["total"]["assignments"],
    )


def notes_of(run: ImportRun) -> dict[str, list[dict[str, Any]]]:
    told: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in run.rows.exclude(notes=[]):
        for note in row.notes:
            kind = "errors" if note["level"] == ERROR else "warnings"
            if kind == "errors" or row.outcome != Outcome.WRONG:
                told[kind].append({"sheet": row.sheet, "row": row.number, "code": note["code"]})
    return {"errors": told["errors"], "warnings": told["warnings"]}


@pytest.mark.slow
def test_another_countys_roster_is_out_of_reach_row_by_row(xianning):
    stranger = admin("xianan", Role.COUNTY_ADMIN, "咸安区")
    run = upload(stranger, DATA / "rosters" / "嘉鱼县_网格员信息表.csv")
    rows = run.rows.count()
    assert (run.state, run.counts) == (ImportState.READY, {"out_of_reach": rows})
    assert not run.rows.filter(plan__isnull=False).exists()
    assert {note["code"] for row in run.rows.all() for note in row.notes} == {"out_of_reach"}
    press(stranger, "import_confirm", run)
    assert (run.state, Worker.objects.count()) == (ImportState.READY, 0)


def test_the_command_refuses_a_wrong_file_in_a_sentence(db, tmp_path):
    wrong = tmp_path / "名册.xlsx"
    wrong.write_bytes(b"%PDF-1.7")
    with pytest.raises(CommandError, match=r"。$"):
        by_command("import_roster", wrong, "--apply")


def test_without_grids_a_roster_is_told_what_must_come_first(db, tmp_path):
    file = tmp_path / "名册.csv"
    file.write_text(HEAD, "utf-8")
    with pytest.raises(CommandError, match="请先导入网格台账"):
        by_command("import_roster", file)


# --- people in a small city -----------------------------------------------------------------------------------------

HEAD = "姓名,身份证号,手机号,乡镇,社区,网格,学历\n"
FIRST, SECOND = "永安街道,双鹤社区,第一网格", "永安街道,双鹤社区,第二网格"
NEIGHBOUR, ABROAD = "汀泗桥镇,古塘村,第一网格", "鱼岳镇,方庄社区,第一网格"


def number(order: int) -> str:
    first = f"42120219800101{order:03}"
    return first + check_digit(first)


class List:
    """A roster written line by line, judged and applied as an admin of the county would."""

    def __init__(self, user: User | None, *lines: str) -> None:
        self.user, self.data = user, (HEAD + "\n".join(lines)).encode()

    def judge(self) -> list[tuple[str, list[str]]]:
        return [(line.outcome, [note.code for note in line.notes]) for line in self.read().lines]

    def read(self) -> judging.Reading:
        resource = imports.resource_of("roster")()
        return judging.read(resource, self.data, name="名册.csv", actor=self.user, now=timezone.now())

    def apply(self) -> dict[str, Any]:
        resource = imports.resource_of("roster")()
        return run_file(resource, self.data, name="名册.csv", write=True, now=timezone.now())


@pytest.fixture
def listed(county_admin: User) -> Callable[..., List]:
    return lambda *lines: List(county_admin, *lines)


def row(name: str, order: int, place: str = FIRST, last: str = "大专", mobile: str = "") -> str:
    return f"{name},{number(order) if order else ''},{mobile or f'1390715{order:04}'},{place},{last}"


def places(name: str) -> list[str]:
    held = Posting.objects.current().filter(worker__name=name).select_related("grid__community")
    return sorted(f"{posting.grid.community.name}{posting.grid.name}" for posting in held)


def test_a_move_closes_the_old_posting_with_a_date(listed, now):
    listed(row("王秀兰", 1)).apply()
    moved = listed(row("王秀兰", 1, NEIGHBOUR, "本科"))
    (line,) = moved.read().lines
    assert line.outcome == Outcome.MOVED
    assert line.shown["changes"] == [
        ["网格", "双鹤社区 · 第1网格", "古塘村 · 第1网格"],
        ["乡镇（街道）", "永安街道", "汀泗桥镇"],
        ["专兼职", "专职", "兼职"],
        ["学历", "大专", "本科"],
    ]
    moved.apply()
    assert places("王秀兰") == ["古塘村第1网格"]
    assert list(Posting.objects.exclude(until=None).values_list("until", flat=True)) == [timezone.localdate(now)]
    worker = Worker.objects.get()
    assert (worker.township.name, worker.education) == ("汀泗桥镇", "本科")
    assert moved.judge() == [(Outcome.UNCHANGED, [])]


def test_a_second_grid_stands_beside_the_first(listed):
    listed(row("王秀兰", 1)).apply()
    both = listed(row("王秀兰", 1), row("王秀兰", 1, SECOND, ""))
    assert both.judge() == [(Outcome.UNCHANGED, []), (Outcome.SECOND_GRID, [])]
    both.apply()
    assert places("王秀兰") == ["双鹤社区第1网格", "双鹤社区第2网格"]
    # a list that names only one of the two takes nothing away
    assert listed(row("王秀兰", 1)).judge() == [(Outcome.UNCHANGED, [])]


def test_the_first_row_of_a_person_says_what_changes(listed):
    """Two rows of one person that disagree must not undo each other at every import."""
    twice = listed(row("王秀兰", 1, FIRST, "大专"), row("王秀兰", 1, SECOND, "本科"))
    twice.apply()
    assert Worker.objects.get().education == "大专"
    assert twice.judge() == [(Outcome.UNCHANGED, []), (Outcome.UNCHANGED, [])]


def test_the_same_row_twice_is_told_and_counts_once(listed):
    twice = listed(row("王秀兰", 1), row("王秀兰", 1))
    assert twice.judge() == [(Outcome.NEW, []), (Outcome.UNCHANGED, ["duplicate_row"])]
    twice.apply()
    assert Posting.objects.count() == 1


def test_one_id_number_under_two_names_is_never_merged(listed):
    assert listed(row("王秀兰", 1), row("李建国", 1, SECOND)).judge() == [
        (Outcome.NEW, []),
        (Outcome.WRONG, ["name_differs"]),
    ]
    listed(row("王秀兰", 1)).apply()
    later = listed(row("李建国", 1))
    assert later.judge() == [(Outcome.CONFLICT, ["name_differs"])]
    later.apply()
    assert Worker.objects.get().name == "王秀兰"


def test_a_name_alone_merges_nobody(listed):
    listed(row("王秀兰", 1), row("王秀兰", 2, SECOND)).apply()
    assert Worker.objects.count() == 2


def test_without_an_id_number_name_and_mobile_together_tell_who_it_is(listed):
    listed(row("王秀兰", 1, mobile="13907150001")).apply()
    assert listed(row("王秀兰", 0, mobile="13907150001")).judge() == [(Outcome.UNCHANGED, [])]
    assert listed(row("王秀兰", 0, mobile="13907150009")).judge() == [(Outcome.DUPLICATE, ["person_alike"])]
    assert listed(row("王秀兰", 0, NEIGHBOUR, mobile="13907150009")).judge() == [(Outcome.NEW, [])]
    assert listed(row("李建国", 0, mobile="13907150001")).judge() == [(Outcome.NEW, [])]
    assert listed("王秀兰,,,永安街道,双鹤社区,第一网格,").judge() == [(Outcome.WRONG, ["id_missing"])]


def test_an_id_number_is_learnt_for_who_had_none(listed):
    listed(row("王秀兰", 0, mobile="13907150001")).apply()
    later = listed(row("王秀兰", 1, mobile="13907150001"))
    (line,) = later.read().lines
    assert (line.outcome, line.shown["changes"]) == (
        Outcome.UPDATED,
        [["身份证号", "没有", "4212**********" + number(1)[-4:]]],
    )
    later.apply()
    assert Worker.objects.get().id_number == number(1)
    assert later.judge() == [(Outcome.UNCHANGED, [])]


def test_a_row_without_id_number_joins_the_same_person_of_the_list(listed):
    listed(row("王秀兰", 1, mobile="13907150001"), row("王秀兰", 0, SECOND, mobile="13907150001")).apply()
    assert Worker.objects.count() == 1
    assert places("王秀兰") == ["双鹤社区第1网格", "双鹤社区第2网格"]


def test_an_empty_cell_takes_nothing_away(listed):
    listed(row("王秀兰", 1)).apply()
    listed(f"王秀兰,{number(1)},,{FIRST},").apply()
    worker = Worker.objects.get()
    assert (worker.mobile, worker.education) == ("13907150001", "大专")


def test_who_has_left_does_not_come_back_by_a_list(listed, county_admin, now):
    listed(row("王秀兰", 1)).apply()
    worker = Worker.objects.get()
    service.take_step(worker, "leave", on=timezone.localdate(now), reason="resigned", by=county_admin, now=now)
    again = listed(row("王秀兰", 1))
    assert again.judge() == [(Outcome.CONFLICT, ["worker_left"])]
    again.apply()
    worker.refresh_from_db()
    assert (worker.state, places("王秀兰")) == (WorkerState.LEFT, [])


def test_a_known_person_of_another_county_is_not_taken_over_nor_described(listed, city_admin):
    List(city_admin, row("王秀兰", 1, ABROAD)).apply()
    taking = listed(row("王秀兰", 1, FIRST, "本科"))
    (line,) = taking.read().lines
    assert (line.outcome, [note.code for note in line.notes], line.plan) == (
        Outcome.OUT_OF_REACH,
        ["out_of_reach"],
        None,
    )
    assert "changes" not in line.shown
    # neither does a wrong name tell who it is
    assert listed(row("李建国", 1)).judge() == [(Outcome.OUT_OF_REACH, ["out_of_reach"])]
    assert List(city_admin, row("王秀兰", 1, FIRST)).judge() == [(Outcome.MOVED, [])]


def test_a_township_admin_reaches_the_township_only(township_admin, listed):
    lines = [row("王秀兰", 1), row("李建国", 2, NEIGHBOUR), row("陈秀英", 3, ABROAD)]
    assert List(township_admin, *lines).judge() == [
        (Outcome.NEW, []),
        (Outcome.OUT_OF_REACH, ["out_of_reach"]),
        (Outcome.OUT_OF_REACH, ["out_of_reach"]),
    ]


# --- between the preview and the confirmation -----------------------------------------------------------------------


@pytest.fixture
def prepared(county_admin: User, transactional_db: None, tmp_path: Path) -> Callable[..., ImportRun]:
    def prepared(*lines: str) -> ImportRun:
        file = tmp_path / "名册.csv"
        file.write_text(HEAD + "\n".join(lines), "utf-8")
        return upload(county_admin, file)

    return prepared


def left_out(run: ImportRun) -> list[str]:
    return [row.notes[-1]["message"] for row in ImportRow.objects.filter(run=run, outcome=Outcome.SKIPPED)]


def test_someone_taken_up_meanwhile_is_not_doubled(prepared, listed, county_admin):
    run = prepared(row("王秀兰", 1, FIRST, "本科"), row("李建国", 2))
    listed(row("王秀兰", 1, FIRST, "大专")).apply()
    run = press(county_admin, "import_confirm", run)
    assert (run.state, Worker.objects.count(), Posting.objects.count()) == (ImportState.DONE, 2, 2)
    # what was entered meanwhile was never shown beside this list, so it stands
    assert Worker.objects.get(name="王秀兰").education == "大专"


def test_someone_taken_up_elsewhere_meanwhile_is_left_out_with_a_sentence(prepared, listed, county_admin):
    run = prepared(row("王秀兰", 1), row("李建国", 2))
    listed(row("王秀兰", 1, NEIGHBOUR)).apply()
    run = press(county_admin, "import_confirm", run)
    assert run.counts == {"new": 1, "skipped": 1}
    assert left_out(run) == ["预览以后这个人换了网格，没有导入。请重新上传核对。"]
    assert places("王秀兰") == ["古塘村第1网格"]


def test_someone_moved_meanwhile_stays_where_they_are(prepared, listed, county_admin):
    listed(row("王秀兰", 1)).apply()
    run = prepared(row("王秀兰", 1, SECOND))
    listed(row("王秀兰", 1, NEIGHBOUR)).apply()
    run = press(county_admin, "import_confirm", run)
    assert (run.counts, places("王秀兰")) == ({"skipped": 1}, ["古塘村第1网格"])


def test_a_posting_that_ended_meanwhile_is_not_ended_again(prepared, listed, county_admin, now):
    listed(row("王秀兰", 1)).apply()
    run = prepared(row("王秀兰", 1, SECOND))
    Posting.objects.update(until=timezone.localdate(now).replace(day=1))
    run = press(county_admin, "import_confirm", run)
    assert (run.counts, places("王秀兰")) == ({"moved": 1}, ["双鹤社区第2网格"])
    assert Posting.objects.exclude(until=None).get().until.day == 1


def test_a_column_changed_meanwhile_is_not_overwritten(prepared, listed, county_admin):
    listed(row("王秀兰", 1, FIRST, "大专")).apply()
    run = prepared(row("王秀兰", 1, FIRST, "本科"))
    Worker.objects.update(education="研究生")
    run = press(county_admin, "import_confirm", run)
    assert (run.counts, Worker.objects.get().education) == ({"skipped": 1}, "研究生")


def test_only_what_the_preview_showed_changes(prepared, listed, county_admin):
    listed(row("王秀兰", 1, FIRST, "大专")).apply()
    run = prepared(row("王秀兰", 1, FIRST, "本科"))
    Worker.objects.update(position="网格长")
    press(county_admin, "import_confirm", run)
    worker = Worker.objects.get()
    assert (worker.education, worker.position) == ("本科", "网格长")


def test_who_left_meanwhile_stays_away(prepared, listed, county_admin, now):
    listed(row("王秀兰", 1)).apply()
    run = prepared(row("王秀兰", 1, SECOND))
    today = timezone.localdate(now)
    service.take_step(Worker.objects.get(), "leave", on=today, reason="resigned", by=county_admin, now=now)
    run = press(county_admin, "import_confirm", run)
    assert (run.counts, places("王秀兰")) == ({"skipped": 1}, [])


# --- divisions and grids --------------------------------------------------------------------------------------------


def judged(kind: str, user: User | None, data: str) -> list[tuple[str, str, list[str]]]:
    reading = judging.read(imports.resource_of(kind)(), data.encode(), name="表.csv", actor=user, now=timezone.now())
    return [(line.label, line.outcome, [note.code for note in line.notes]) for line in reading.lines]


def test_divisions_find_the_place_above_in_any_order(city_admin, city):
    data = (
        "层级,区划代码,名称,上级代码\n"
        "村,421202001009,新村,421202001\n村,421202099001,远村,421202099\n乡镇,421202099,新镇,421202\n"
        "村,421202098001,孤村,421202098\n村,421202097001,错村,421202\n乡镇,421202099,又新镇,421202\n大区,1,华中,0\n"
    )
    assert judged("divisions", city_admin, data) == [
        ("华中", "wrong", ["level_unknown"]),
        ("新镇", "new", []),
        ("又新镇", "wrong", ["code_twice"]),
        ("新村", "new", []),
        ("远村", "new", []),
        ("孤村", "wrong", ["parent_unknown"]),
        ("错村", "wrong", ["parent_level"]),
    ]
    run_file(imports.resource_of("divisions")(), data.encode(), name="表.csv", write=True, now=timezone.now())
    far = Territory.objects.get(name="远村")
    assert far.path == f"{far.parent.path}{far.pk}/"
    assert far.path.startswith(city.county.path)


def test_a_grid_number_or_code_is_never_taken_twice(county_admin, city):
    known = Grid.objects.filter(community=city.communities[0]).order_by("code").first()
    abroad = Grid.objects.filter(community=city.communities[-1]).first()
    data = (
        "乡镇,社区,网格名称,网格编码,户数\n"
        f"永安街道,双鹤社区,第1网格,{known.code},321\n"
        "永安街道,双鹤社区,第2网格,OTHER,300\n"
        "永安街道,双鹤社区,第3网格,NEW3,300\n"
        "永安街道,双鹤社区,第三网格,NEW3B,300\n"
        "永安街道,双鹤社区,第4网格,NEW3,300\n"
        f"永安街道,双鹤社区,第5网格,{abroad.code},300\n"
        "官桥镇,朱砂村,第9网格,,300\n"
    )
    assert [(outcome, codes) for _label, outcome, codes in judged("grids", county_admin, data)] == [
        ("updated", []),
        ("wrong", ["grid_taken"]),
        ("new", []),
        ("wrong", ["grid_taken"]),
        ("wrong", ["grid_code_twice"]),
        ("out_of_reach", ["out_of_reach"]),
        ("out_of_reach", ["out_of_reach"]),
    ]


def test_a_telephone_of_several_people_is_told_over_the_preview(listed):
    """The village clerk's number beside everybody: fine for each row, and told of the list."""
    shared = listed(row("王秀兰", 1, mobile="13907150001"), row("李建国", 2, SECOND, mobile="13907150001")).read()
    (sentence,) = shared.report["said"]
    assert sentence.startswith("有 1 个手机号写在了 2 个人名下（第 2、3 行）")
    same = listed(row("王秀兰", 1, mobile="13907150001"), row("王秀兰", 1, SECOND, mobile="13907150001")).read()
    assert same.report["said"] == []
