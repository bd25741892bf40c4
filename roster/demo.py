"""The city of the demo: real divisions, invented grids and people, made by the roster's own verbs.

No one here is real: ID numbers end in the sequence 996-999, which is kept for centenarians, and telephones begin with 154, which no
operator gives out.
"""

import csv
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

from django.contrib.auth.hashers import make_password

from lms.demo import City, Login
from roster import demo_lives, employment, ground, identity, notices, passwords, roles, territories
from roster.employment import Person
from roster.models import Agreement, Duty, Employment, Grid, GridKind, Level, Notice, Role, Territory, User, Worker

CONTENT = Path(__file__).parent / "content"
GRIDS, WORKERS = 4028, 7280
SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高梁郑罗宋谢唐韩曹许邓萧冯曾程蔡彭潘袁于董余苏叶吕魏蒋田杜丁沈姜范江傅钟卢汪戴崔任陆"
    "廖姚方金邱夏谭韦贾邹石熊孟秦阎薛侯雷白龙段郝孔邵史毛常万顾赖武康贺严尹钱施牛洪龚"
)
GIVEN = (
    "明国华建文平志伟东海强军磊洋勇艳杰娟涛超秀霞桂英玉萍红玲梅芳敏静丽兰凤洁莉素云莲真环雪荣爱妹香月莺媛瑞凡佳嘉琼勤珍贞锦黛"
    "青倩婷姣婉娴瑾颖露瑶怡婵雁蓓纨仪荷丹蓉眉君琴蕊薇菁梦岚苑婕馨瑗琰韵融园艺咏卿聪澜纯毓悦昭冰爽琬茗羽希宁欣飘育滢馥"
)
HOW_RECRUITED = {
    "421202": ["民政部门统一招录", "公益性岗位"],
    "421221": ["民政局公开招聘"],
    "421222": ["劳务派遣"],
    "421223": ["乡镇党委决议聘用"],
    "421224": ["人社部门统一招录", "公益性岗位"],
    "421281": ["市委政法委统一招聘"],
}
RURAL_POSTS = ["村“两委”干部", "村民小组长", "村民小组长", "驻村辅警"]
COUNTY_LOGINS = {
    "421202": "xianan",
    "421221": "jiayu",
    "421222": "tongcheng",
    "421223": "chongyang",
    "421224": "tongshan",
    "421281": "chibi",
}
# by which office the county's workers are managed; elsewhere 社会工作部
COUNTY_LINES = {"421281": "政法委", "421222": "政法委", "421221": "民政"}
HAN = "一二三四五六七八九十"


def build(city: City) -> None:
    """Divisions, grids, workers with their postings, mentors' marks in the roster, the agreement, and one login for each role."""
    city.say("建立区划和网格")
    territories.establish(divisions(), on=date(2023, 6, 30))
    territories.register_grids(list(grid_lines(city)))
    city.say("登记网格员")
    workers = take_up(city)
    ground.lay(now=city.now - timedelta(days=700))
    agreement = Agreement.objects.get()
    employment.sign_on_paper(workers, agreement=agreement, signed_at=city.now - timedelta(days=600))
    demo_lives.fill(workers, city)
    logins(city, agreement)
    unsigned = Worker.objects.filter(signatures=None)  # who has not signed in yet has read nothing either
    notices.accept_on_paper(
        User.objects.exclude(worker__in=unsigned), notice=Notice.objects.get(), at=city.now - timedelta(days=600)
    )
    demo_lives.turn(city)
    city.say(f"网格 {Grid.objects.count()} 个，网格员 {len(workers)} 人")


def divisions() -> Iterator[territories.Division]:
    with (CONTENT / "divisions.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            yield territories.Division(row["level"], row["code"], row["name"], row["parent_code"], row["kind"])


def grid_lines(city: City) -> Iterator[territories.GridLine]:
    """Grids of 300-500 households or so, numbered within their community; in a smaller city fewer townships and communities have any."""
    chance = city.chance("grids")
    communities = chosen_communities(city)
    wanted = max(len(communities), round(GRIDS * city.scale))
    base, extra = divmod(wanted, len(communities))
    larger = set(chance.sample(range(len(communities)), extra))
    for index, community in enumerate(communities):
        urban = "居委会" in community.kind
        for ordinal in range(1, base + (index in larger) + 1):
            households = (
                chance.randint(300, 500)
                if chance.random() < 0.94
                else chance.choice([chance.randint(180, 290), chance.randint(510, 720)])
            )
            yield territories.GridLine(
                community_id=community.pk,
                code=f"{community.code}{ordinal:03d}",
                name=f"第{han(ordinal)}网格",
                ordinal=ordinal,
                kind=GridKind.URBAN if urban else GridKind.RURAL,
                households=households,
                population=round(households * chance.uniform(2.0, 2.7)),
            )


def chosen_communities(city: City) -> list[Territory]:
    """At full size all; in a smaller city at least three townships of each county, and a share of their communities."""
    chosen: list[Territory] = []
    for county in Territory.objects.counties():
        townships = list(county.children.order_by("code"))
        keep = min(len(townships), max(3, math.ceil(len(townships) * math.sqrt(city.scale))))
        share = min(1.0, city.scale * len(townships) / keep)
        for township in townships[:keep]:
            communities = list(township.children.order_by("code"))
            count = min(len(communities), max(1, round(len(communities) * share)))
            chosen += communities[:: max(1, len(communities) // count)][:count] if communities else []
    return chosen


def take_up(city: City) -> list[Worker]:
    grids = list(Grid.objects.select_related("community__parent__parent").order_by("code"))
    wanted = max(len(grids), round(WORKERS * city.scale))
    chance = city.chance("workers")
    hands = [*grids, *chance.choices(grids, k=wanted - len(grids))]
    hands.sort(key=lambda grid: grid.code)
    phones = phone_numbers(chance)
    people = distinct(lambda grid: person(grid, next(phones), chance, city.now), hands)
    mark_mentors(people, hands)
    workers: list[Worker] = []
    for start in range(0, len(people), 2000):
        workers += employment.take_up(people[start : start + 2000], now=city.now - timedelta(days=700))
    pairs = list(zip(workers, hands, strict=True))
    by_community = {key: list(group) for key, group in itertools.groupby(grids, key=lambda grid: grid.community_id)}
    for worker, grid in chance.sample(pairs, round(len(pairs) * 0.015)):
        others = [other for other in by_community[grid.community_id] if other.pk != grid.pk]
        if others:
            pairs.append((worker, chance.choice(others)))
    for start in range(0, len(pairs), 2000):
        employment.post(pairs[start : start + 2000], since=None)
    return workers


def distinct(draw: Callable[[Grid], Person], hands: list[Grid]) -> list[Person]:
    """One person for each grid named; whoever is drawn with a taken ID number is drawn again."""
    taken: set[str] = set()
    people = []
    for grid in hands:
        one = draw(grid)
        while one.id_number in taken:
            one = draw(grid)
        taken.add(one.id_number)
        people.append(one)
    return people


def person(grid: Grid, phone: str, chance: Random, now: datetime) -> Person:
    township = grid.community.parent
    county = township.parent  # type: ignore[union-attr]
    urban = grid.kind == GridKind.URBAN
    age = chance.randint(23, 50) if urban else chance.randint(35, 62)
    born = date(now.year - age, chance.randint(1, 12), chance.randint(1, 28))
    # most were numbered before 1998, when the area's codes began with 4223
    prefix = county.code if born.year >= 1980 or chance.random() < 0.3 else "4223" + county.code[4:]  # type: ignore[union-attr]
    sex = chance.choice(["male", "female"])
    sequence = chance.choice(["997", "999"] if sex == "male" else ["996", "998"])
    body = f"{prefix}{born:%Y%m%d}{sequence}"
    joined = date(chance.randint(2016, now.year - 2), chance.randint(1, 12), chance.randint(1, 28))
    return Person(
        name=chance.choice(SURNAMES) + "".join(chance.choices(GIVEN, k=chance.choice([1, 2, 2, 2]))),
        township_id=township.pk,  # type: ignore[union-attr]
        employment=Employment.FULL_TIME if urban else Employment.PART_TIME,
        id_number=body + identity.check_digit(body),
        mobile=phone,
        sex=sex,
        position="社区专职网格员" if urban else chance.choice(RURAL_POSTS),
        recruited_by=chance.choice(HOW_RECRUITED[county.code]) if urban else "村组干部兼任",  # type: ignore[union-attr]
        joined_on=joined,
        joined_precision="day",
        education=chance.choice(["高中", "大专", "大专", "本科"] if urban else ["初中", "初中", "高中", "大专"]),
        political_status=chance.choice(
            ["中共党员", "群众", "群众", "共青团员"] if age < 28 else ["中共党员", "群众", "群众"]
        ),
        certificate=chance.choice(["", "", "", "助理社会工作师", "社会工作师"]) if urban else "",
    )


def mark_mentors(people: list[Person], hands: list[Grid]) -> None:
    """Eight of each county's list: two at county and six at township level, spread over its townships."""
    by_county: dict[int, list[Person]] = {}
    for one, grid in zip(people, hands, strict=True):
        by_county.setdefault(grid.community.parent.parent_id, []).append(one)  # type: ignore[union-attr, arg-type]
    for listed in by_county.values():
        step = max(1, len(listed) // 8)
        for order, one in enumerate(listed[step // 2 :: step][:8]):
            one.listed_as_mentor = "county" if order < 2 else "township"


def phone_numbers(chance: Random) -> Iterator[str]:
    """Different numbers of the segment 154; no order gives away who comes next."""
    start, step = chance.randrange(10**8), 7_654_321  # step and 10**8 have no common divisor
    return (f"154{(start + step * turn) % 10**8:08d}" for turn in itertools.count())


def han(number: int) -> str:
    tens, ones = divmod(number, 10)
    return (("" if tens == 1 else HAN[tens - 1]) + "十" if tens else "") + (HAN[ones - 1] if ones else "")


def logins(city: City, agreement: Agreement) -> None:
    """One person for each role. Passwords are drawn anew for every installation and printed, never part of the code."""
    whole = Territory.objects.get(level=Level.CITY)
    admin(city, "city", "胡敏", Role.CITY_ADMIN, whole, "市级管理员：导入、考试、考核")
    for county in Territory.objects.counties():
        words, line = f"{county.name}管理员", COUNTY_LINES.get(county.code, "社会工作部")
        admin(city, COUNTY_LOGINS[county.code], words, Role.COUNTY_ADMIN, county, f"{words}，{line}", line=line)
    # managed by one office, trained by another: two admins of one county with different duties
    chibi, both = Territory.objects.get(code="421281"), [Duty.TRAINING, Duty.EXAMS]
    note = "赤壁市社会工作部，只管培训和考试"
    admin(city, "chibi.peixun", "葛云", Role.COUNTY_ADMIN, chibi, note, line="社会工作部", duties=both)
    township = Worker.objects.order_by("number")[0].township
    admin(city, "township", f"{township.name}管理员", Role.TOWNSHIP_ADMIN, township, f"{township.name}管理员")
    admin(city, "leader", "周建平", Role.LEADER, whole, "领导：只看通报")
    admin(city, "editor", "陈思源", Role.EDITOR, whole, "内容编辑：课程与题库")
    # the three who keep each other in check: none of them sees anybody's data
    admin(city, "system", "邓立新", Role.SYSTEM_ADMIN, whole, "系统管理员：运行情况、后台任务")
    admin(city, "security", "冯慎之", Role.SECURITY_ADMIN, whole, "安全管理员：给和终止角色、停用账号")
    admin(city, "auditor", "沈明远", Role.AUDITOR, whole, "审计管理员：只看审计日志")
    plain = Worker.objects.filter(listed_as_mentor="").order_by("number")
    full = plain.filter(employment=Employment.FULL_TIME)[0]
    part = plain.filter(employment=Employment.PART_TIME)[0]
    newcomer = plain.filter(employment=Employment.PART_TIME)[1]
    mentor = Worker.objects.filter(listed_as_mentor="county").order_by("number")[0]
    for worker, role in [(full, "专职网格员"), (part, "兼职网格员"), (mentor, "县级小教员")]:
        password = passwords.draw()
        user = passwords.account(worker, password_hash=make_password(password), expires=None)
        passwords.choose(user, password=password, now=city.now)
        city.logins.append(Login(role, worker.mobile, password, f"{worker.name}，{worker.township.name}"))
    password = passwords.draw()
    passwords.account(newcomer, password_hash=make_password(password), expires=city.now + timedelta(days=30))
    newcomer.signatures.all().delete()
    city.logins.append(Login("新上岗的网格员", newcomer.mobile, password, "首次登录：要改密码、签保密协议、读告知书"))


def admin(
    city: City,
    username: str,
    name: str,
    role: str,
    territory: Territory,
    note: str,
    *,
    line: str = "",
    duties: Sequence[str] = (),
) -> User:
    password = passwords.draw()
    user = User.objects.create_user(username, password=password, name=name)
    given = {"since": city.now.date(), "reason": "演示", "line": line, "duties": duties}
    roles.grant(user, role, territory, by=None, now=city.now, **given)  # type: ignore[arg-type]
    city.logins.append(Login(str(Role(role).label), username, password, note))
    return user
