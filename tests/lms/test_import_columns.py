"""How a file is read can be said by hand: the header pointed at, columns named, blanks filled; what was said is remembered for the county."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from lms.models import ColumnMemory, ImportRun, ImportState, Outcome
from roster.identity import check_digit
from roster.models import Worker

pytestmark = pytest.mark.django_db(transaction=True)

PLACE = "永安街道,双鹤社区,第一网格"


def number(order: int) -> str:
    first = f"42120219800101{order:03}"
    return first + check_digit(first)


@pytest.fixture
def send(client_of: Callable[..., Client]) -> Callable[..., ImportRun]:
    def send(user: Any, text: str, name: str = "名册.csv") -> ImportRun:
        file = SimpleUploadedFile(name, text.encode())
        answer = client_of(user).post(reverse("imports"), {"kind": "roster", "file": file})
        assert answer.status_code == 302
        return ImportRun.objects.get(pk=int(answer.url.rstrip("/").rpartition("/")[2]))

    return send


def columns(client: Client, run: ImportRun, **query: Any) -> str:
    answer = client.get(reverse("import_columns", args=[run.pk]), query)
    assert answer.status_code == 200
    return answer.content.decode()


def read_again(client: Client, run: ImportRun, **said: Any) -> ImportRun:
    assert client.post(reverse("import_columns", args=[run.pk]), said).status_code == 302
    run.refresh_from_db()
    return run


STRANGE = f"一号,二号,三号,四号,五号\n王秀兰,{number(1)},{PLACE.replace(',', '/')},永安街道,双鹤社区\n"


def test_a_file_whose_header_is_not_known_waits_for_a_person(county_admin, send, client_of):
    lines = f"谁,证,哪个镇,哪个村,哪一格\n王秀兰,{number(1)},{PLACE}\n"
    run = send(county_admin, lines)
    assert (run.state, run.rows.count()) == (ImportState.MAPPING, 0)
    client = client_of(county_admin)
    page = client.get(reverse("import_run", args=[run.pk])).content.decode()
    assert "没有认出表头" in page
    assert number(1) not in columns(client, run)
    assert "第 1 行是表头" in columns(client, run)
    assert "哪一格" in columns(client, run, sheet=0, row=1)

    said = {"m-0-A": "name", "m-0-B": "id_number", "m-0-C": "township", "m-0-D": "community", "m-0-E": "grid"}
    run = read_again(client, run, sheet=0, row=1, remember=1, **said)
    assert (run.state, run.counts) == (ImportState.READY, {Outcome.NEW: 1})
    # the next file of the county with these titles is read at once
    again = send(county_admin, lines.replace("王秀兰", "李建国").replace(number(1), number(2)), "下月.csv")
    assert (again.state, again.counts) == (ImportState.READY, {Outcome.NEW: 1})


def test_what_one_county_calls_a_column_is_not_told_to_another(county_admin, county_b_admin, send, client_of):
    lines = "谁,证,哪个镇,哪个村,哪一格\n王秀兰,1,鱼岳镇,方庄社区,第一网格\n"
    run = send(county_admin, lines)
    said = {"m-0-A": "name", "m-0-B": "id_number", "m-0-C": "township", "m-0-D": "community", "m-0-E": "grid"}
    read_again(client_of(county_admin), run, sheet=0, row=1, remember=1, **said)
    assert ColumnMemory.objects.count() == 5
    assert send(county_b_admin, lines).state == ImportState.MAPPING


def test_a_column_taken_for_another_is_put_right_and_only_that_is_remembered(county_admin, send, client_of):
    head = "姓名,身份证号,乡镇,社区,网格,职务,备注名\n"
    run = send(county_admin, f"{head}王秀兰,{number(1)},{PLACE},网格长,组长\n")
    client = client_of(county_admin)
    page = columns(client, run)
    assert "网格长" in page
    assert number(1) not in page
    run = read_again(client, run, remember=1, **{"m-0-F": "", "m-0-G": "position"})
    client.post(reverse("import_confirm", args=[run.pk]))
    assert Worker.objects.get().position == "组长"
    assert set(ColumnMemory.objects.values_list("title", "field")) == {("职务", ""), ("备注名", "position")}


def test_blanks_that_are_not_merged_are_filled_only_where_a_person_says_so(county_admin, send, client_of):
    rows = [
        f"王秀兰,{number(1)},{PLACE}",
        *(f"王秀{letter},{number(at)},,双鹤社区,第一网格" for at, letter in enumerate("甲乙丙", 2)),
    ]
    run = send(county_admin, "姓名,身份证号,乡镇,社区,网格\n" + "\n".join(rows))
    assert run.counts == {Outcome.NEW: 1, Outcome.WRONG: 3}
    client = client_of(county_admin)
    preview = client.get(reverse("import_run", args=[run.pk])).content.decode()
    assert "“乡镇街道”有 3 行空着（上面写的是“永安街道”）" in preview
    assert "没有写乡镇（街道）" in preview
    assert "“乡镇街道”沿用上一行" in columns(client, run)
    run = read_again(client, run, **{"fill-0": "township"})
    assert run.counts == {Outcome.NEW: 4}
    assert "行空着" not in client.get(reverse("import_run", args=[run.pk])).content.decode()
    # what was ticked stands ticked, so that a second reading keeps it
    page = columns(client, run)
    assert 'name="fill-0" value="township" checked' in page
    assert read_again(client, run, **{"fill-0": "township"}).counts == {Outcome.NEW: 4}


def test_columns_are_asked_for_only_before_anything_went_in(county_admin, send, client_of):
    run = send(county_admin, f"姓名,身份证号,乡镇,社区,网格\n王秀兰,{number(1)},{PLACE}\n")
    client = client_of(county_admin)
    client.post(reverse("import_confirm", args=[run.pk]))
    assert client.get(reverse("import_columns", args=[run.pk])).status_code == 302
    assert client.post(reverse("import_columns", args=[run.pk]), {"m-0-A": ""}).status_code == 302
    run.refresh_from_db()
    assert run.state == ImportState.DONE


@pytest.mark.parametrize(
    "said", [{"m-0-A": "nonsense"}, {"sheet": "9", "row": "1"}, {"fill-0": "password"}, {"on": "x"}]
)
def test_nonsense_from_the_form_does_no_harm(county_admin, send, client_of, said):
    run = send(county_admin, f"姓名,身份证号,乡镇,社区,网格\n王秀兰,{number(1)},{PLACE}\n")
    run = read_again(client_of(county_admin), run, **said)
    assert run.state in {ImportState.READY, ImportState.MAPPING}
    assert Worker.objects.count() == 0
