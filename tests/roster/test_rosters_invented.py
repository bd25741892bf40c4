"""Lists drawn by chance in every form that is met, and the six counties' own rows written in every other form, give row by row what they must."""

from random import Random

import pytest

from lms import sheets
from lms.judging import read
from roster import identity
from roster.rosterfile import RosterResource
from tests.lms import pages
from tests.lms.pages import Page
from tests.roster import invented, test_rosters_as_met
from tests.roster.test_rosters_as_met import ALIASES, DATA, EXPECTED, OUT, judge, townships  # noqa: F401

SEEDS = range(40)
COLUMNS = RosterResource().columns()
TITLES = {name: column.titles for name, column in COLUMNS.items()}


@pytest.mark.parametrize("kind", invented.KINDS)
def test_an_invented_list_is_read_row_by_row_as_it_was_meant(kind):
    """Without a database: which rows are people, who they are, what is wrong with their numbers, names and dates."""
    places = [invented.Place(t, c, g) for t in ("天城镇", "温泉街道") for c in ("一村", "二村") for g in (1, 2)]
    for seed in SEEDS:
        made = invented.roster(seed, places, TITLES, kind=kind)
        book = sheets.read(made.data, name=made.name)
        found, _left = sheets.tables(book, RosterResource().aliases(), need=RosterResource.need)
        rows = {(table.sheet.name, row.number): row.cells for table in found for row in table.rows}
        assert list(rows) == list(made.people), seed
        assert sum(len(table.skipped) for table in found) == made.skipped, seed
        checks = [check for table in found for check in table.checks]
        assert (len(checks), all(check.agrees for check in checks)) == (made.totals, True), seed
        for place, cells in rows.items():
            told = codes_of(cells)
            fault, remark = made.faults.get(place, ""), made.remarks.get(place, "")
            assert {code for code in told if code in OUT} == {fault} - {"", "community_unknown"}, (
                seed,
                place,
            )
            assert not remark or remark in told, (seed, place)
            assert remark or not told & {"date_ambiguous", "date_format", "id_converted"}, (seed, place)
            if not fault:
                number = identity.id_number(cells["id_number"]).value
                assert (identity.person_name(cells["name"]).value, number) == made.people[place], (seed, place)
            if "township" in cells:
                assert cells["township"] in ("天城镇", "温泉街道"), (seed, place)
            else:
                assert sheets.bare_name(place[0]) in ("天城镇", "温泉街道")


def codes_of(cells: dict) -> set[str]:
    number = identity.id_number(cells["id_number"])
    return {
        *number.codes,
        *number.notes,
        *identity.person_name(cells["name"]).codes,
        *identity.when(cells.get("joined")).codes,
    }


@pytest.mark.django_db
def test_an_invented_list_goes_through_the_whole_judgement(city, now):
    """Each row of the small city is wrong by the code it was damaged by, or is not wrong."""
    grids = [
        invented.Place(community.parent.name, community.name, grid.ordinal)
        for township in (city.township, city.neighbour)
        for grid in city.grids_of(township)
        for community in [grid.community]
    ]
    for seed in range(24):
        made = invented.roster(seed, grids, TITLES)
        reading = read(RosterResource(), made.data, name=made.name, actor=None, now=now)
        wrong = {(line.sheet, line.number): {note.code for note in line.notes} for line in reading.lines if line.wrong}
        assert set(wrong) == set(made.faults), seed
        assert all(code in wrong[place] for place, code in made.faults.items()), seed
        assert len(reading.lines) == len(made.people), seed


# --- the six counties in other forms ------------------------------------------------------------------------------------


def rewritten(expected: dict, kind: str) -> tuple[list[Page], dict]:
    """A county's rows with the columns in another order, blank rows and totals left where they are, and what is expected of them."""
    book = sheets.read(DATA / "rosters" / expected["file"], name="x")
    found, _left = sheets.tables(book, ALIASES)
    draw = Random(expected["file"])
    made: list[Page] = []
    places: dict[tuple[str, int], tuple[str, int]] = {}
    for table in found:
        columns = [column for column in table.columns if column.field]
        draw.shuffle(columns)
        page = Page(table.sheet.name or "表", [["花名册"], [draw.choice(ALIASES[column.field]) for column in columns]])
        for row in table.rows:
            page.rows.append([row.cells[column.field] for column in columns])
            places[table.sheet.name, row.number] = ("" if kind == "csv" else page.name, len(page.rows))
        made.append(page)
    told = expected | {
        name: [
            fault | dict(zip(("sheet", "row"), places[fault["sheet"], fault["row"]], strict=True))
            for fault in expected[name]
        ]
        for name in ("errors", "warnings")
    }
    return made, told | {"skipped_rows": 0}


FORMS = [
    (expected, kind)
    for expected in EXPECTED["rosters"]
    for kind in invented.KINDS
    # a text table has one sheet
    if kind != "csv" or len({fault["sheet"] for fault in expected["errors"]}) == 1
]


@pytest.mark.parametrize(
    ("expected", "kind"), FORMS, ids=lambda given: given if isinstance(given, str) else given["file"]
)
def test_a_county_in_another_form_gives_the_same(expected, kind, townships, tmp_path, monkeypatch):  # noqa: F811
    made, told = rewritten(expected, kind)
    whole = {
        "xlsx": pages.as_xlsx,
        "xls": pages.as_xls,
        "ods": pages.as_ods,
        "csv": lambda some: pages.as_csv(some[0], "gb18030"),
    }
    (tmp_path / "rosters").mkdir()
    (tmp_path / "rosters" / "名册").write_bytes(whole[kind](made))
    monkeypatch.setattr(test_rosters_as_met, "DATA", tmp_path)
    found = judge("名册", townships)
    codes = {
        name: {(fault["sheet"], fault["row"]): fault["code"] for fault in told[name]} for name in ("errors", "warnings")
    }
    if kind == "csv":  # text keeps 2024.1 as it was written: there is nothing to doubt
        codes["warnings"] = {place: code for place, code in codes["warnings"].items() if code != "date_ambiguous"}
    for name in ("errors", "warnings"):
        assert set(found[name]) == set(codes[name])
        assert all(code in found[name][place] for place, code in codes[name].items())
    keys = ("new_people", "assignments", "skipped_rows", "people_with_two_grids")
    assert {key: found[key] for key in keys} == {key: told[key] for key in keys}
