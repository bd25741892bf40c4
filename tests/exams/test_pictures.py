"""The picture of a question: what may be sent, what a paper keeps, and who sees it when."""

import io
import re
from datetime import timedelta

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse
from PIL import Image

from exams import keeping
from exams.before import papers, pictures
from exams.day import attempts, lane, pressure
from exams.models import PaperItem, Picture, Question
from lms import retention, sealing
from lms.models import AuditEntry
from lms.refusal import Refused
from mentors.models import Claim
from roster.models import User
from tests.exams.conftest import CASE, SECTIONS, begin, drawn, enter, give_picture
from tests.exams.conftest import lane as road
from tests.lms.test_uploads import HTML, SVG, endless_gif, moving, with_place

TEXT = "楼道里停着两辆电动自行车"
A_MONTH = timedelta(days=31)


@pytest.fixture
def question(bank):
    return bank.questions.filter(kind="single").first()


@pytest.fixture
def office(client_of, city_admin):
    return client_of(city_admin)


def send(client, question, data=None, text=TEXT, name="现场.jpg"):
    sent = {"text": text} | ({} if data is None else {"file": SimpleUploadedFile(name, data)})
    return client.post(reverse("question_picture", args=[question.pk]), sent)


def content(picture):
    with picture.file.open() as file:
        return sealing.unseal_bytes(file.read())


# --- what may be sent


@pytest.mark.postgres
def test_a_photograph_is_kept_light_sealed_and_without_its_place(office, question, now):
    assert send(office, question, with_place() + HTML).status_code == 302
    question.refresh_from_db()
    kept = question.picture
    assert (kept.width, kept.height, question.picture_text) == (48, 64, TEXT)
    with kept.file.open() as file:
        assert not file.read().startswith(b"RIFF")
    data = content(kept)
    assert data.startswith(b"RIFF")
    assert not [word for word in (b"EXIF", b"Exif", b"Phone X", b"hidden words", b"<script") if word in data]
    assert re.fullmatch(r"questions/p[0-9a-f]{31}\w*\.bin", kept.file.name)
    entry = AuditEntry.objects.get(action="question.pictured")
    assert (entry.subject, entry.detail) == (f"exams.question:{question.pk}", {})


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (HTML, "不是能用的图片"),
        (SVG, "不是能用的图片"),
        (endless_gif(1000), "不是能用的图片"),
        (b"\x00\x00\x00\x18ftypheic", "不是能用的图片"),
        (drawn()[:300], "不是能用的图片"),
        (b"", "不是能用的图片"),
        (moving("PNG"), "会动的图片不能用"),
        (b"\xff" * (pictures.LARGEST + 1), "最大 8 MB"),
        (None, "还没有图片"),
    ],
    ids=["html", "svg", "gif", "heic", "cut", "empty", "moving", "large", "none"],
)
def test_what_is_no_picture_is_refused_in_a_sentence(office, question, data, sentence):
    reply = send(office, question, data)
    assert reply.status_code == 422
    assert sentence in reply.text
    assert not Picture.objects.exists()


def test_a_name_decides_nothing(office, question):
    """A picture under a false name is a picture; the name is thrown away."""
    assert send(office, question, drawn("PNG"), name="../../图.html").status_code == 302
    assert send(office, question, HTML, name="图.png").status_code == 422


@pytest.mark.parametrize(
    ("text", "sentence"),
    [(" ", "请写替代文字"), ("长" * 201, "最多 200 字"), ("有人正在登记上报情况", "写出了正确答案“登记上报”")],
)
def test_the_description_is_there_and_gives_nothing_away(office, question, text, sentence):
    reply = send(office, question, drawn(), text=text)
    assert sentence in reply.text
    assert not Picture.objects.exists()


def test_what_shows_right_and_wrong_options_alike_may_be_described(question, now):
    assert give_picture(question, now, text="两个窗口：登记上报、转给邻居").picture


def test_no_picture_without_its_description(question, now):
    give_picture(question, now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Question.objects.filter(pk=question.pk).update(picture_text="")


def test_words_alone_are_changed_and_a_picture_taken_off(office, question, now):
    first = give_picture(question, now).picture
    assert send(office, question, text="楼道里有一辆车").status_code == 302
    question.refresh_from_db()
    assert (question.picture, question.picture_text) == (first, "楼道里有一辆车")
    office.post(reverse("drop_question_picture", args=[question.pk]))
    question.refresh_from_db()
    assert (question.picture, question.picture_text) == (None, "")
    assert AuditEntry.objects.filter(action="question.picture_dropped").count() == 1


def test_the_same_picture_is_kept_once(bank, now):
    one, two = (give_picture(each, now) for each in bank.questions.filter(kind="truefalse")[:2])
    assert one.picture == two.picture


# --- what a paper keeps


@pytest.mark.postgres
def test_a_paper_keeps_what_it_was_published_with(make_exam, question, bank, now):
    bank.questions.filter(kind="single").exclude(pk__in=[question.pk, question.pk + 1]).delete()
    first = give_picture(question, now).picture
    exam = make_exam()
    item = exam.items.get(question=question)
    other = give_picture(question, now, drawn(colour="red"), text="另一张").picture
    assert other.file.name != first.file.name
    item.refresh_from_db()
    assert item.picture == first
    assert item.content["picture"] == {"key": first.key, "text": TEXT, "width": 640, "height": 480}
    # also long after, while what no paper kept is cleared away
    dropped = give_picture(question, now, drawn(colour="blue"), text="没有用过").picture
    give_picture(question, now, drawn(colour="red"), text="另一张")
    retention.run(now=now + A_MONTH)
    assert set(Picture.objects.all()) == {first, other}
    assert content(first)
    assert dropped.key not in {one.key for one in Picture.objects.all()}


@pytest.mark.postgres
def test_what_was_let_go_goes_after_a_month_with_its_file(question, now, django_capture_on_commit_callbacks):
    name = give_picture(question, now).picture.file.name
    later = now + A_MONTH
    assert not keeping.old_pictures(later).exists()
    pictures.drop(question, by=User.objects.get(username="banker"), now=later)
    assert not keeping.old_pictures(later).exists()
    with django_capture_on_commit_callbacks(execute=True):
        retention.run(now=later + A_MONTH)
    assert not Picture.objects.exists()
    assert not storages["private"].exists(name)


def test_a_resit_asks_with_the_picture_too(pictured, make_exam, now):
    kept = {item.question_id: item.content["picture"]["key"] for item in make_exam().items.filter(kind="truefalse")}
    again = {
        item.question_id: item.content["picture"]["key"] for item in make_exam(seed="7").items.exclude(picture=None)
    }
    known = dict(Question.objects.exclude(picture=None).values_list("pk", "picture__key"))
    assert {**kept, **again}.items() <= known.items()


def test_publishing_reads_all_pictures_at_once(pictured, make_exam, now, django_assert_max_num_queries):
    draft = make_exam(ready=False, sections=[*SECTIONS, CASE])
    with django_assert_max_num_queries(45):
        papers.publish(draft, by=None, now=now)


# --- who sees it


@pytest.fixture
def sat(pictured, make_exam, worker, client_of, now):
    """The client of who sits, their attempt, and the address of a picture on their paper."""
    attempt = begin(make_exam(), worker, now)
    client = enter(client_of(worker.user), attempt)
    key = attempt.exam.items.get(kind="truefalse").picture.key
    return client, attempt, f"{road(attempt, 'picture')}?key={key}"


def test_who_sits_sees_it_for_as_long_as_they_sit(sat, now):
    client, attempt, address = sat
    page = client.get(road(attempt, "paper")).text
    assert address.rpartition("/")[2] in page
    assert f'alt="{TEXT}"' in page
    reply = client.get(address)
    assert (reply.status_code, reply["Content-Type"], reply.content[:4]) == (200, "image/webp", b"RIFF")
    left = int((attempt.deadline - now).total_seconds())
    assert reply["Cache-Control"] == f"private, max-age={left}, immutable"
    assert "sandbox" in reply["Content-Security-Policy"]
    with Image.open(io.BytesIO(reply.content)) as picture:
        assert picture.width == int(re.search(r'width="(\d+)" height="480"', page)[1])


def test_no_exam_without_pictures_loads_anything_for_them(sitting, worker, client_of):
    page = enter(client_of(worker.user), sitting).get(road(sitting, "paper")).text
    assert "picture" not in page
    assert "zoom" not in page


def test_the_lane_says_once_how_long_it_is_kept():
    reply = lane.Reply(200, b"x", pictures.KIND, (("Cache-Control", "private, max-age=5, immutable"),))
    assert [value for name, value in lane.headers(reply) if name == "Cache-Control"] == [
        "private, max-age=5, immutable"
    ]
    assert ("Cache-Control", "no-store") in lane.headers(lane.Reply(200))
    assert ("X-Content-Type-Options", "nosniff") in lane.headers(reply)


def test_before_the_start_after_the_end_and_elsewhere_there_is_none(sat, make_exam, worker, colleague, client_of, now):
    client, attempt, address = sat
    key = address.rpartition("=")[2]
    # an exam that this person has a pass to and has not begun
    coming = make_exam(seed="7")
    client.get(reverse("exam", args=[coming.pk]))
    waiting = worker.attempts.get(exam=coming)
    other = coming.items.get(kind="truefalse").picture.key
    assert client.get(f"{road(waiting, 'picture')}?key={other}").status_code == 404
    # a key that is no key, a picture of a question that is not on this paper, another's attempt
    foreign = Picture.objects.exclude(items__exam=attempt.exam).first().key
    for wrong in ("", "1", key[:-1], "../" * 3, foreign):
        assert client.get(f"{road(attempt, 'picture')}?key={wrong}").status_code == 404
    assert client_of(colleague.user).get(address).status_code == 303
    # another device has taken the paper over
    attempts.take_over(attempt, device="x" * 22, now=now)
    assert client.get(address).status_code == 404
    enter(client, attempt)


def test_after_the_hand_in_it_waits_for_the_result(sat, colleague, client_of, now):
    client, attempt, address = sat
    key = address.rpartition("=")[2]
    result = reverse("exam_picture", args=[attempt.pk, key])
    assert client.get(result).status_code == 404
    attempts.hand_in(attempt, now=now)
    assert client.get(address).status_code == 404
    assert client.get(result).status_code == 404
    attempt.exam.results_at = now
    attempt.exam.save()
    page = client.get(reverse("attempt_result", args=[attempt.pk])).text
    assert result in page
    reply = client.get(result)
    assert (reply.status_code, reply["Cache-Control"]) == (200, "private, no-cache")
    again = client.get(result, headers={"If-None-Match": reply["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    foreign = Picture.objects.exclude(items__exam=attempt.exam).first().key
    assert client.get(reverse("exam_picture", args=[attempt.pk, foreign])).status_code == 404
    assert client_of(colleague.user).get(result, headers={"If-None-Match": reply["ETag"]}).status_code == 404


def test_at_the_deadline_it_is_over(sat, worker, now):
    client, attempt, address = sat
    type(attempt).objects.filter(pk=attempt.pk).update(deadline=now)
    assert client.get(address).status_code == 404


def test_answers_go_before_pictures(sat, monkeypatch):
    client, _attempt, address = sat
    monkeypatch.setattr(pressure, "too_many", lambda: True)
    assert client.get(address).status_code == 503


def test_a_lost_file_breaks_nothing(sat, caplog):
    client, attempt, address = sat
    picture = Picture.objects.get(key=address.rpartition("=")[2])
    picture.file.storage.delete(picture.file.name)
    pictures._opened.cache_clear()
    assert client.get(address).status_code == 404
    assert "picture_lost" in caplog.text
    assert client.get(road(attempt, "paper")).status_code == 200


def test_in_the_bank_for_who_keeps_it(question, now, client_of, city_admin, editor, county_admin, worker):
    give_picture(question, now)
    address = reverse("question_picture_file", args=[question.pk])
    page = client_of(city_admin).get(reverse("questions:inspect", args=[question.pk])).text
    assert (address in page, TEXT in page) == (True, True)
    assert client_of(editor).get(address).content[:4] == b"RIFF"
    assert client_of(county_admin).get(address).status_code == 302  # to the dashboard, as Wagtail does
    assert client_of(worker.user).get(address).status_code == 404


def test_who_marks_sees_it_with_the_answer_in_their_hands(pictured, make_exam, worker, mentor, client_of, now):
    attempt = begin(make_exam(sections=[CASE], pass_marks=24), worker, now)
    item = attempt.exam.items.get()
    claim = Claim.objects.create(
        mentor=mentor, attempt=attempt, item=item, taken_at=now, expires_at=now + timedelta(minutes=30)
    )
    address = reverse("marking_picture", args=[claim.key])
    client = client_of(mentor.worker.user)
    assert address in client.get(reverse("marking_claim", args=[claim.key])).text
    assert client.get(address).content[:4] == b"RIFF"
    assert client_of(worker.user).get(address).status_code == 404
    Claim.objects.filter(pk=claim.pk).update(key="another")
    assert client.get(address).status_code == 404
    plain = PaperItem.objects.get(pk=item.pk)
    PaperItem.objects.filter(pk=plain.pk).update(picture=None)
    assert client.get(reverse("marking_picture", args=["another"])).status_code == 404


def test_words_that_are_refused_name_their_field(question, now):
    with pytest.raises(Refused) as refusal:
        give_picture(question, now, text="")
    assert refusal.value.code == "text"
