"""The six county rosters: what is read and judged of each is what `expected.json` says, row by row."""

import csv
import json
from collections import defaultdict
from pathlib import Path

import pytest

from lms import sheets
from roster import identity

DATA = Path(__file__).parents[1] / "data"
EXPECTED = json.loads((DATA / "rosters" / "expected.json").read_text("utf-8"))

# codes with which a row stays out
OUT = {
    "id_check_digit",
    "id_birth_date",
    "id_number_truncated",
    "id_format",
    "name_missing",
    "name_format",
    "community_unknown",
}
ALIASES = {
    "seq": ["序号"],
    "name": ["姓名"],
    "sex": ["性别"],
    "id_number": ["身份证号", "身份证号码", "公民身份号码", "证件号码"],
    "mobile": ["手机号", "手机号码", "联系电话", "联系方式", "电话"],
    "county": ["县市区", "所属县市区", "县"],
    "township": ["乡镇街道", "镇街", "乡镇办", "乡镇"],
    "community": ["村社区", "社区（村）", "所在社区", "村"],
    "grid": ["网格名称", "所属网格", "责任网格", "网格"],
    "since": ["入职时间", "聘用时间", "上岗时间", "任职时间"],
    "kind": ["人员类型", "人员类别", "专兼职", "专职/兼职", "网格员类型"],
    "mentor": ["是否小教员", "小教员"],
}


@pytest.fixture(scope="module")
def townships() -> dict[str, list[str]]:
    """The official village names under each township's stem, which is unique where the county is known; keyed by county too."""
    with (DATA / "xianning_divisions_2023.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    names = {row["code"]: row["name"] for row in rows}
    found: dict[str, list[str]] = {
        f"{names[row['parent_code']]}/{row['name']}": [] for row in rows if row["level"] == "township"
    }
    parents = {row["code"]: f"{names[row['parent_code']]}/{row['name']}" for row in rows if row["level"] == "township"}
    for row in rows:
        if row["level"] == "village":
            found[parents[row["parent_code"]]].append(row["name"])
    return found


def villages(townships: dict[str, list[str]], county: str, township: str) -> list[str]:
    stem = identity.county_stem(county)
    found = [
        names
        for key, names in townships.items()
        if key.partition("/")[2] == township and (not stem or identity.county_stem(key.partition("/")[0]) == stem)
    ]
    assert len(found) == 1, (county, township)
    return found[0]


def judge(file: str, townships: dict[str, list[str]]) -> dict:
    """Everything that expected.json says of a file, found by reading and judging alone."""
    book = sheets.read(DATA / "rosters" / file, name=file)
    found, _left_out = sheets.tables(book, ALIASES)
    errors, warnings = {}, {}
    grids, mentors = defaultdict(set), 0
    for table in found:
        for row in table.rows:
            cells = row.cells
            number = identity.id_number(cells["id_number"])
            codes = {*number.codes, *identity.person_name(cells["name"]).codes, *identity.when(cells["since"]).codes}
            township = cells.get("township") or table.sheet.name
            official = identity.match_place(
                cells["community"], villages(townships, cells.get("county") or "", township)
            )
            codes |= {"community_unknown"} if not official else set()
            place = (table.sheet.name, row.number)
            if codes & OUT:
                errors[place] = codes
                continue
            assert len(official) == 1
            assert identity.employment_kind(cells["kind"]).known
            assert identity.sex(cells["sex"]).value == number.sex
            assert identity.mobile(cells["mobile"]).first
            ordinal = identity.grid_ordinal(cells["grid"], official[0])
            assert ordinal
            grid = (township, official[0], ordinal)
            codes |= {"duplicate_row"} if grid in grids[number.value] else set()
            mentors += not codes and identity.mentor_level(cells.get("mentor")).value in ("county", "township")
            grids[number.value].add(grid)
            if codes:
                warnings[place] = codes
    return {
        "errors": errors,
        "warnings": warnings,
        "skipped_rows": sum(len(table.skipped) for table in found),
        "declared": [table.declared for table in found if table.declared is not None],
        "rows": sum(len(table.rows) for table in found),
        "new_people": len(grids),
        "assignments": sum(map(len, grids.values())),
        "people_with_two_grids": sum(len(own) > 1 for own in grids.values()),
        "mentors": mentors,
    }


@pytest.mark.parametrize("expected", EXPECTED["rosters"], ids=lambda expected: expected["file"])
def test_roster_gives_what_is_expected(expected, townships):
    found = judge(expected["file"], townships)
    for kind in ("errors", "warnings"):
        codes = {(fault["sheet"], fault["row"]): fault["code"] for fault in expected[kind]}
        assert set(found[kind]) == set(codes)
        assert all(code in found[kind][place] for place, code in codes.items())
    keys = ("new_people", "assignments", "skipped_rows", "people_with_two_grids", "mentors")
    assert {key: found[key] for key in keys} == {key: expected[key] for key in keys}
    assert found["declared"] in ([], [found["rows"]])


def test_grid_register_is_read_whole(townships):
    file = EXPECTED["grids"]["file"]
    book = sheets.read(DATA / "rosters" / file, name=file)
    aliases = ALIASES | {"code": ["网格编码"], "kind": ["网格类型"], "households": ["户数"], "population": ["人口数"]}
    (table,), left_out = sheets.tables(book, aliases)
    grids = set()
    for row in table.rows:
        (official,) = identity.match_place(
            row.cells["community"], villages(townships, row.cells["county"], row.cells["township"])
        )
        grids.add(
            (row.cells["township"], row.cells["county"], official, identity.grid_ordinal(row.cells["grid"], official))
        )
        assert identity.grid_kind(row.cells["kind"]).known
    assert (len(table.rows), len(grids), left_out) == (4028, 4028, [])
    outside = sum(not 300 <= row.cells["households"] <= 500 for row in table.rows)
    assert outside == EXPECTED["grids"]["outside_300_500_households"]
