"""An exam by list, its screen, and the button that makes a resit."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from exams.before import candidates, listed, papers
from exams.models import Attempt, Exam, Listed
from lms.models import AuditEntry
from lms.refusal import Refused
from roster.models import Worker

DAY = timedelta(days=1)


@pytest.fixture
def draft(make_exam, city, now):
    return make_exam(
        ready=False, by_list=True, territory=city.county, opens_at=now + DAY, closes_at=now + 2 * DAY, pass_marks=20
    )


def test_each_line_is_judged_with_a_sentence_and_the_others_go_in(
    draft, worker, colleague, outsider, hire, city, county_admin, now
):
    gone = hire("W0300", "刘停职", city.township)
    Worker.objects.filter(pk=gone.pk).update(state="suspended")
    lines = [f" {worker.number} ", "", worker.number, outsider.number, "张三", gone.number]
    outcome = listed.add(draft, lines, by=county_admin, now=now)
    assert (outcome.added, outcome.known) == (1, 1)
    assert outcome.problems == [
        f"第 3 行“{outsider.number}”：你管辖的名册里没有这个登录号，请核对。",
        "第 4 行“张三”：你管辖的名册里没有这个登录号，请核对。",
        "第 5 行“W0300”：刘停职现在停职，不能参加。",
    ]
    assert list(candidates.of(draft)) == [worker]
    assert AuditEntry.objects.get(action="exam.listed").detail == {"people": 1}


def test_outside_the_range_of_the_exam_or_of_its_employment(draft, outsider, worker, city_admin, now):
    Exam.objects.filter(pk=draft.pk).update(employment="parttime" if worker.employment == "fulltime" else "fulltime")
    outcome = listed.add(draft, [outsider.number, worker.number], by=city_admin, now=now)
    assert outcome.added == 0
    assert f"{outsider.name}不在“咸安区”" in outcome.problems[0]
    assert "这场考试只要" in outcome.problems[1]


def test_without_anybody_on_it_nothing_is_published(draft, worker, county_admin, now):
    assert papers.objections(draft, now=now) == ["这场考试只按名单参加，名单上还没有人，请先填名单。"]
    listed.add(draft, [worker.number], by=county_admin, now=now)
    assert papers.objections(draft, now=now) == []
    listed.remove(draft, worker, by=county_admin, now=now)
    assert papers.objections(draft, now=now) != []


def test_who_is_added_after_publication_gets_a_paper_and_nobody_is_taken_off(
    draft, worker, colleague, county_admin, client_of, now, django_capture_on_commit_callbacks
):
    client, address = client_of(county_admin), reverse("exam_names", args=[draft.pk])
    file = SimpleUploadedFile("名单.txt", f"{worker.number}\r\n".encode("gb18030"), "text/plain")
    assert client.post(address, {"file": file})["Location"] == address
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("publish_exam", args=[draft.pk]))
    assert list(Attempt.objects.values_list("worker", flat=True)) == [worker.pk]
    with django_capture_on_commit_callbacks(execute=True):
        client.post(address, {"numbers": colleague.number})
    assert Attempt.objects.filter(worker=colleague).exists()
    drop = reverse("drop_exam_name", args=[draft.pk, worker.pk])
    assert "不能移出" in client.post(drop, follow=True).text
    assert Listed.objects.count() == 2
    with pytest.raises(Refused):
        listed.add(draft, [worker.number], by=county_admin, now=now + 3 * DAY)


def test_lists_of_other_counties_do_not_exist(draft, worker, county_b_admin, county_admin, client_of):
    address = reverse("exam_names", args=[draft.pk])
    assert client_of(county_b_admin).get(address).status_code == 404
    page = client_of(county_admin).post(address, {"numbers": "<b>x</b>"})
    assert (page.status_code, "第 1 行“&lt;b&gt;x&lt;/b&gt;”" in page.text) == (422, True)
    assert "请粘贴登录号" in client_of(county_admin).post(address, {"numbers": " "}).text


def test_the_list_of_three_costs_the_queries_of_one(
    draft, worker, colleague, mentor, county_admin, client_of, now, django_assert_max_num_queries
):
    client, address, costs = client_of(county_admin), reverse("exam_names", args=[draft.pk]), []
    for numbers in ([worker.number], [colleague.number, mentor.worker.number]):
        listed.add(draft, numbers, by=county_admin, now=now)
        client.get(address)
        with django_assert_max_num_queries(20) as captured:
            client.get(address)
        costs.append(len(captured))
    assert costs[0] == costs[1]


def test_a_resit_by_a_button_and_its_own_form(make_exam, city, worker, county_admin, client_of, now):
    over = make_exam(territory=city.county, pass_marks=20)
    client = client_of(county_admin)
    assert "安排补考" not in client.get(reverse("exam_state", args=[over.pk])).text
    Exam.objects.filter(pk=over.pk).update(opens_at=now - 9 * DAY, closes_at=now - 8 * DAY)
    assert "安排补考" in client.get(reverse("exam_state", args=[over.pk])).text
    for _twice in range(2):
        made = client.post(reverse("exam_resit", args=[over.pk]))
    resit = Exam.objects.get(resit_of=over)
    assert made["Location"] == reverse("edit_exam", args=[resit.pk])
    form = client.get(made["Location"])
    assert "没有合格、缺考或者作废的人参加" in form.text
    assert not {"kind", "territory", "tries", "by_list"} & set(form.context["form"].fields)
    assert "第一次和补考，哪次好算哪次。" in form.text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"late_minutes": "61"}, "断网补传请填 0 到 60 分钟。"),
        ({"tries": "2"}, "正式考试只能考一次，请填 1。"),
        ({"kind": "practice", "tries": "21"}, "可考次数请填 1 到 20。"),
        ({"kind": "entry", "tries": "3"}, "可以考几次的准入测试，请选“交卷评完就能看”"),
        ({"kind": "resit"}, "选择一个有效的选项"),
    ],
)
def test_what_does_not_fit_the_kind_is_said(bank, county_admin, client_of, city, now, changes, words):
    from tests.exams.test_cms import form

    reply = client_of(county_admin).post(reverse("new_exam"), form(city.county, now, **changes))
    assert (reply.status_code, words in reply.text) == (422, True)


def test_a_mock_shows_results_at_once_and_asks_nothing_a_person_must_mark(bank, county_admin, client_of, city, now):
    from tests.exams.test_cms import form

    data = form(city.county, now, kind="mock", tries="5", layout="all", **{"section-1-kind": "case"})
    made = client_of(county_admin).post(reverse("new_exam"), data)
    exam = Exam.objects.get()
    assert (exam.kind, exam.tries, exam.layout, exam.results_at) == ("mock", 5, "all", exam.opens_at)
    assert "不能有案例分析题" in client_of(county_admin).get(made["Location"]).text
