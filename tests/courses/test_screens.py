import io
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image
from pytest_django import DjangoAssertNumQueries

from courses import loading, study
from courses.models import CatalogPage, CoursePage, LessonPage, LessonProgress, Requirement
from roster.models import User, Worker
from tests.conftest import SmallCity
from tests.courses.conftest import CHECK, block, text

MOST_QUERIES = 12


@pytest.fixture
def reader(client_of: Callable[[User], Client], worker: Worker) -> Client:
    """The worker's browser, which has been here before (the session knows the agreement)."""
    client = client_of(worker.user)
    client.get("/study/")
    return client


def check_of(lesson: LessonPage) -> str:
    return next(child.id for child in lesson.body if child.block_type == "check")


# --- who may read ---


ADDRESSES = ["/study/", "/study/safety/", "/study/safety/gas/"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_workers_and_the_back_office_read(
    lessons: list[LessonPage],
    reader: Client,
    editor: User,
    leader: User,
    client_of: Callable[[User], Client],
    address: str,
) -> None:
    assert reader.get(address).status_code == 200
    assert [client_of(user).get(address).status_code for user in (editor, leader)] == [200, 200]


@pytest.mark.parametrize("address", ADDRESSES)
def test_someone_without_post_or_role_finds_nothing(
    lessons: list[LessonPage], city: SmallCity, client_of: Callable[[User], Client], address: str
) -> None:
    stranger = User.objects.create(username="nobody", name="无关的人")
    assert client_of(stranger).get(address).status_code == 404


@pytest.mark.parametrize("address", [*ADDRESSES, "/learn/1/beat"])
def test_a_visitor_is_sent_to_sign_in(lessons: list[LessonPage], city: SmallCity, client: Client, address: str) -> None:
    assert client.get(address)["Location"].startswith("/sign-in/?next=")


def test_nobody_studies_before_the_agreement_is_signed(reader: Client, lesson: LessonPage, worker: Worker) -> None:
    worker.signatures.all().delete()
    fresh = Client()
    fresh.force_login(worker.user)
    assert fresh.get("/study/safety/gas/")["Location"] == "/agreement/"
    assert fresh.post(f"/learn/{lesson.pk}/beat")["Location"] == "/agreement/"


@pytest.mark.parametrize("address", ["/study/none/", "/study/none/gas/", "/study/safety/none/", "/study/a/b/c/"])
def test_unknown_addresses(lessons: list[LessonPage], reader: Client, address: str) -> None:
    assert reader.get(address).status_code == 404


@pytest.mark.parametrize(
    ("verb", "address"), [("post", "/study/"), ("post", "/study/safety/gas/"), ("get", "finish"), ("get", "beat")]
)
def test_the_wrong_method(lesson: LessonPage, reader: Client, verb: str, address: str) -> None:
    address = address if address.startswith("/") else f"/learn/{lesson.pk}/{address}"
    assert getattr(reader, verb)(address).status_code == 405


def test_drafts_are_seen_by_nobody(
    reader: Client, editor: User, client_of: Callable[[User], Client], course: CoursePage, lessons: list[LessonPage]
) -> None:
    hidden = lessons[0]
    hidden.unpublish()
    assert "上门查燃气" not in reader.get("/study/safety/").content.decode()
    for client in (reader, client_of(editor)):
        assert client.get("/study/safety/gas/").status_code == 404
    for address in ("beat", "finish", f"check/{check_of(hidden)}"):
        assert reader.post(f"/learn/{hidden.pk}/{address}").status_code == 404
    assert reader.get("/study/?q=燃气").content.decode().count("gas") == 0


def test_lessons_of_a_withdrawn_course_are_gone_with_it(reader: Client, course: CoursePage, lesson: LessonPage) -> None:
    course.unpublish()
    assert "公共安全隐患排查" not in reader.get("/study/").content.decode()
    assert reader.get("/study/safety/gas/").status_code == 404
    assert reader.post(f"/learn/{lesson.pk}/finish").status_code == 404


def test_the_back_office_reads_without_a_record(
    lesson: LessonPage, editor: User, client_of: Callable[[User], Client]
) -> None:
    client = client_of(editor)
    page = client.get(lesson.address).content.decode()
    assert "不记学时" in page
    assert "学完了" not in page
    assert client.post(f"/learn/{lesson.pk}/finish").status_code == 404
    assert not LessonProgress.objects.exists()


# --- what they see ---


def test_what_is_required_comes_first(
    reader: Client, course: CoursePage, lessons: list[LessonPage], city: SmallCity
) -> None:
    Requirement.objects.create(
        course=course, territory=city.county, due_on=date(2026, 9, 19), reason="用气高峰前人人要会查隐患"
    )
    page = reader.get("/study/").content.decode()
    assert page.index("用气高峰前人人要会查隐患") < page.index("案事例处置")
    assert "还剩 3 天" in page
    assert "开始学：第 1 课" in page


def test_courses_for_other_posts_are_open_and_say_so(
    reader: Client, course: CoursePage, lessons: list[LessonPage]
) -> None:
    CoursePage.objects.update(audience="parttime")
    assert "主要给兼职人员" in reader.get("/study/").content.decode()
    assert "你也可以学，学时照记" in reader.get("/study/safety/").content.decode()


@pytest.mark.parametrize("sought", ["软管", "燃气", "隐患排查"])
def test_the_search_finds_titles_and_words_inside(reader: Client, lessons: list[LessonPage], sought: str) -> None:
    assert "/study/safety/" in reader.get("/study/", {"q": sought}).content.decode()


def test_a_search_that_finds_nothing_says_what_to_do(reader: Client, lessons: list[LessonPage]) -> None:
    assert "换个短一点的词试试" in reader.get("/study/", {"q": "无人机"}).content.decode()
    assert reader.get("/study/", {"q": "长" * 500}).status_code == 200


def test_what_was_typed_stays_text(reader: Client, add_lesson: Callable[..., LessonPage], course: CoursePage) -> None:
    evil = "<script>alert(1)</script>"
    add_lesson(
        course,
        "坏字符",
        "evil",
        block("remember", {"title": evil, "text": evil}),
        block("quote", {"text": evil, "source": evil}),
        block("steps", {"title": evil, "items": [evil, f"**{evil}**"]}),
        block("story", {"title": evil, "text": evil}),
        block("check", {**CHECK, "stem": evil, "options": [evil, "乙"], "explanation": evil}),
    )
    for address in ("/study/safety/evil/", f"/study/?q={evil}"):
        page = reader.get(address).content.decode()
        assert evil not in page
        assert "&lt;script&gt;" in page


def test_the_page_tells_what_is_missing_before_anything_is_pressed(
    reader: Client, lesson: LessonPage, worker: Worker, now: datetime
) -> None:
    assert "还要再学约 5 分钟才能记学时，服务器已记 0 秒。" in reader.get(lesson.address).content.decode()
    LessonProgress.objects.update(seconds=240)
    assert "还要再学约 1 分钟才能记学时，服务器已记 4 分钟。" in reader.get(lesson.address).content.decode()
    LessonProgress.objects.update(seconds=300)
    assert "还要再学" not in reader.get(lesson.address).content.decode()


def test_the_place_is_kept(reader: Client, lesson: LessonPage, worker: Worker) -> None:
    reader.get(lesson.address)
    blocks = [child.id for child in lesson.body]
    reader.post(f"/learn/{lesson.pk}/beat", {"place": blocks[2]})
    assert f'href="#b-{blocks[2]}"' in reader.get(lesson.address).content.decode()
    reader.post(f"/learn/{lesson.pk}/beat", {"place": "no such block"})
    assert "data-resume" not in reader.get(lesson.address).content.decode()


# --- studying through the client ---


def test_a_beat_answers_with_what_the_server_knows(reader: Client, lesson: LessonPage, now: datetime) -> None:
    reader.get(lesson.address)
    with time_machine.travel(now + timedelta(seconds=50), tick=False):
        answer = reader.post(f"/learn/{lesson.pk}/beat", {"place": ""})
    assert answer.json() == {
        "seconds": 50,
        "shortfall": "还要再学约 5 分钟才能记学时，服务器已记 50 秒。",
        "studied": "已学 50 秒",
    }


def test_what_a_client_claims_does_not_count(reader: Client, lesson: LessonPage, worker: Worker) -> None:
    reader.get(lesson.address)
    reader.post(f"/learn/{lesson.pk}/beat", {"place": "", "seconds": "99999", "now": "2027-01-01T00:00"})
    assert LessonProgress.objects.get().seconds == 0


def test_finishing_leads_to_the_next_lesson(reader: Client, lessons: list[LessonPage], now: datetime) -> None:
    reader.get(lessons[0].address)
    with time_machine.travel(now + timedelta(minutes=6), tick=False):
        done = reader.post(f"/learn/{lessons[0].pk}/finish")
        assert done["Location"] == "/study/safety/fire/"
        assert "上一课学完了，0.25 学时已记入。" in reader.get(done["Location"]).content.decode()
        # a double press is no error and posts nothing more
        assert reader.post(f"/learn/{lessons[0].pk}/finish")["Location"] == "/study/safety/fire/"
        assert "这一课你在 2026年9月16日 学完" in reader.get(lessons[0].address).content.decode()


def test_the_last_lesson_leads_back_to_the_course(
    reader: Client, worker: Worker, course: CoursePage, lessons: list[LessonPage], now: datetime
) -> None:
    study.bring_in([study.Finish(worker.pk, row, now) for row in lessons[:2]], course=course, now=now)
    reader.get(lessons[2].address)
    with time_machine.travel(now + timedelta(minutes=6), tick=False):
        done = reader.post(f"/learn/{lessons[2].pk}/finish")
        page = reader.get(done["Location"]).content.decode()
    assert done["Location"] == "/study/safety/"
    assert "《公共安全隐患排查》学完了，0.75 学时已经记入你的档案。" in page


def test_pressing_too_early_explains_itself(reader: Client, lesson: LessonPage) -> None:
    reader.get(lesson.address)
    back = reader.post(f"/learn/{lesson.pk}/finish")
    assert back["Location"] == "/study/safety/gas/#finish"
    assert "还要再学约 5 分钟才能记学时" in reader.get(lesson.address).content.decode()


def test_a_check_question_without_script_comes_back_to_its_place(reader: Client, lesson: LessonPage) -> None:
    reader.get(lesson.address)
    block_id = check_of(lesson)
    assert "不开灯、不打火" not in reader.get(lesson.address).content.decode()
    answered = reader.post(f"/learn/{lesson.pk}/check/{block_id}", {"chosen": "A"})
    assert answered["Location"] == f"/study/safety/gas/#b-{block_id}"
    page = reader.get(lesson.address).content.decode()
    assert "再想想，应该选 B。" in page
    assert "不开灯、不打火" in page


def test_a_check_question_with_script_gets_the_question_alone(reader: Client, lesson: LessonPage) -> None:
    address = f"/learn/{lesson.pk}/check/{check_of(lesson)}"
    piece = reader.post(address, {"chosen": "B"}, headers={"X-Requested-With": "fetch"}).content.decode()
    assert piece.strip().startswith("<form")
    assert "是的，选 B。" in piece
    nothing = reader.post(address, {}, headers={"X-Requested-With": "fetch"}).content.decode()
    assert "先选一个答案，再看解析。" in nothing


@pytest.mark.parametrize("chosen", [[], ["Z"], ["D"], ["<b>"]])
def test_an_answer_that_is_no_option_is_not_kept(
    reader: Client, lesson: LessonPage, worker: Worker, chosen: list[str]
) -> None:
    reader.get(lesson.address)
    reader.post(f"/learn/{lesson.pk}/check/{check_of(lesson)}", {"chosen": chosen})
    assert LessonProgress.objects.get().checks == {}


def test_a_block_that_is_no_question(reader: Client, lesson: LessonPage) -> None:
    other = lesson.body[0].id
    assert reader.post(f"/learn/{lesson.pk}/check/{other}", {"chosen": "A"}).status_code == 404


# --- films ---


def test_a_film_is_sent_in_pieces(reader: Client, lessons: list[LessonPage]) -> None:
    film = loading.put_document("六个动作", bytes(range(256)) * 1000, "gas-check.mp4")
    address = f"/learn/film/{film.pk}/{film.filename}"
    whole = reader.get(address)
    assert (whole.status_code, whole["Accept-Ranges"], len(whole.getvalue())) == (200, "bytes", 256_000)
    piece = reader.get(address, headers={"Range": "bytes=256-511"})
    assert (piece.status_code, piece["Content-Range"]) == (206, "bytes 256-511/256000")
    assert piece.getvalue() == bytes(range(256))
    assert reader.get(address, headers={"Range": "bytes=256000-"}).status_code == 416


def test_only_films_go_through_that_door(reader: Client, lessons: list[LessonPage], client: Client) -> None:
    form = loading.put_document("登记表", b"PK", "form.xlsx")
    film = loading.put_document("片子", b"0", "film.mp4")
    assert reader.get(f"/learn/film/{form.pk}/{form.filename}").status_code == 404
    assert reader.get(f"/learn/film/{film.pk}/other.mp4").status_code == 404
    assert client.get(f"/learn/film/{film.pk}/{film.filename}").status_code == 302


# --- cost ---


def cost(reader: Client, address: str) -> int:
    reader.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert reader.get(address).status_code == 200
    return len(queries)


def test_the_pages_cost_the_same_for_one_lesson_and_for_many(
    reader: Client,
    add_course: Callable[..., CoursePage],
    add_lesson: Callable[..., LessonPage],
    city: SmallCity,
    catalog: CatalogPage,
) -> None:
    first = add_course("第一门", "first")
    add_lesson(first, "第一课", "one", text(), block("check", CHECK))
    rule = {"territory": city.county, "due_on": date(2026, 9, 30), "reason": "全县必修"}
    Requirement.objects.create(course=first, **rule)
    addresses = ["/study/", "/study/?q=第", "/study/first/", "/study/first/one/"]
    one = [cost(reader, address) for address in addresses]
    for number in range(3):
        add_lesson(first, f"第{number}课", f"l{number}")
        more = add_course(f"第{number}门", f"c{number}")
        add_lesson(more, f"第{number}课", "one")
        Requirement.objects.create(course=more, **rule)
    assert [cost(reader, address) for address in addresses] == one
    assert max(one) <= MOST_QUERIES


def test_a_lesson_with_everything_in_it(
    reader: Client,
    add_lesson: Callable[..., LessonPage],
    course: CoursePage,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    blocks = [
        loading._block("t", 0, {"kind": "flow", "title": "走法", "items": ["发现", "上报"]}),
        loading._block("t", 1, {"kind": "flow", "title": "再走", "items": ["登记", "分流"]}),
        loading._block(
            "t", 2, {"kind": "document", "title": "表", "filename": "表", "sheet": {"columns": ["日期"], "rows": []}}
        ),
        loading._block(
            "t",
            3,
            {
                "kind": "video",
                "title": "六个动作",
                "file": "gas-check.mp4",
                "poster": "gas-check.jpg",
                "captions": "gas-check.zh.vtt",
                "transcript": "先闻。",
            },
        ),
        block("check", CHECK),
    ]
    lesson = add_lesson(course, "都有", "all", *blocks)
    assert cost(reader, lesson.address) <= MOST_QUERIES
    page = reader.get(lesson.address).content.decode()
    assert page.count('loading="lazy"') == 2
    assert 'preload="none" playsinline webkit-playsinline x5-playsinline' in page
    assert re.search(r'<track kind="captions"[^>]+gas-check[^"]*\.vtt', page)


# Wagtail leaves the temporary files of new renditions to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_wide_picture_comes_in_two_sizes(
    reader: Client, add_lesson: Callable[..., LessonPage], course: CoursePage
) -> None:
    content = io.BytesIO()
    Image.new("RGB", (2400, 1600), "#246").save(content, "JPEG")
    image = loading.put_image("现场照片", content.getvalue(), "jpg")
    value = {"picture": {"image": image.pk, "decorative": False, "alt_text": "楼道堆物"}, "caption": ""}
    lesson = add_lesson(course, "照片", "photo", block("picture", value))
    page = reader.get(lesson.address).content.decode()
    assert re.search(r'srcset="[^"]+ 480w, [^"]+ 1080w"', page)
    assert 'alt="楼道堆物"' in page
    assert cost(reader, lesson.address) <= MOST_QUERIES


def test_the_first_load_is_small(reader: Client, lessons: list[LessonPage]) -> None:
    for address in ADDRESSES:
        page = reader.get(address)
        files = re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js))"', page.content.decode())
        size = len(page.content) + sum(Path(finders.find(f.removeprefix("/static/"))).stat().st_size for f in files)
        assert size < 200_000
