"""Days and periods as lists write them: what can be read in two ways is not read."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records import origins, periods

DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 1))


@pytest.mark.parametrize(
    ("cell", "begin", "precision", "end"),
    [
        ("2024.3.4", date(2024, 3, 4), "day", None),
        ("2024年3月4日上午", date(2024, 3, 4), "day", None),
        ("2024年3月4日（周一）", date(2024, 3, 4), "day", None),
        ("20240304", date(2024, 3, 4), "day", None),
        (45355.0, date(2024, 3, 4), "day", None),
        (date(2024, 3, 4), date(2024, 3, 4), "day", None),
        ("2024年3月", date(2024, 3, 1), "month", None),
        (2024.0, date(2024, 1, 1), "year", None),
        ("2024.3.4-3.6", date(2024, 3, 4), "day", date(2024, 3, 6)),
        ("2024.3.4-6", date(2024, 3, 4), "day", date(2024, 3, 6)),
        ("2024年3月4日至6日", date(2024, 3, 4), "day", date(2024, 3, 6)),
        ("2024年3月4日—3月6日", date(2024, 3, 4), "day", date(2024, 3, 6)),
        ("2024-03-04 至 2024-03-06", date(2024, 3, 4), "day", date(2024, 3, 6)),
        ("2024/3/4～3/6", date(2024, 3, 4), "day", date(2024, 3, 6)),
        ("2024.12.30-2025.1.2", date(2024, 12, 30), "day", date(2025, 1, 2)),
        ("2024年3月-5月", date(2024, 3, 1), "month", date(2024, 5, 31)),
    ],
)
def test_a_training_is_dated_to_its_first_day_as_exactly_as_is_known(cell, begin, precision, end):
    span = periods.span(cell)
    assert (span.begin.date, span.begin.precision, span.end, span.begin.codes) == (begin, precision, end, ())


@pytest.mark.parametrize("cell", ["2024.3-4", "3月4日", "春季", "2024.3.6-3.4", "2023-2024", "2024年13月", "2024.2.30"])
def test_a_day_that_can_be_read_in_two_ways_or_none_is_not_read(cell):
    assert periods.span(cell).begin.codes == ("date_format",)


@given(begin=DAYS, length=st.integers(1, 300), mark=st.sampled_from(["-", "至", "—", " 到 ", "~"]))
def test_every_written_range_comes_back_whole(begin, length, mark):
    end = begin + timedelta(days=length)
    for pattern in ("{0.year}.{0.month}.{0.day}", "{0.year}年{0.month}月{0.day}日", "{0.year}-{0.month:02}-{0.day:02}"):
        span = periods.span(pattern.format(begin) + mark + pattern.format(end))
        assert (span.begin.date, span.end) == (begin, end)


@pytest.mark.parametrize(
    ("cell", "year", "codes"),
    [
        ("2026年3月", None, ["2026-03"]),
        ("2026年3月份", None, ["2026-03"]),
        ("202603", None, ["2026-03"]),
        (2026.3, None, ["2026-03"]),
        (2026.1, None, ["2026-01", "2026-10"]),
        ("2026.10", None, ["2026-10"]),
        (date(2026, 3, 1), None, ["2026-03"]),
        (date(2026, 3, 31), None, ["2026-03"]),
        (date(2026, 3, 5), None, []),
        ("2026年第一季度", None, ["2026-Q1"]),
        ("2026年3季度", None, ["2026-Q3"]),
        ("2026Q2", None, ["2026-Q2"]),
        ("2026年下半年", None, ["2026-H2"]),
        ("2026年度", None, ["2026"]),
        (2026.0, None, ["2026"]),
        ("3月", "2026年度", ["2026-03"]),
        (3.0, 2026.0, ["2026-03"]),
        ("第四季度", "2026", ["2026-Q4"]),
        ("", 2026.0, ["2026"]),
        ("3月", None, []),
        ("本月", None, []),
    ],
)
def test_a_period_is_a_month_a_quarter_a_half_or_a_year(cell, year, codes):
    assert [period.code for period in periods.periods(cell, year)] == codes


@given(year=st.integers(2000, 2099), part=st.sampled_from(["", "-Q1", "-Q4", "-H1", "-H2", "-01", "-10", "-12"]))
def test_a_period_is_found_again_by_its_code_and_by_its_label(year, part):
    period = periods.of_code(f"{year}{part}")
    assert period is not None
    assert period.begin <= period.end
    assert periods.periods(period.label) == [period]


def test_the_title_over_a_table_tells_its_period_where_it_tells_one():
    found = periods.in_titles(["咸安区2026年3月网格员业务实绩统计表", "填报时间：2026年4月2日"])
    assert found == periods.of_code("2026-03")
    assert periods.in_titles(["2026年3月、2026年4月业务实绩"]) is None
    assert periods.in_titles(["业务实绩"]) is None


NAMES = st.text(st.characters(categories=["Lo", "Nd"]), min_size=1, max_size=30)


@given(course=NAMES, host=NAMES, space=st.sampled_from(["", " ", "\u3000", "（）", "“”", "-"]))
def test_the_source_of_a_training_does_not_hang_on_how_it_was_typed(course, host, space):
    source = origins.training(course, host, "2024-03-04")
    assert origins.training(f"{space}{course}", f"{host}{space}", "2024-03-04") == source
    assert len(origins.nth(source, 99)) <= 120
    assert origins.first(origins.nth(source, 3)) == source
    assert origins.known_of(source) == "2024-03-04"


@given(one=st.tuples(NAMES, NAMES), other=st.tuples(NAMES, NAMES))
def test_another_course_or_organiser_or_day_is_another_source(one, other):
    same = tuple(map(origins.key, one)) == tuple(map(origins.key, other))
    assert (origins.training(*one, "2024-03") == origins.training(*other, "2024-03")) is same
    assert origins.training(*one, "2024-03") != origins.training(*one, "2024-03-01")


def test_what_others_posted_has_no_day_in_its_source():
    assert origins.known_of("courses.session:17") == origins.label("courses.session:17") == ""
