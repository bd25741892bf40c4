"""What stands in roster cells is judged by its type and its text, and never guessed."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms import sheets
from roster import identity

births = st.dates(dt.date(1945, 1, 1), dt.date(2008, 12, 31))
FIRST = st.builds(
    lambda area, birth, number: f"{area}{birth:%Y%m%d}{number:03}",
    st.sampled_from(["421202", "422301", "422325", "110105"]),
    births,
    st.integers(0, 999),
)


@given(FIRST, st.sampled_from(["{}", "'{}", "\t{} ", "{}。", " {}\u200b"]))
def test_a_sound_number_comes_back_in_all_its_forms(first, form):
    number = first + identity.check_digit(first)
    full_width = number.translate(str.maketrans("0123456789X", "０１２３４５６７８９ｘ"))
    grouped = f"{number[:6]} {number[6:14]} {number[14:]}"
    read = [identity.id_number(form.format(text)) for text in (number, number.lower(), full_width, grouped)]
    assert {(one.value, one.codes) for one in read} == {(number, ())}
    assert read[0].birth == dt.datetime.strptime(first[6:14], "%Y%m%d").date()
    assert read[0].sex == ("male" if int(first[16]) % 2 else "female")


@given(FIRST, st.integers(0, 17), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(first, place, shift):
    number = first + identity.check_digit(first)
    digit = "0123456789X"[("0123456789X".index(number[place]) + shift) % (11 if place == 17 else 10)]
    wrong = identity.id_number(number[:place] + digit + number[place + 1 :])
    assert (wrong.value, "id_check_digit" in wrong.codes) == ("", True)


@given(FIRST)
def test_a_number_cell_is_lost_even_where_its_check_digit_fits(first):
    kept = first[:15] + "000"  # what a spreadsheet keeps of it
    read = identity.id_number(float(kept))
    assert (read.value, read.codes, read.head, read.original) == ("", ("id_number_truncated",), first[:15], kept)


@given(
    st.one_of(
        st.text(max_size=40), st.floats(allow_nan=False, allow_infinity=False), st.none(), st.booleans(), st.dates()
    )
)
def test_no_cell_breaks_a_judgement(cell):
    for judge in (
        identity.id_number,
        identity.mobile,
        identity.person_name,
        identity.when,
        identity.sex,
        identity.stem,
    ):
        judge(cell)
    assert identity.grid_ordinal(cell, "北街社区") is None or identity.grid_ordinal(cell, "北街社区") > 0


@pytest.mark.parametrize(
    ("cell", "value", "codes"),
    [
        ("11010519491231002X", "11010519491231002X", ()),
        ("11010519491231002×", "11010519491231002X", ()),
        ("11010519491231002х", "11010519491231002X", ()),  # the Cyrillic letter
        ("“11010519491231002Ｘ”", "11010519491231002X", ()),
        ("\u202d11010519491231002x\u202c\t", "11010519491231002X", ()),
        ("4.21202199907200E+17", "", ("id_number_truncated",)),
        ("422301750615123", "422301197506151231", ()),
        (422301750615123.0, "422301197506151231", ()),  # 15 digits are exact in a number cell
        ("421202199802319982", "", ("id_birth_date",)),
        ("421202199802319983", "", ("id_birth_date", "id_check_digit")),
        ("42120219980230998", "", ("id_format",)),
        ("H1234567800", "", ("id_format",)),
        ("4.21202E+17", "", ("id_number_truncated",)),
        ("无", "", ()),
        (" ", "", ()),
        (None, "", ()),
    ],
)
def test_id_numbers(cell, value, codes):
    read = identity.id_number(cell)
    assert (read.value, read.codes) == (value, codes)
    assert read.missing == (cell in ("无", " ", None))


def test_with_a_day_births_to_come_and_odd_ages_are_told():
    today = dt.date(2024, 7, 30)
    number = "42120220240731999"
    assert identity.id_number(number + identity.check_digit(number), today=today).codes == ("id_birth_date",)
    assert identity.id_number("11010519400101001" + identity.check_digit("11010519400101001"), today=today).notes == (
        "id_age",
    )
    assert identity.id_number("422301750615123", today=today).notes == ("id_converted",)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (15410005930.0, ("15410005930", (), (), ())),
        ("154-1000-5922", ("15410005922", (), (), ())),
        ("+86 15410005930", ("15410005930", (), (), ())),
        ("8615410005930", ("15410005930", (), (), ())),
        ("１５４１０００４１４８（微信同号）", ("15410004148", (), (), ())),
        ("15410005930/15410005931", ("15410005930", ("15410005931",), (), ())),
        ("15410005930 15410005931", ("15410005930", ("15410005931",), (), ())),
        ("15410005930、0715-8123456", ("15410005930", (), ("0715-8123456",), ())),
        ("0715-8123456", ("", (), ("0715-8123456",), ())),
        ("1541000593", ("", (), (), ("mobile_format",))),
        ("1.54E+10", ("", (), (), ("mobile_format",))),
        ("无", ("", (), (), ())),
    ],
)
def test_mobiles(cell, expected):
    read = identity.mobile(cell)
    assert (read.first, read.others, read.landlines, read.codes) == expected


@pytest.mark.parametrize(
    ("cell", "value", "codes"),
    [
        ("张 三", "张三", ()),
        ("马\u3000成", "马成", ()),
        ("欧阳 三丰", "欧阳三丰", ()),
        ("李四（女）", "李四", ()),
        ("㛃䶮𠅤", "㛃䶮𠅤", ()),
        ("⽅⾼", "方高", ()),  # signs of the dictionary, as a PDF gives them
        ("葛\U000e0100城", "葛城", ()),
        ("张三*", "张三", ()),
        ("\u202e张三\u202c", "张三", ()),
        ("张三1", "张三1", ("name_format",)),
        ("\ufa0e一", "\ufa0e一", ()),  # a compatibility form stays as it was written
        (" ", "", ("name_missing",)),
        (None, "", ("name_missing",)),
        ("无", "", ("name_missing",)),
        (12.0, "12", ("name_format",)),
    ]
    + [(f"迪丽努尔{dot}玉素甫", "迪丽努尔·玉素甫", ()) for dot in "·•‧・．.･﹒∙⋅"],
)
def test_names(cell, value, codes):
    read = identity.person_name(cell)
    assert (read.value, read.codes) == (value, codes)


def test_a_character_of_ones_own_is_kept_and_remarked():
    read = identity.person_name("张\ue000")
    assert (read.value, read.codes, read.notes) == ("张\ue000", (), ("name_rare",))


def test_a_sex_that_differs_from_the_number_is_told_and_silence_is_not():
    number = identity.id_number("11010519491231002X")
    assert number.sex == "female"
    assert [identity.sex_differs(number, written) for written in ("male", "female", "")] == [True, False, False]
    assert not identity.sex_differs(identity.id_number("无"), "male")


DAY, MONTH, YEAR = "day", "month", "year"


@given(
    st.dates(dt.date(1950, 1, 1), dt.date(2049, 12, 31)),
    st.sampled_from(
        [
            *(
                "{y}.{m}.{d}",
                "{y}年{m}月{d}日",
                "{y}-{m:02}-{d:02}",
                "{y}/{m}/{d} 0:00",
                "{y}{m:02}{d:02}",
                "{s:02}.{m}.{d}",
            ),
            *(
                "{y}.{m}",
                "{y}年{m}月至今",
                "{y}{m:02}",
                "{s:02}.{m}",
                "{y}年{m:02}月份",
                "{y}/{m}起",
                " {y} 年 {m} 月 ",
            ),
        ]
    ),
)
def test_every_form_of_a_date_is_that_date(day, form):
    written = form.format(y=day.year, m=day.month, d=day.day, s=day.year % 100)
    read = identity.when(written)
    precise = "{d" in form
    assert (read.date, read.precision, read.codes) == (
        day if precise else day.replace(day=1),
        DAY if precise else MONTH,
        (),
    )


@given(st.integers(1950, 2049), st.integers(1, 12))
def test_a_number_of_a_month_is_that_month_or_in_doubt_and_never_another(year, month):
    """2024.1 may be January or October; every other number says one month only."""
    read = identity.when(float(f"{year}.{month}"))
    if month in (1, 10):
        assert (read.codes, read.precision, read.date) == (("date_ambiguous",), YEAR, dt.date(year, 1, 1))
    else:
        assert (read.codes, read.date) == ((), dt.date(year, month, 1))


@given(FIRST)
def test_an_old_number_becomes_the_one_that_its_owner_has_now(first):
    if first[6:8] != "19":
        first = f"{first[:6]}19{first[8:]}"
    old = first[:6] + first[8:]
    for cell in (old, float(old), f"'{old}"):
        read = identity.id_number(cell)
        if not read.codes:
            assert (read.value, read.notes) == (first + identity.check_digit(first), ("id_converted",))
        else:
            assert read.codes == ("id_birth_date",)  # the 29th of February of another century


@pytest.mark.parametrize(
    ("cell", "date", "precision", "codes"),
    [
        (dt.date(2017, 12, 15), dt.date(2017, 12, 15), DAY, ()),
        (dt.datetime(2017, 12, 15, 8), dt.date(2017, 12, 15), DAY, ()),
        (45503.0, dt.date(2024, 7, 30), DAY, ()),
        ("2024.7.30", dt.date(2024, 7, 30), DAY, ()),
        ("2024年7月30日", dt.date(2024, 7, 30), DAY, ()),
        ("2024-07-30 00:00:00", dt.date(2024, 7, 30), DAY, ()),
        ("20240730", dt.date(2024, 7, 30), DAY, ()),
        (20240730.0, dt.date(2024, 7, 30), DAY, ()),
        ("2024年7月至今", dt.date(2024, 7, 1), MONTH, ()),
        ("2024/7", dt.date(2024, 7, 1), MONTH, ()),
        ("202407", dt.date(2024, 7, 1), MONTH, ()),
        ("24.7", dt.date(2024, 7, 1), MONTH, ()),
        ("98.10", dt.date(1998, 10, 1), MONTH, ()),
        ("二〇二四年十二月", dt.date(2024, 12, 1), MONTH, ()),
        ("2024.1", dt.date(2024, 1, 1), MONTH, ()),
        ("2024.10", dt.date(2024, 10, 1), MONTH, ()),
        (2024.1, dt.date(2024, 1, 1), YEAR, ("date_ambiguous",)),
        (2024.2, dt.date(2024, 2, 1), MONTH, ()),
        (2024.11, dt.date(2024, 11, 1), MONTH, ()),
        (2024.13, None, "", ("date_format",)),
        ("2024年", dt.date(2024, 1, 1), YEAR, ()),
        ("2024.02.31", None, "", ("date_format",)),
        ("2019.3-2022.5", None, "", ("date_format",)),
        ("2019年3月至2022年5月", None, "", ("date_format",)),
        ("2024.7-至今", dt.date(2024, 7, 1), MONTH, ()),
        ("2024年7月——", dt.date(2024, 7, 1), MONTH, ()),
        ("2024.07~现在", dt.date(2024, 7, 1), MONTH, ()),
        ("2024。7。30", dt.date(2024, 7, 30), DAY, ()),
        ("２０２４．１０", dt.date(2024, 10, 1), MONTH, ()),
        ("2024-07-30T08:00:00", dt.date(2024, 7, 30), DAY, ()),
        (202407.0, dt.date(2024, 7, 1), MONTH, ()),
        (24.7, dt.date(2024, 7, 1), MONTH, ()),
        (24.1, dt.date(2024, 1, 1), YEAR, ("date_ambiguous",)),
        (sheets.Formatted(2024.1, "2024.10"), dt.date(2024, 10, 1), MONTH, ()),
        (sheets.Formatted(24.1, "24.10"), dt.date(2024, 10, 1), MONTH, ()),
        ("暂缺", None, "", ()),
        (None, None, "", ()),
    ],
)
def test_dates_keep_the_precision_they_have(cell, date, precision, codes):
    read = identity.when(cell)
    assert (read.date, read.precision, read.codes) == (date, precision, codes)


HAN = [
    *"一二三四五六七八九",
    "十",
    *(f"十{one}" for one in "一二三四五六七八九"),
    "二十",
    *(f"二十{one}" for one in "一二三四五六七八九"),
]


@given(st.integers(1, 29), st.sampled_from(["", "北街社区", "北街社区居委会", "北街社区居民委员会", "北街"]))
def test_all_forms_of_a_grid_are_one_number(number, front):
    forms = [
        f"{front}第{HAN[number - 1]}网格",
        f"{front}{number}网格",
        f"{front}第{number:02}网格",
        f"{front} 第 {number} 网格",
    ]
    assert {identity.grid_ordinal(form, "北街社区居民委员会") for form in forms} == {number}
    assert identity.grid_ordinal(f"5060802第{HAN[number - 1]}网格") == number


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("①", 1),
        (3.0, 3),
        ("二十三", 23),
        ("二三", 23),
        ("一百零二", 102),
        ("", None),
        ("网格", None),
        ("第0网格", None),
        (None, None),
        ("南街社区第一网格", None),
        ("421202001002003", None),
    ],
)
def test_other_grids(cell, number):
    assert identity.grid_ordinal(cell, "北街社区") == number


def test_places():
    names = ["北街社区居委会", "北街村委会", "龙背村村委会", "潘家湾镇头墩社区居民委员会", "林场生活区"]
    assert [identity.stem(name) for name in names] == [
        ("北街", "community"),
        ("北街", "village"),
        ("龙背", "village"),
        ("潘家湾镇头墩", "community"),
        ("林场生活区", ""),
    ]
    match = lambda name: identity.match_place(name, names, township="潘家湾镇")  # noqa: E731
    assert match("北街社区") == ["北街社区居委会"]
    assert match("北街村民委员会") == ["北街村委会"]
    assert match("北街") == ["北街社区居委会", "北街村委会"]
    assert match("龙背村村") == match("龙背村") == match("龙背") == ["龙背村村委会"]
    assert match("头墩社区") == ["潘家湾镇头墩社区居民委员会"]
    assert match("查无此村村委会") == match("") == match("龙背社区") == []
    assert {identity.township_stem(f"温泉{end}") for end in ("街道", "街办", "办事处", "街道办事处", "街道办")} == {
        "温泉"
    }
    assert [identity.county_stem(name) for name in ("咸安", "咸安区", "咸宁市咸安区", "嘉鱼县")] == [
        "咸安",
        "咸安",
        "咸安",
        "嘉鱼",
    ]


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (
            identity.sex,
            {
                "男": "male",
                "1": "male",
                1.0: "male",
                "M": "male",
                "女": "female",
                "2": "female",
                "0": "female",
                "": "",
                "x": "",
            },
        ),
        (
            identity.political,
            {
                "中共党员": "member",
                "预备党员": "probationary",
                "中共预备党员": "probationary",
                "团员": "youth",
                "群众": "masses",
            },
        ),
        (
            identity.education,
            {
                "研究生": "postgraduate",
                "本科": "bachelor",
                "大专": "college",
                "中专": "secondary",
                "高中": "high",
                "初中": "junior",
            },
        ),
        (identity.employment_kind, {"专职": "fulltime", "兼职网格员": "parttime", "": ""}),
        (
            identity.identity_kind,
            {
                "社区专职网格员": "community",
                "村“两委”干部": "committee",
                "村民小组长": "group_leader",
                "驻村辅警": "auxiliary",
            },
        ),
        (
            identity.grid_kind,
            {"城镇社区网格": "urban", "农村网格": "rural", "专属网格": "special", "农村社区网格": "rural"},
        ),
        (identity.mentor_level, {"县级小教员": "county", "乡级小教员": "township", "是": "yes", "否": "none", "": ""}),
        (identity.yes, {"是": "yes", "否": "no", True: "yes", False: "no", "√": "yes", "": ""}),
    ],
)
def test_words(read, words):
    assert {word: read(word).value for word in words} == words
    assert read("说不清").known is False


def test_masks():
    assert identity.mask_id("421202199907199980") == "4212**********9980"
    assert identity.mask_mobile("15410000008") == "154****0008"
    assert [identity.mask_name(name) for name in ("张三", "张小三", "迪丽努尔·玉素甫", "张", "")] == [
        "张*",
        "张*三",
        "迪******甫",
        "*",
        "",
    ]
