from datetime import date
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.refusal import Refused
from records.scheme import Band, Fact, Judgement, Line, Measure, Rules, check_measures, days_in_post, judge, read_bands

BANDS = (Band("优秀", D(90)), Band("合格", D(70)), Band("基本合格", D(60)), Band("不合格", D(0)))
MEASURES = (
    Measure("学时", "hours", D(25), D(24)),
    Measure("业务考试", "exam_best", D(35)),
    Measure("技能达标", "skills", D(25)),
    Measure("业务实绩", "work", D(15)),
    Measure("带教加分", "service", D(3), D(10)),
)
RULES = Rules(year=2025, bands=BANDS, measures=MEASURES, required={1: "政策应知应会", 2: "矛盾调解"})


def of(formula: str) -> Measure:
    return next(measure for measure in MEASURES if measure.formula == formula)


def line(formula: str, *facts: Fact) -> Line:
    rules = Rules(year=2025, bands=BANDS, measures=(of(formula),), required=RULES.required)
    return judge(rules, facts, joined_on=None).lines[0]


@pytest.mark.parametrize(
    ("formula", "facts", "raw", "how", "points", "records"),
    [
        ("hours", [], "0 / 24", "没有学时记录，按 0 分计", "0.00", ()),
        (
            "hours",
            [Fact(1, "hours", D("0.5")), Fact(2, "hours", D("18"))],
            "18.5 / 24",
            "累计 18.5 学时 ÷ 目标 24 学时 × 25 = 19.27 分",
            "19.27",
            (1, 2),
        ),
        (
            "hours",
            [Fact(1, "hours", D("30"))],
            "30 / 24",
            "累计 30 学时，达到目标 24 学时，得满分 25 分",
            "25.00",
            (1,),
        ),
        ("exam_best", [], "—", "没有考试记录，按 0 分计", "0.00", ()),
        (
            "exam_best",
            [Fact(1, "exam", D(0), D(100), "absent")],
            "缺考",
            "缺考 1 次，没有成绩，按 0 分计",
            "0.00",
            (1,),
        ),
        ("exam_best", [Fact(1, "exam", D(73), D(100), "passed")], "73", "73 ÷ 100 × 35 = 25.55 分", "25.55", (1,)),
        (
            "exam_best",
            [
                Fact(1, "exam", D(55), D(100), "failed"),
                Fact(2, "exam", D(44), D(50), "passed"),
                Fact(3, "exam", D(0), D(100), "absent"),
            ],
            "44",
            "2 次考试取最高：44 ÷ 50 × 35 = 30.80 分",
            "30.80",
            (1, 2, 3),
        ),
        (
            "skills",
            [
                Fact(1, "skill", D(1), skill_id=1),
                Fact(2, "skill", D(1), skill_id=1),
                Fact(3, "skill", D(1), skill_id=9),
            ],
            "1 / 2",
            "岗位要求 2 项，已达标 1 项：1 ÷ 2 × 25 = 12.50 分；还缺：矛盾调解",
            "12.50",
            (1, 2),
        ),
        ("work", [], "—", "没有业务实绩记录，按 0 分计", "0.00", ()),
        (
            "work",
            [Fact(1, "work", D("92.5")), Fact(2, "work", D("90"))],
            "91.25",
            "2 条记录平均 91.25 分 ÷ 100 × 15 = 13.69 分",
            "13.69",
            (1, 2),
        ),
        ("service", [], "0", "没有带教服务记录，不加分", "0.00", ()),
        (
            "service",
            [Fact(1, "service", D("14"))],
            "14",
            "带教 14 小时 ÷ 10 小时 × 3 = 3.00 分，加分最多 3 分",
            "3.00",
            (1,),
        ),
    ],
)
def test_each_formula_shows_its_sum(formula, facts, raw, how, points, records):
    judged = line(formula, *facts)
    assert (judged.raw, judged.how, str(judged.points), judged.records) == (raw, how, points, records)


def test_the_score_is_the_sum_of_the_printed_lines_and_falls_into_its_band():
    facts = [Fact(1, "hours", D(24)), Fact(2, "exam", D(88), D(100), "passed"), Fact(3, "skill", D(1), skill_id=1)]
    judged = judge(RULES, facts, joined_on=date(2020, 1, 1))
    assert [str(one.points) for one in judged.lines] == ["25.00", "30.80", "12.50", "0.00", "0.00"]
    assert (str(judged.score), judged.grade, judged.reason) == ("68.30", "基本合格", "")


@pytest.mark.parametrize(
    ("joined_on", "reason"),
    [
        (None, ""),
        (date(2019, 3, 1), ""),
        (date(2025, 7, 2), ""),
        (date(2025, 7, 3), "2025年7月上岗，2025年在岗 182 天，不满 183 天，不定等次。"),
        (date(2025, 10, 1), "2025年10月上岗，2025年在岗 92 天，不满 183 天，不定等次。"),
        (date(2026, 2, 1), "2026年2月上岗，2025年不在岗，不定等次。"),
    ],
)
def test_who_was_not_long_enough_in_post_is_not_graded(joined_on, reason):
    judged = judge(RULES, [], joined_on=joined_on)
    expected = (None, "不定等次", reason) if reason else (D("0.00"), "不合格", "")
    assert (judged.score, judged.grade, judged.reason) == expected
    assert len(judged.lines) == 5


def test_days_in_post_count_both_ends():
    assert [days_in_post(2024, None), days_in_post(2025, date(2025, 12, 31)), days_in_post(2025, date(2026, 1, 1))] == [
        366,
        1,
        0,
    ]


def test_bands_are_read_from_the_highest_down():
    rows = [{"grade": "优秀", "from": "90"}, {"grade": "合格", "from": 60, "to": 90}, {"grade": "不合格", "from": "0"}]
    assert read_bands(rows) == (Band("优秀", D(90)), Band("合格", D(60)), Band("不合格", D(0)))


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "请至少写一个等次和它的分数线。"),
        ([("优秀", "90"), ("合格", "60")], "0 到 60 分之间没有等次，请给最低一档补上分数线 0。"),
        (
            [("优秀", "90"), ("合格", "90"), ("不合格", "0")],
            "“优秀”和“合格”的分数段有重叠，请从高到低重新填写分数线。",
        ),
        (
            [("合格", "60"), ("优秀", "90"), ("不合格", "0")],
            "“合格”和“优秀”的分数段有重叠，请从高到低重新填写分数线。",
        ),
        ([("优秀", "90"), ("优秀", "60"), ("不合格", "0")], "等次名称有重复，请改成各不相同的名称。"),
        ([("优秀", "90"), ("不合格", "-5")], "分数线不能低于 0 分，请改正“不合格”的分数线。"),
        # as found in a real street's rules: 70–79 is the third grade, below 60 the last, and nothing between
        (
            [("优秀", "95"), ("合格", "80", "95"), ("基本合格", "70", "80"), ("不合格", "0", "60")],
            "“不合格”到 60 分为止，“基本合格”从 70 分开始，中间的分数没有等次，请补上。",
        ),
        (
            [("优秀", "90"), ("合格", "60", "92"), ("不合格", "0")],
            "“优秀”和“合格”的分数段有重叠，请从高到低重新填写分数线。",
        ),
    ],
)
def test_bands_with_gaps_and_overlaps_are_refused_in_words(rows, sentence):
    given_rows = [dict(zip(("grade", "from", "to"), row, strict=False)) for row in rows]
    with pytest.raises(Refused, match=r".*") as refused:
        read_bands(given_rows)
    assert refused.value.sentence == sentence


def test_points_must_come_to_a_hundred_without_the_extra():
    check_measures(MEASURES)
    with pytest.raises(Refused, match="合计 85 分，应当正好 100 分"):
        check_measures([one for one in MEASURES if one.formula != "work"])
    with pytest.raises(Refused, match="指标“学时”没有目标值"):
        check_measures([Measure("学时", "hours", D(100))])


amounts = st.decimals(0, 200, places=2)
facts = st.lists(
    st.one_of(
        st.builds(Fact, st.integers(1, 99), st.just("hours"), amounts),
        st.builds(Fact, st.integers(1, 99), st.just("work"), st.decimals(0, 100, places=2)),
        st.builds(Fact, st.integers(1, 99), st.just("service"), amounts),
        st.builds(
            Fact,
            st.integers(1, 99),
            st.just("exam"),
            st.decimals(0, 100, places=1),
            st.just(D(100)),
            st.sampled_from(["passed", "failed", "absent"]),
        ),
        st.builds(Fact, st.integers(1, 99), st.just("skill"), st.just(D(1)), skill_id=st.integers(1, 3)),
    ),
    max_size=30,
)


@given(facts)
def test_no_line_gives_less_than_nothing_or_more_than_its_points(held):
    judged: Judgement = judge(RULES, held, joined_on=None)
    assert all(D(0) <= one.points <= one.weight for one in judged.lines)
    assert judged.score == sum(one.points for one in judged.lines) <= D(103)
    assert all(one.points == one.points.quantize(D("0.01")) for one in judged.lines)


@given(facts, amounts)
def test_more_hours_never_cost_points(held, more):
    before = judge(RULES, held, joined_on=None).score
    after = judge(RULES, [*held, Fact(100, "hours", more)], joined_on=None).score
    assert after >= before


@given(st.decimals(0, 103, places=2))
def test_every_score_has_exactly_one_grade(score):
    floors = [band.floor for band in BANDS if score >= band.floor]
    assert floors == sorted(floors, reverse=True)
    assert floors
