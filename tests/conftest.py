"""The people of the tests, their small city, and the browser they use."""

import gc
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import hypothesis
import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.cache import cache
from django.test import Client, TransactionTestCase
from django.utils import timezone

from exams.day import flood, sheets
from mentors.models import Mentor
from roster import roles
from roster.models import (
    Agreement,
    Employment,
    Grid,
    GridKind,
    Level,
    Posting,
    Role,
    Signature,
    Territory,
    User,
    Worker,
    mobile_lookup,
)
from tests import databases

PASSWORD = "春风十里稻花香"
# an ordinary Wednesday morning in term, far from the turn of a year
MOMENT = datetime(2026, 9, 16, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
# the same engine; the one without windows of its own spends a second less of the processor on every page that a test opens
CHROMIUMS = [Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium")]
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-default-browser-check",
    "--disable-extensions",
]

# how long one example takes tells of the machine's other work, not of ours
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")


# --- the database -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        databases.lay()
        # a flush would also take what the migrations made: Wagtail's root page, groups, permissions
        TransactionTestCase._fixture_teardown = lambda self: databases.restore()  # type: ignore[method-assign]
        yield
        databases.drop()


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cache.clear()
    sheets.forget()
    flood.forget()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long tests first, or one of them would run on alone at the end. On PostgreSQL only those marked for it; the rest have run on SQLite."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    if settings.SQLITE:
        return
    config.hook.pytest_deselected(items=[item for item in items if not item.get_closest_marker("postgres")])
    items[:] = [item for item in items if item.get_closest_marker("postgres")]


def pytest_collection_finish() -> None:
    """What has been loaded by now stays, and is looked at by no garbage collection after this one."""
    gc.collect()
    gc.freeze()


# --- time ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def now(request: pytest.FixtureRequest) -> Iterator[datetime]:
    """The moment of the test. The clock stands still on it, but for tests with a browser, whose clock nobody can stop."""
    if "live_server" in request.fixturenames:
        yield timezone.now()
        return
    with time_machine.travel(MOMENT, tick=False):
        yield timezone.now()


# --- the city -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SmallCity:
    """2 counties × 2 townships × 2 communities × 2 grids, in the order of their codes."""

    territory: Territory
    counties: list[Territory]
    townships: list[Territory]
    communities: list[Territory]
    grids: list[Grid]
    agreement: Agreement

    @property
    def county(self) -> Territory:
        return self.counties[0]

    @property
    def county_b(self) -> Territory:
        return self.counties[1]

    @property
    def township(self) -> Territory:
        """Where `worker` and `colleague` work."""
        return self.townships[0]

    @property
    def neighbour(self) -> Territory:
        """The other township of the same county, where `mentor` works."""
        return self.townships[1]

    @property
    def township_b(self) -> Territory:
        """A township of the other county, where `outsider` works."""
        return self.townships[2]

    def grids_of(self, township: Territory) -> list[Grid]:
        here = {community.pk for community in self.communities if community.parent_id == township.pk}
        return [grid for grid in self.grids if grid.community_id in here]


PLACES = {
    ("421202", "咸安区"): {
        "永安街道": ["双鹤社区", "西大街社区"],
        "汀泗桥镇": ["古塘村", "彭碑村"],
    },
    ("421221", "嘉鱼县"): {
        "鱼岳镇": ["方庄社区", "白果树村"],
        "官桥镇": ["朱砂村", "石泉村"],
    },
}


def plant(level: str, rows: list[tuple[str, str, Territory | None]]) -> list[Territory]:
    """Territories of one level, with their paths, in two queries."""
    made = Territory.objects.bulk_create(
        [
            Territory(
                level=level, code=code, name=name, stem=re.sub("(街道|社区|村|镇|区|县|市)$", "", name), parent=up
            )
            for code, name, up in rows
        ]
    )
    for territory in made:
        territory.path = f"{territory.parent.path if territory.parent else ''}{territory.pk}/"
    Territory.objects.bulk_update(made, ["path"])
    return made


@pytest.fixture
def city(db: None, now: datetime) -> SmallCity:
    (top,) = plant(Level.CITY, [("421200", "咸宁市", None)])
    counties = plant(Level.COUNTY, [(code, name, top) for code, name in PLACES])
    townships = plant(
        Level.TOWNSHIP,
        [
            (f"{county.code}{number:03}", name, county)
            for county, names in zip(counties, PLACES.values(), strict=True)
            for number, name in enumerate(names, 1)
        ],
    )
    villages = [names for towns in PLACES.values() for names in towns.values()]
    communities = plant(
        Level.COMMUNITY,
        [
            (f"{township.code}{number:03}", name, township)
            for township, names in zip(townships, villages, strict=True)
            for number, name in enumerate(names, 1)
        ],
    )
    grids = Grid.objects.bulk_create(
        [
            Grid(
                community=community,
                code=f"{community.code}{ordinal:03}",
                name=f"第{ordinal}网格",
                ordinal=ordinal,
                kind=GridKind.URBAN if community.name.endswith("社区") else GridKind.RURAL,
            )
            for community in communities
            for ordinal in (1, 2)
        ]
    )
    agreement = Agreement.objects.create(
        version=1,
        title="网格员保密协议",
        text="本人在走访和上报中知悉的居民信息，只用于工作，不向无关的人说起。",
        published_at=now - timedelta(days=400),
    )
    return SmallCity(top, counties, townships, communities, grids, agreement)


# --- the people ---------------------------------------------------------------------------------------------------


@pytest.fixture
def password() -> str:
    """What every person of the tests types to sign in."""
    return PASSWORD


@pytest.fixture
def hire(city: SmallCity, now: datetime) -> Callable[..., Worker]:
    """Make a worker who has signed in before: `hire("W0001", "王桂兰", city.township, mobile=…)`. Extra fields go to Worker."""
    hashed = make_password(PASSWORD)

    def hire(number: str, name: str, township: Territory, *, mobile: str = "", grid: int = 0, **fields: Any) -> Worker:
        mobile_hash = mobile_lookup(mobile) if mobile else ""
        user = User.objects.create(username=number, name=name, password=hashed, mobile_hash=mobile_hash)
        worker = Worker.objects.create(
            **{
                "number": number,
                "user": user,
                "name": name,
                "mobile": mobile,
                "mobile_hash": mobile_hash,
                "township": township,
                "employment": Employment.FULL_TIME,
                "joined_on": date(2022, 3, 1),
                "joined_precision": "day",
                **fields,
            }
        )
        Posting.objects.create(worker=worker, grid=city.grids_of(township)[grid], since=date(2022, 3, 1))
        Signature.objects.create(worker=worker, agreement=city.agreement, name=name, signed_at=now - timedelta(days=30))
        return worker

    return hire


@pytest.fixture
def grant(city: SmallCity, now: datetime) -> Callable[..., User]:
    """Make a user who holds a role in a territory and is nobody's worker."""
    hashed = make_password(PASSWORD)

    def grant(username: str, name: str, role: str, territory: Territory) -> User:
        user = User.objects.create(username=username, name=name, password=hashed)
        since = timezone.localdate(now) - timedelta(days=365)
        roles.grant(user, role, territory, since=since, by=None, now=now)
        return user

    return grant


@pytest.fixture
def worker(hire: Callable[..., Worker], city: SmallCity) -> Worker:
    return hire("W0001", "王桂兰", city.township, mobile="13907150001", sex="female")


@pytest.fixture
def colleague(hire: Callable[..., Worker], city: SmallCity) -> Worker:
    """Works in the same township as `worker`."""
    return hire("W0002", "李建国", city.township, mobile="13907150002", sex="male", grid=1)


@pytest.fixture
def outsider(hire: Callable[..., Worker], city: SmallCity) -> Worker:
    """Works in the other county and must see nothing."""
    return hire("W0003", "陈秀英", city.township_b, mobile="13907150003", sex="female")


@pytest.fixture
def mentor(hire: Callable[..., Worker], city: SmallCity, now: datetime) -> Mentor:
    """A county 小教员 of another township in the county of `worker`."""
    teacher = hire("W0004", "张明", city.neighbour, mobile="13907150004", sex="male")
    since = timezone.localdate(now) - timedelta(days=200)
    return Mentor.objects.create(worker=teacher, level=Mentor.COUNTY, territory=city.county, since=since)


@pytest.fixture
def township_admin(grant: Callable[..., User], city: SmallCity) -> User:
    return grant("township-admin", "赵乡办", Role.TOWNSHIP_ADMIN, city.township)


@pytest.fixture
def county_admin(grant: Callable[..., User], city: SmallCity) -> User:
    return grant("county-admin", "钱县办", Role.COUNTY_ADMIN, city.county)


@pytest.fixture
def county_b_admin(grant: Callable[..., User], city: SmallCity) -> User:
    return grant("county-b-admin", "孙县办", Role.COUNTY_ADMIN, city.county_b)


@pytest.fixture
def city_admin(grant: Callable[..., User], city: SmallCity) -> User:
    return grant("city-admin", "周市办", Role.CITY_ADMIN, city.territory)


@pytest.fixture
def leader(grant: Callable[..., User], city: SmallCity) -> User:
    return grant("leader", "吴部长", Role.LEADER, city.territory)


@pytest.fixture
def editor(grant: Callable[..., User], city: SmallCity) -> User:
    return grant("editor", "郑编辑", Role.EDITOR, city.territory)


@pytest.fixture
def system_admin(grant: Callable[..., User], city: SmallCity) -> User:
    return grant("system-admin", "王系统", Role.SYSTEM_ADMIN, city.territory)


@pytest.fixture
def security_admin(grant: Callable[..., User], city: SmallCity) -> User:
    return grant("security-admin", "冯安全", Role.SECURITY_ADMIN, city.territory)


@pytest.fixture
def auditor(grant: Callable[..., User], city: SmallCity) -> User:
    return grant("auditor", "陈审计", Role.AUDITOR, city.territory)


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    def client_of(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return client_of


# --- the browser --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    wanted = [Path(os.environ["CHROMIUM"])] if os.environ.get("CHROMIUM") else CHROMIUMS
    found = next((path for path in wanted if path.exists()), None)
    if found is None:
        message = f"There is no {wanted[0]}; `script/test` installs it."
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    from playwright.sync_api import sync_playwright

    # Playwright's loop runs in this thread; Django would take every query for one made inside it
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(found), headless=True, args=CHROMIUM_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Any:
    report = yield
    setattr(item, f"report_{report.when}", report)
    return report


@pytest.fixture
def page_for(
    browser: Any, live_server: Any, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Any]]:
    """Open a window for someone: `page_for(worker.user, 360, 740, mobile=True)`, `page_for(None)` for a visitor.

    A script error, a broken policy or a server error in any window fails the test; of a failed test pictures are kept.
    """
    contexts: list[Any] = []
    trouble: list[str] = []

    def page_for(user: User | None, width: int = 1280, height: int = 800, mobile: bool = False, **options: Any) -> Any:
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": height},
            is_mobile=mobile,
            has_touch=mobile,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            **options,
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        if user is not None:
            client = Client()
            client.force_login(user)
            cookie = client.cookies[settings.SESSION_COOKIE_NAME]
            context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
        context.on("weberror", lambda error: trouble.append(str(error.error)))
        context.on("response", lambda r: r.status >= 500 and trouble.append(f"{r.status} {r.url}"))
        context.on("console", lambda m: "Content Security Policy" in m.text and trouble.append(m.text))
        return context.new_page()

    yield page_for
    report = getattr(request.node, "report_call", None)
    if report is None or report.failed or trouble:
        folder = tmp_path_factory.mktemp(re.sub(r"\W+", "-", request.node.name)[:60])
        for number, page in enumerate((page for context in contexts for page in context.pages), 1):
            page.screenshot(path=folder / f"{number}.png", full_page=True)
        print(f"\nPictures of the windows: {folder}")
    for context in contexts:
        context.close()
    assert trouble == []
