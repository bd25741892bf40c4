from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from exams.day import attempts
from exams.models import Attempt, Exam
from lms.models import Job
from tests.exams.conftest import begin


def form(exam_territory, now, **changes):
    rows = [("single", "2", "10", ""), ("multiple", "1", "20", "policy")]
    data = {
        "title": "补充测试",
        "kind": "formal",
        "tries": "1",
        "layout": "one",
        "late_minutes": "10",
        "territory": exam_territory.pk,
        "employment": "",
        "opens_at": f"{timezone.localtime(now):%Y-%m-%dT%H:%M}",
        "closes_at": f"{timezone.localtime(now + timedelta(days=2)):%Y-%m-%dT%H:%M}",
        "minutes": "60",
        "pass_marks": "24",
        "results": "close",
        "results_at": "",
        "section-TOTAL_FORMS": "6",
        "section-INITIAL_FORMS": "4",
    }
    for place in range(6):
        row = rows[place] if place < len(rows) else ("", "", "", "")
        for name, value in zip(("kind", "count", "marks", "subject"), row, strict=True):
            data[f"section-{place}-{name}"] = value
    return {**data, **changes}


def test_an_exam_from_the_form_to_everyones_paper(
    bank, worker, outsider, county_admin, client_of, city, now, django_capture_on_commit_callbacks
):
    client = client_of(county_admin)
    assert client.get(reverse("new_exam")).status_code == 200
    written = client.post(reverse("new_exam"), form(city.county, now))
    exam = Exam.objects.get()
    assert written.url == reverse("publish_exam", args=[exam.pk])
    assert exam.sections == [
        {"kind": "single", "count": 2, "subject": "", "marks": "10.0"},
        {"kind": "multiple", "count": 1, "subject": "policy", "marks": "20.0"},
    ]
    page = client.get(written.url).text
    assert "发布，给 1 人发卷" in page
    assert "一、单项选择题（共2题，每题10分，共20分。每题只有一个正确答案）" in page
    assert (exam.items.count(), Attempt.objects.count()) == (0, 0)
    with django_capture_on_commit_callbacks(execute=True):
        published = client.post(written.url)
    assert published.url == reverse("exam_state", args=[exam.pk])
    assert list(Attempt.objects.values_list("worker_id", flat=True)) == [worker.pk]
    assert Job.objects.get().state == "done"
    assert client.get(reverse("edit_exam", args=[exam.pk])).url == published.url
    client.post(reverse("drop_exam", args=[exam.pk]))
    assert Exam.objects.filter(pk=exam.pk).exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"title": ""}, "请填写“考试名称”。"),
        ({"closes_at": "2020-01-01T08:00"}, "截止时间要晚于开考时间。"),
        ({"minutes": "2"}, "作答时间请填 5 到 300 分钟。"),
        ({"section-0-count": ""}, "请填题数。"),
        ({"section-0-kind": "", "section-1-kind": ""}, "试卷里还没有题，请至少填一行。"),
        ({"results": "time"}, "请填公布成绩的时间，或者在上面改选别的。"),
        ({"territory": "999999"}, "选择一个有效的选项"),
    ],
)
def test_a_wrong_form_says_what_to_do(bank, county_admin, client_of, city, now, changes, words):
    reply = client_of(county_admin).post(reverse("new_exam"), form(city.county, now, **changes))
    assert (reply.status_code, words in reply.text) == (422, True)
    assert not Exam.objects.exists()


def test_only_within_ones_own_territory(bank, county_admin, county_b_admin, client_of, city, now, make_exam):
    client = client_of(county_b_admin)
    assert client.post(reverse("new_exam"), form(city.county, now)).status_code == 422
    draft = make_exam(ready=False, territory=city.county)
    for name in ("exam_state", "edit_exam", "publish_exam"):
        assert client.get(reverse(name, args=[draft.pk])).status_code == 404
        assert client_of(county_admin).get(reverse(name, args=[draft.pk])).status_code in {200, 302}
    assert client.post(reverse("drop_exam", args=[draft.pk])).status_code == 404
    assert draft.title not in client.get(reverse("exam_list")).text


def test_what_the_banks_cannot_give_cannot_be_published(county_admin, client_of, city, make_exam):
    exam = make_exam(
        ready=False, territory=city.county, sections=[{"kind": "case", "count": 9, "marks": "10.0", "subject": ""}]
    )
    client = client_of(county_admin)
    page = client.post(reverse("publish_exam", args=[exam.pk])).text
    assert "题库里“全部科目”的案例分析题只有 2 道可用，试卷要 9 道，请先补题，或者减少题数。" in page
    exam.refresh_from_db()
    assert exam.published_at is None


def test_each_admin_sees_the_counts_of_their_own_people(
    make_exam, worker, colleague, outsider, city_admin, county_b_admin, township_admin, client_of, now
):
    exam = make_exam()
    done = attempts.hand_in(begin(exam, worker, now), now=now)
    address = reverse("exam_state", args=[exam.pk])
    assert "<b>33.3%</b>" in client_of(city_admin).get(address).text
    own = client_of(township_admin).get(address, {"receipt": done.receipt.lower()}).text
    assert ("<b>50.0%</b>" in own, "王桂兰，永安街道，2026年9月16日 10:00:00 交卷，已出分。" in own) == (True, True)
    other = client_of(county_b_admin).get(address, {"receipt": done.receipt}).text
    assert ("<b>0.0%</b>" in other, "王桂兰" in other, "咸安区" in other, "永安街道" in other) == (
        True,
        False,
        False,
        False,
    )


def test_workers_leaders_and_editors_have_no_exam_desk(make_exam, worker, leader, editor, client_of):
    exam = make_exam()
    for user in (worker.user, leader, editor):
        for name, args in (("exam_list", []), ("new_exam", []), ("exam_state", [exam.pk])):
            reply = client_of(user).get(reverse(name, args=args))
            assert reply.status_code in {302, 403, 404}


def test_the_list_of_three_costs_the_queries_of_one(
    make_exam, city_admin, worker, client_of, django_assert_max_num_queries
):
    client, costs = client_of(city_admin), []
    for more in (1, 2):
        for _ in range(more):
            make_exam()
        client.get(reverse("exam_list"))
        with django_assert_max_num_queries(20) as captured:
            client.get(reverse("exam_list"))
        costs.append(len(captured))
    assert costs[0] == costs[1]


def test_the_banks_are_read_by_editors_and_the_city(bank, editor, city_admin, worker, client_of):
    question = bank.questions.filter(kind="case").first()
    for user in (editor, city_admin):
        client = client_of(user)
        assert "发现隐患" in client.get("/cms/questions/?kind=single").text
        page = client.get(f"/cms/questions/inspect/{question.pk}/").text
        assert ("张某和李某为晒谷争吵。" in page, "先稳住双方" in page) == (True, True)
        assert "政策法规题库" in client.get("/cms/banks/").text
    assert client_of(worker.user).get("/cms/questions/").status_code in {302, 403, 404}
