"""What a list says beside who and where: agreements on paper, grades of last year, posts and steps of the ladder."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from lms import imports, judging
from lms.commands import run_file
from lms.models import ImportRun
from roster import fields, files, identity, ladder, takeback
from roster.identity import Standing
from roster.models import PostBand, Signature, Worker, WorkerChange
from tests.lms import workbooks
from tests.roster.test_roster_import import number

HEAD = "姓名,身份证号,手机号,乡镇,社区,网格,专兼职,"
PLACE = "永安街道,双鹤社区,第一网格"


class List:
    """One person of a county's list, with the columns that are looked at here."""

    def __init__(self, titles: str, *cells: str, employment: str = "专职") -> None:
        line = f"王秀兰,{number(1)},13907150001,{PLACE},{employment},{','.join(cells)}"
        self.data = f"{HEAD}{titles}\n{line}\n".encode()

    def line(self) -> Any:
        resource = imports.resource_of("roster")()
        (line,) = judging.read(resource, self.data, name="名册.csv", actor=None, now=timezone.now()).lines
        return line

    def told(self) -> tuple[str, list[str]]:
        line = self.line()
        return str(line.outcome), [note.code for note in line.notes]

    def apply(self) -> Worker:
        run_file(imports.resource_of("roster")(), self.data, name="名册.csv", write=True, now=timezone.now())
        return Worker.objects.get(name="王秀兰")


@pytest.fixture
def bands(city: Any) -> dict[str, PostBand]:
    ladder.lay()
    return {band.name: band for band in PostBand.objects.all()}


# --- agreements and grades --------------------------------------------------------------------------------------------

WORDS = "是否签订保密协议,上年度考核等次"


def test_the_list_s_words_are_kept_beside_the_worker_and_nobody_signs_by_a_list(bands):
    worker = List(WORDS, "已签（2024年3月）", "优秀").apply()
    assert (worker.listed_agreement, worker.listed_grade) == ("已签(2024年3月)", "优秀")
    assert not Signature.objects.exists()
    assert List(WORDS, "已签（2024年3月）", "优秀").told() == ("unchanged", [])
    line = List("保密协议,年度考核等次", "是", "").line()
    assert (str(line.outcome), line.shown["changes"]) == ("updated", [["保密协议", "已签(2024年3月)", "是"]])


def test_the_file_says_what_the_list_says_and_the_worker_reads_it_too(
    worker: Worker, county_admin: Any, client_of: Callable[..., Any]
) -> None:
    Worker.objects.filter(pk=worker.pk).update(listed_agreement="是", listed_grade="优秀")
    worker.refresh_from_db()
    assert fields.listed(worker) == [("名册上的保密协议", "是"), ("名册上的上年度考核等次", "优秀")]
    for page in (
        client_of(county_admin).get(f"/cms/workers/inspect/{worker.pk}/").content.decode(),
        client_of(worker.user).get("/me/file/").content.decode(),
    ):
        assert "名册上的上年度考核等次" in page
        assert "县里名册的原话，只作参考" in page


# --- posts and steps --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "post", "step"),
    [
        (3.0, "", 3),
        ("3级", "", 3),
        ("十二级", "", 12),
        ("副职", "副职", None),
        ("专职网格员三级", "专职网格员", 3),
        ("网格长 五级", "网格长", 5),
        ("网格长/5级", "网格长", 5),
        ("副职7", "副职", 7),
        ("七级（副职）", "副职", 7),
        ("正职（书记、主任）10级", "正职(书记、主任)", 10),
        ("未定级", "", None),
        ("无", "", None),
    ],
)
def test_a_post_and_a_step_are_read_from_one_cell(cell, post, step):
    assert identity.standing(cell) == Standing(post, step)


@pytest.mark.parametrize("cell", ["19级", "0级", "3.5", "3级升4级", "2024年定3", 25.0, "A3"])
def test_what_is_no_single_step_is_not_read(cell):
    assert identity.standing(cell) == Standing(unread=True)


@pytest.mark.parametrize(
    ("titles", "cells", "post", "step"),
    [
        ("岗位等级", ["专职网格员三级"], "专职工作人员（网格员）", 3),
        ("岗位等级", ["社区书记/10级"], "正职（书记、主任）", 10),
        ("岗位,岗位等级", ["副职", "7级"], "副职", 7),
        ("岗位名称,等级", ["专职工作人员", "专职网格员3级"], "专职工作人员（网格员）", 3),
        ("岗位等级", ["7"], None, 7),
    ],
)
def test_both_go_in_where_the_list_says_both(bands, titles, cells, post, step):
    worker = List(titles, *cells).apply()
    assert (worker.post and worker.post.name, worker.step) == (post, step)
    assert List(titles, *cells).told() == ("unchanged", [])


@pytest.mark.parametrize(
    ("titles", "cells", "code", "post", "step"),
    [
        ("岗位等级", ["副书记三级"], "post_unknown", None, 3),
        ("岗位等级", ["专职网格员13级"], "step_outside", None, None),
        ("岗位,岗位等级", ["副职", "正职8级"], "post_differs", None, None),
        ("岗位等级", ["19级"], "step_format", None, None),
    ],
)
def test_what_does_not_fit_is_told_and_not_read(bands, titles, cells, code, post, step):
    assert List(titles, *cells).told() == ("new", [code])
    worker = List(titles, *cells).apply()
    assert (worker.post and worker.post.name, worker.step) == (post, step)


def test_a_part_timer_gets_neither_and_nothing_is_said_of_it(bands):
    given = List("岗位等级", "副书记三级", employment="兼职")
    assert given.told() == ("new", [])
    worker = given.apply()
    assert (worker.post, worker.step) == (None, None)


def test_a_step_alone_must_fit_the_post_that_is_known(bands):
    List("岗位等级", "副职七级").apply()
    assert List("岗位等级", "3").told() == ("unchanged", ["step_outside"])
    line = List("岗位等级", "8").line()
    assert line.shown["changes"] == [["岗位等级", "7", "8"]]
    line = List("岗位,岗位等级", "正职", "9").line()
    assert line.shown["changes"] == [["岗位", "副职", "正职（书记、主任）"], ["岗位等级", "7", "9"]]


def test_a_change_of_post_by_a_list_is_told_in_words(bands, county_admin, client_of):
    List("岗位等级", "副职七级").apply()
    worker = List("岗位等级", "正职八级").apply()
    (change,) = WorkerChange.objects.all()
    assert [name for name, _old, _new in change.fields] == ["post_id", "step"]
    page = client_of(county_admin).get(f"/cms/workers/inspect/{worker.pk}/").content.decode()
    assert "正职（书记、主任）" in page
    assert "另一个" not in page


def test_a_step_without_a_post_does_not_stand_in_the_way_of_another_field(bands, county_admin, now):
    worker = List("岗位等级", "7").apply()
    change = files.change(worker, {"education": "大专"}, reason="补登", source="file", by=county_admin, now=now)
    assert change is not None


# --- what is not read -------------------------------------------------------------------------------------------------


def uploaded(user: Any, client: Any, data: bytes, name: str = "名册.csv") -> tuple[Any, str]:
    file = SimpleUploadedFile(name, data)
    url = client.post(reverse("imports"), {"kind": "roster", "file": file}).url
    return ImportRun.objects.latest("pk"), client.get(url).content.decode()


@pytest.mark.django_db(transaction=True)
def test_what_is_not_collected_is_said_to_be_left(bands, county_admin, client_of):
    given = List("民族,毕业院校及专业,参加工作时间,备注", "汉族", "某大学社会工作", "2010年7月", "新来")
    run, page = uploaded(county_admin, client_of(county_admin), given.data)
    for said in ("培训和考核用不到，系统不收集，没有读", "不是上岗时间，没有读", "用不到，没有读"):
        assert said in page, said
    assert "汉族" not in str(list(run.rows.values_list("plan", "cells")))


@pytest.mark.django_db(transaction=True)
def test_columns_that_are_hidden_in_the_file_are_named(bands, county_admin, client_of):
    def hide(_book, page):
        page.column_dimensions["C"].hidden = page.column_dimensions["H"].hidden = True

    rows = [line.split(",") for line in List("备注", "新来").data.decode().splitlines()]
    data = workbooks.made(rows, title="花名册", change=hide)
    _run, page = uploaded(county_admin, client_of(county_admin), data, "名册.xlsx")
    assert "“花名册”里有几列在表里是隐藏的，也读进来了：C（手机号）。" in page


@pytest.mark.django_db(transaction=True)
def test_a_table_of_another_kind_below_is_said_over_the_preview(bands, county_admin, client_of):
    data = List("岗位等级", "3").data + "乡镇,村社区,联系电话\n永安街道,双鹤社区,0715-8123456\n".encode()
    run, page = uploaded(county_admin, client_of(county_admin), data)
    assert run.counts == {"new": 1}
    assert "第 3 行起是另一张表，表头里没有要用的列，有 2 行没有读。" in page
    assert "另一张表，表头里没有要用的列</td>" in page


@pytest.mark.django_db(transaction=True)
def test_two_tables_in_one_sheet_go_in_and_come_back_with_their_reasons(bands, county_admin, client_of):
    lower = (
        f"兼职网格员\n社区,网格,姓名,身份证号,手机号,乡镇\n双鹤社区,第二网格,李梅,{number(2)},13907150002,永安街道\n"
    )
    lower += f"查无此村,第一网格,赵刚,{number(3)},13907150003,永安街道\n"
    client = client_of(county_admin)
    run, page = uploaded(county_admin, client, List("岗位等级", "3").data + lower.encode())
    assert run.counts == {"new": 2, "wrong": 1}
    assert "2 张表" in page
    assert "第 4 行起：6 列全部认出" in page
    columns = client.get(reverse("import_columns", args=[run.pk]))
    said = {column.name: column.field for group in columns.context["groups"] for column in group.columns}
    assert client.post(reverse("import_columns", args=[run.pk]), said).status_code == 302
    run.refresh_from_db()
    assert run.counts == {"new": 2, "wrong": 1}
    back = client.get(reverse("import_annotated", args=[run.pk])).getvalue().decode("utf-8-sig").splitlines()
    assert back[0].endswith(",错误原因,提醒")
    assert "查无此村" in back[5]
    assert "A 列：" in back[5]


@pytest.mark.parametrize(
    "titles",
    [
        "姓  名,居民身份证号码,电话号码,所在镇街,所在村（社区）,所在网格,人员类型",
        "姓名,身份证号码,联系号码,镇（街道）,村（居）,负责网格,专兼职",
        "网格员姓名,公民身份证号码,本人电话,所属街道,社区名称,管辖网格,网格员类型",
    ],
)
def test_columns_are_known_by_the_names_counties_give_them(bands, titles):
    given = List("岗位等级", "3")
    given.data = given.data.replace(HEAD.rstrip(",").encode(), titles.encode())
    assert given.told() == ("new", [])
    worker = given.apply()
    assert (worker.mobile, worker.township.name, worker.employment) == ("13907150001", "永安街道", "fulltime")


@pytest.mark.django_db(transaction=True)
def test_an_example_of_the_template_is_named_in_chinese_where_it_is_left_out(bands, county_admin, client_of):
    example = "张示例,421202199003079978,15400000001,示例镇,示例社区,第一网格,专职,3\n"
    run, page = uploaded(county_admin, client_of(county_admin), List("岗位等级", "3").data + example.encode())
    assert run.counts == {"new": 1}
    assert "模板里的示例" in page
    assert "specimen" not in page


def test_what_follows_another_field_is_named_where_it_stands_in_the_way_of_an_undo(worker: Worker) -> None:
    worker.identity = "other"
    one = {"changed": {"identity": ["", "committee"]}}
    assert takeback.values(worker, one, set()) == "“身份”后来又改过，撤不回来。"
