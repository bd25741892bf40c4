import io

import pytest
from openpyxl import load_workbook
from PIL import Image

from courses import checks, drawing, films, handouts, markup, screens
from courses.blocks import words


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("一段。\n\n又一段。", "<p>一段。</p><p>又一段。</p>"),
        ("两行\n一段", "<p>两行<br>一段</p>"),
        ("先说：\n- 甲\n- 乙\n再说", "<p>先说：</p><ul><li>甲</li><li>乙</li></ul><p>再说</p>"),
        ("**为什么要先分开听**", "<h3>为什么要先分开听</h3>"),
        ("**这是一句完整的话。**", "<p><b>这是一句完整的话。</b></p>"),
        ("要**当天**去", "<p>要<b>当天</b>去</p>"),
        ("<script>alert(1)</script> & **<b>**", "<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; <b>&lt;b&gt;</b></p>"),
        ("", ""),
    ],
)
def test_plain_writing_becomes_safe_html(text: str, html: str) -> None:
    assert markup.to_html(text) == html


def test_a_wrong_answer_shows_what_was_chosen_and_what_was_right() -> None:
    check = checks.judge(options=["甲", "乙", "丙"], key="BC", chosen="AB")
    assert (check.several, check.answered, check.right) == (True, True, False)
    assert check.opinion == "再想想，应该选 B、C。"
    assert [(c.letter, c.verdict, c.verdict_text) for c in check.choices] == [
        ("A", "wrong", "你选了这个"),
        ("B", "right", "对的，你选了"),
        ("C", "right", "这个要选"),
    ]


def test_before_an_answer_nothing_is_given_away() -> None:
    check = checks.judge(options=["甲", "乙"], key="A", chosen="")
    assert not check.answered
    assert {c.verdict for c in check.choices} == {""}
    assert check.opinion == ""


def test_a_drawn_flow_is_small_and_narrow() -> None:
    content = drawing.flow(["发现隐患", "当场劝停", "这一步的名字长得要分成好几行才写得下，分开以后每行差不多长"])
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.width == drawing.WIDTH
        assert picture.height > 3 * drawing.BOX
    assert len(content) < 20_000


def test_a_form_is_ruled_printable_text_and_always_the_same() -> None:
    content = handouts.workbook("走访登记表", ["日期", "户主", "=1+1"], [["1-2", "张某"]])
    assert content == handouts.workbook("走访登记表", ["日期", "户主", "=1+1"], [["1-2", "张某"]])
    sheet = load_workbook(io.BytesIO(content)).active
    assert [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)] == [
        ["日期", "户主", "=1+1"],
        ["1-2", "张某", None],
    ]
    assert {cell.data_type for cell in sheet[2]} == {"s"}
    assert (sheet.page_setup.fitToWidth, sheet.print_title_rows) == (1, "$1:$2")


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("", None),
        ("bytes=0-99", (0, 99)),
        ("bytes=900-", (900, 999)),
        ("bytes=0-9999", (0, 999)),
        ("bytes=-100", (900, 999)),
        ("bytes=-5000", (0, 999)),
        ("bytes=0-1,5-9", None),
        ("lines=1-2", None),
    ],
)
def test_which_piece_of_a_film_is_asked_for(header: str, span: tuple[int, int] | None) -> None:
    assert films.span(header, 1000) == span


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=9-5"])
def test_a_piece_that_is_not_there(header: str) -> None:
    with pytest.raises(ValueError, match="bytes"):
        films.span(header, 1000)


def test_the_words_of_a_body_leave_out_ids_and_tags() -> None:
    body = [
        {"type": "text", "value": "<p>先闻<b>后</b>敲门</p>", "id": "abc"},
        {"type": "steps", "value": {"title": "三步", "items": [{"type": "item", "value": "看", "id": "x"}]}, "id": "d"},
        {"type": "handout", "value": {"title": "表", "document": 7}, "id": "e"},
    ]
    assert words(body) == "先闻后敲门\n三步\n看\n表"


@pytest.mark.parametrize(
    ("text", "sought", "excerpt"),
    [
        ("甲乙丙丁", "丙", "甲乙丙丁"),
        ("甲" * 50 + "丙" + "丁" * 50, "丙", "…" + "甲" * 30 + "丙" + "丁" * 30 + "…"),
        ("甲", "丙", ""),
    ],
)
def test_the_words_around_what_was_sought(text: str, sought: str, excerpt: str) -> None:
    assert screens.excerpt(text, sought) == excerpt
