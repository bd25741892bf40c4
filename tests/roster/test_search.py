"""Workers are found by what an admin knows of them: a name, its sound, a number, a place."""

from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from roster import arrivals, demo, employment, files, search
from roster.employment import Person
from roster.identity import pinyin_of
from roster.identity.pinyin import COMBINED, LONGEST, LONGEST_INITIALS
from roster.models import Posting, User, Worker

ClientOf = Callable[[User], Client]


# --- the sound of a name ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "pinyin", "initials"),
    [
        ("张三", "zhangsan", "zs"),
        ("王桂兰", "wangguilan", "wgl"),
        ("单雄信", "shanxiongxin", "sxx"),
        ("解缙", "xiejin", "xj"),
        ("仇英", "qiuying", "qy"),
        ("曾国藩", "zengguofan", "zgf"),
        ("区志强", "ouzhiqiang", "ozq"),
        ("查良镛", "zhaliangyong", "zly"),
        ("盖国强", "geguoqiang gaiguoqiang", "ggq"),
        ("朴树", "piaoshu", "ps"),
        ("任丽", "renli", "rl"),
        ("尉迟恭", "yuchigong", "ycg"),
        ("万俟明", "moqiming", "mqm"),
        ("欧阳修", "ouyangxiu", "oyx"),
        ("覃芳", "qinfang tanfang", "qf tf"),
        ("单于明", "chanyuming shanyuming", "cym sym"),
        ("李乐", "lile liyue", "ll ly"),
        ("吕布", "lvbu", "lb"),
        ("张 三", "zhangsan", "zs"),
        ("张㛃", "zhangjie", "zj"),
        ("王\ue123", "wang", "w"),
        ("\ue123\ue124", "", ""),
        ("Li明", "liming", "lim"),
        ("", "", ""),
    ],
)
def test_a_name_is_typed_by_its_sound(name: str, pinyin: str, initials: str) -> None:
    assert pinyin_of(name) == (pinyin, initials)


@given(st.text(alphabet="单覃乐行长朝盛重都·𠮷阿卜王明 Aa\ue000", max_size=60))
def test_the_readings_of_any_name_fit_their_columns(name: str) -> None:
    pinyin, initials = pinyin_of(name)
    assert len(pinyin) <= LONGEST
    assert len(initials) <= LONGEST_INITIALS
    assert len(pinyin.split()) <= COMBINED
    assert f"{pinyin}{initials}".replace(" ", "").isascii()


# --- what is found ------------------------------------------------------------------------------------------------


@pytest.fixture
def known(hire: Callable[..., Worker], city: Any) -> Callable[..., Worker]:
    """Someone on the list as a roster brings them, with what they are found by."""

    def known(number: str, name: str, township: Any = None, mobile: str = "", grid: int = 0) -> Worker:
        keys = search.keys_of(name=name, mobile=mobile)
        return hire(number, name, township or city.township, mobile=mobile, grid=grid, **keys)

    return known


def found(text: str) -> set[str]:
    return set(search.found(Worker.objects.all(), text).values_list("name", flat=True))


FOUND = {
    "王桂兰": [
        "王桂兰",
        "桂兰",
        "王",
        "wangguilan",
        "wang gui lan",
        "WangGL"[:4],
        "wgl",
        "WGL",
        "Wáng",
        "wang2gui4",
        "guilan",
    ],
    "覃芳": ["覃芳", "qinfang", "tanfang", "qf", "tf", "tan"],
    "吕建国": ["lvjianguo", "lü", "LYU", "ljg", "lv jian guo", "ｌｊｇ"],
    "张三丰": ["zhangsan", "zhang san", "Zhāng Sān", "zs", "W000123", "w000123", "123", "000123", "０００１２３"],
    "阿迪力·买买提": ["阿迪力", "阿迪力·买", "阿迪力.买买提", "adili", "adl"],
}


@pytest.fixture
def people(known: Callable[..., Worker], city: Any) -> None:
    known("W000101", "王桂兰", city.township, "13907150001", 0)
    known("W000102", "覃芳", city.township, "13907156789", 1)
    known("W000103", "吕建国", city.neighbour, "13986126789")
    known("W000123", "张三丰", city.township_b, "13512340000")
    known("W000105", "阿迪力·买买提", city.townships[3])


@pytest.mark.postgres
def test_each_is_found_by_every_way_to_name_them(people: None) -> None:
    missed = {(name, text) for name, texts in FOUND.items() for text in texts if name not in found(text)}
    assert missed == set()


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", {"王桂兰", "覃芳", "吕建国", "张三丰", "阿迪力·买买提"}),
        ("王桂香", set()),
        ("wangguix", set()),
        ("an", set()),  # a piece from the middle of a sound is not what anybody types
        ("6789", {"覃芳", "吕建国"}),
        ("56789", {"覃芳"}),
        ("1390715 6789", {"覃芳"}),
        ("139-0715-6789", {"覃芳"}),
        ("13907156780", set()),
        ("789", set()),
        ("永安街道", {"王桂兰", "覃芳"}),
        ("永安", {"王桂兰", "覃芳"}),
        ("双鹤", {"王桂兰", "覃芳"}),
        ("双鹤社区居委会", {"王桂兰", "覃芳"}),
        ("双鹤社区第2网格", {"覃芳"}),
        ("双鹤二网格", {"覃芳"}),
        ("双鹤社区2格", {"覃芳"}),
        ("永安街道双鹤社区第1网格", {"王桂兰"}),
        ("古塘村", {"吕建国"}),
        ("421202001001002", {"覃芳"}),
        ("永安 王", {"王桂兰"}),
        ("永安 吕", set()),
        ("双鹤 qf", {"覃芳"}),
        ("第1网格", set()),  # of which community
        ("'; --", set()),
        ("%", set()),
        ("查无此人", set()),
    ],
)
def test_what_is_typed_finds(people: None, text: str, names: set[str]) -> None:
    assert found(text) == names


def test_a_grid_given_up_no_longer_finds(people: None) -> None:
    Posting.objects.filter(worker__name="覃芳").update(until="2026-09-01")
    assert found("双鹤社区") == {"王桂兰"}


def test_every_name_is_found_by_its_own_sound_and_initials(
    known: Callable[..., Worker], city: Any, django_assert_max_num_queries: Any
) -> None:
    names = ["单丹", "乐乐", "朝阳", "长孙无忌", "尉迟敬德", "朴成盛", "华罗庚", "冯晟", "都都", "Adam"]
    names += [f"{surname}{given}" for surname, given in zip(demo.SURNAMES[::7], demo.GIVEN[::11], strict=False)]
    for number, name in enumerate(names):
        known(f"W{number:06}", name)
    with django_assert_max_num_queries(3):
        found("单丹")
    for name in names:
        pinyin, initials = pinyin_of(name)
        assert all(name in found(text) for text in [*pinyin.split(), *initials.split()]), name


# --- kept up to date ----------------------------------------------------------------------------------------------


def keys(worker: Worker) -> tuple[str, str, str]:
    worker.refresh_from_db()
    return worker.pinyin, worker.initials, worker.mobile_tail_hash


def test_whoever_comes_in_or_changes_is_found_at_once(city: Any, now: Any) -> None:
    person = Person(name="覃芳", township_id=city.township.pk, employment="fulltime", mobile="13907156789")
    (worker,) = employment.take_up([person], now=now)
    assert found("tanfang") == found("6789") == {"覃芳"}
    other = Person(name="单丹", township_id=city.township.pk, employment="fulltime", mobile="13907150000")
    change = arrivals.Arrival("k", other, worker, 0, changes=("name", "mobile"))
    arrivals.renew([change], source="lms.importrun:1", by_id=None, now=now)
    assert found("shandan") == found("sd") == found("0000") == {"单丹"}
    assert found("tanfang") == found("6789") == set()


def test_a_name_changed_by_hand_is_found_by_its_new_sound(worker: Worker, county_admin: User, now: Any) -> None:
    new = {"name": "仇桂兰", "mobile": "13907159876"}
    files.change(worker, new, reason="户口本更名", source="file", by=county_admin, now=now)
    worker.refresh_from_db()
    expected = search.keys_of(name="仇桂兰", mobile="13907159876")
    assert keys(worker) == tuple(expected.values())


@pytest.mark.postgres
def test_those_on_the_list_before_are_filled_in(worker: Worker, outsider: Worker) -> None:
    migration = import_module("roster.migrations.0003_how_names_are_typed")
    migration.CHUNK = 1
    for _again in range(2):
        migration.fill(apps, SimpleNamespace(connection=connection))
        assert keys(worker) == tuple(search.keys_of(name="王桂兰", mobile="13907150001").values())
        assert keys(outsider) == tuple(search.keys_of(name="陈秀英", mobile="13907150003").values())


# --- on the screen ------------------------------------------------------------------------------------------------


def test_the_search_stays_within_reach(client_of: ClientOf, county_admin: User, people: None) -> None:
    client = client_of(county_admin)
    for text, there in [("zs", False), ("0000", False), ("鱼岳", False), ("wgl", True), ("永安", True)]:
        page = client.get("/cms/workers/results/", {"q": text}).content.decode()
        assert ("王桂兰" in page) is there
        assert "张三丰" not in page


def test_a_search_asks_the_same_for_one_and_for_many(
    client_of: ClientOf, city_admin: User, known: Callable[..., Worker], city: Any
) -> None:
    client = client_of(city_admin)
    known("W000200", "孙秋", city.township)
    client.get("/cms/workers/", {"q": "永安 sun"})
    with CaptureQueriesContext(connection) as one:
        client.get("/cms/workers/", {"q": "永安 sun"})
    for number in (201, 202):
        known(f"W000{number}", "孙冬", city.township)
    with CaptureQueriesContext(connection) as many:
        client.get("/cms/workers/", {"q": "永安 sun"})
    assert len(one) == len(many) < 20
