"""What a worker says is wrong in their own file: seen, asked, withdrawn, decided."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from lms.models import AuditEntry
from lms.refusal import Refused
from roster import corrections, files, ladder, service
from roster.models import Correction, CorrectionState, PostBand, User, Worker, WorkerChange

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
ID = "422301197003079979"


@pytest.fixture
def ask(worker: Worker, now: Any) -> Callable[..., Correction]:
    def ask(field: str = "mobile", proposed: str = "13907150099", note: str = "换了号码") -> Correction:
        return corrections.ask(worker, field, proposed=proposed, note=note, now=now)

    return ask


# --- the worker ---------------------------------------------------------------------------------------------------------


def test_a_worker_sees_all_that_is_held_with_masked_numbers(
    worker: Worker, county_admin: User, client_of: ClientOf, now: Any
) -> None:
    files.change(worker, {"id_number": ID, "education": "大专"}, reason="补登", source="file", by=county_admin, now=now)
    service.take_step(worker, "lend", on=now.date(), note="借到县里", by=county_admin, now=now)
    page = client_of(worker.user).get("/me/file/").content.decode()
    for said in [
        "139****0001",
        "4223**********9979",
        "大专",
        "双鹤社区第1网格",
        "借调",
        "借到县里",
        "原因：补登",
        "手工更改",
    ]:
        assert said in page, said
    for hidden in [ID, "13907150001", county_admin.name]:
        assert hidden not in page
    assert 'href="/me/file/"' in client_of(worker.user).get("/me/").content.decode()


def test_a_worker_asks_and_reads_the_answer_with_its_reason(
    worker: Worker, township_admin: User, client_of: ClientOf
) -> None:
    mine, office = client_of(worker.user), client_of(township_admin)
    form = {"proposed": "139 0715 0099", "note": "换了号码"}
    assert mine.post("/me/file/mobile/correct/", form).url == "/me/file/"
    asked = Correction.objects.get()
    assert (asked.held, asked.proposed, asked.state) == ("13907150001", "13907150099", CorrectionState.WAITING)
    assert "等待处理" in mine.get("/me/file/").content.decode()
    assert "份更正申请等处理" in office.get("/cms/").content.decode()
    listed = office.get("/cms/corrections/").content.decode()
    assert "139****0001" in listed
    assert "139****0099" in listed
    assert "13907150099" not in listed
    decision = {"decision": "accept", "reason": "已打电话核对"}
    assert office.post(f"/cms/corrections/{asked.pk}/", decision).url == "/cms/corrections/"
    worker.refresh_from_db()
    assert (worker.mobile, WorkerChange.objects.get().source) == ("13907150099", f"roster.correction:{asked.pk}")
    page = mine.get("/me/file/").content.decode()
    assert "已更正" in page
    assert "管理员的理由：已打电话核对" in page
    assert "本人申请更正" in page
    assert "已打电话核对" in office.get("/cms/corrections/?show=decided").content.decode()


def test_what_is_asked_is_sealed_and_not_in_the_audit(ask: Callable[..., Correction]) -> None:
    ask()
    with connection.cursor() as cursor:
        cursor.execute("SELECT held || proposed FROM roster_correction")
        assert "1390715" not in cursor.fetchone()[0]
    assert AuditEntry.objects.get(action="correction.asked").detail == {"field": "mobile"}


@pytest.mark.parametrize(
    ("field", "sent", "errors"),
    [
        ("mobile", {"proposed": ""}, {"proposed": ["请填应该是什么。"]}),
        ("mobile", {"proposed": "139"}, {"proposed": ["手机号要填 11 位数字，只填一个。请核对后重新填。"]}),
        ("mobile", {"proposed": "13907150001"}, {"proposed": ["现在登记的就是这样，不用更正。"]}),
        (
            "id_number",
            {"proposed": ID[:-1] + "X"},
            {"proposed": ["身份证号的校验位不对，可能有一位填错了。请照证件核对。"]},
        ),
        ("name", {"proposed": "王3"}, {"proposed": ["姓名里有不该有的字符。请核对。"]}),
        ("sex", {"proposed": "x"}, {"proposed": ["选择一个有效的选项。 x 不在可用的选项中。"]}),
        ("joined_on", {"proposed": "早年"}, {"proposed": ["日期看不懂。请写成 2024年7月1日 或 2024年7月 这样。"]}),
        (
            "education",
            {"proposed": "无"},
            {"proposed": ["请填应该是什么。要去掉这一项的，请在说明里写清，并告诉乡镇（街道）管理员。"]},
        ),
    ],
)
def test_wrong_input_explains_itself(
    worker: Worker, client_of: ClientOf, field: str, sent: dict[str, str], errors: dict[str, list[str]]
) -> None:
    Worker.objects.filter(pk=worker.pk).update(education="大专")
    reply = client_of(worker.user).post(f"/me/file/{field}/correct/", sent)
    assert reply.context["form"].errors == errors
    assert Correction.objects.count() == 0


def test_one_request_waits_for_a_field_and_may_be_withdrawn(
    worker: Worker, ask: Callable[..., Correction], client_of: ClientOf
) -> None:
    first = ask()
    assert ask() == first
    with pytest.raises(Refused, match="这一项已经有一份申请在等处理"):
        ask(proposed="13907150088")
    assert ask("education", "本科") != first
    client = client_of(worker.user)
    assert "撤回申请" in client.get("/me/file/mobile/correct/").content.decode()
    for _twice in range(2):
        assert client.post(f"/me/file/corrections/{first.pk}/withdraw/").url == "/me/file/"
    first.refresh_from_db()
    assert first.state == CorrectionState.WITHDRAWN
    assert ask(proposed="13907150088").state == CorrectionState.WAITING


def test_nobody_withdraws_for_another(
    ask: Callable[..., Correction], colleague: Worker, client_of: ClientOf, worker: Worker
) -> None:
    asked = ask()
    path = f"/me/file/corrections/{asked.pk}/withdraw/"
    assert client_of(colleague.user).post(path).status_code == 404
    assert client_of(worker.user).get(path).status_code == 405
    asked.refresh_from_db()
    assert asked.state == CorrectionState.WAITING


def test_only_what_is_in_the_file_is_questioned(worker: Worker, client_of: ClientOf) -> None:
    Worker.objects.update(employment="parttime")
    client = client_of(worker.user)
    for field in ["state", "user", "id_hash", "post", "step", "nothing"]:
        assert client.get(f"/me/file/{field}/correct/").status_code == 404
    assert client.get("/me/file/education/correct/").status_code == 200


def test_a_post_is_questioned_by_its_name(worker: Worker, client_of: ClientOf, county_admin: User) -> None:
    ladder.lay()
    band = PostBand.objects.get(name="副职")
    client = client_of(worker.user)
    assert "副职（4–15 级）" in client.get("/me/file/post/correct/").content.decode()
    assert client.post("/me/file/post/correct/", {"proposed": band.pk}).url == "/me/file/"
    assert "改成“副职”" in client.get("/me/file/").content.decode()
    assert "副职" in client_of(county_admin).get("/cms/corrections/").content.decode()


def test_visitors_sign_in_and_people_who_are_no_workers_have_no_file(county_admin: User, client_of: ClientOf) -> None:
    for path in ["/me/file/", "/me/file/mobile/correct/"]:
        assert Client().get(path).url.startswith("/sign-in/")
        assert client_of(county_admin).get(path).status_code == 404


# --- the admin ----------------------------------------------------------------------------------------------------------


def test_a_request_is_refused_with_a_reason(
    worker: Worker, ask: Callable[..., Correction], county_admin: User, now: Any
) -> None:
    asked = ask()
    with pytest.raises(Refused, match="请写明理由，本人会看到。"):
        corrections.refuse(asked, reason=" ", by=county_admin, now=now)
    for _twice in range(2):
        corrections.refuse(asked, reason="号码打不通", by=county_admin, now=now)
    with pytest.raises(Refused, match="这份申请已有结果（没有采纳），不用再处理。"):
        corrections.accept(asked, reason="改", by=county_admin, now=now)
    with pytest.raises(Refused, match="已经处理过了，不能再撤回"):
        corrections.withdraw(asked, now=now)
    assert WorkerChange.objects.count() == 0


def test_accepting_twice_is_once(ask: Callable[..., Correction], county_admin: User, now: Any) -> None:
    asked = ask()
    for _twice in range(2):
        corrections.accept(asked, reason="核对", by=county_admin, now=now)
    assert WorkerChange.objects.count() == 1


def test_what_changed_since_it_was_asked_is_looked_at_again(
    worker: Worker, ask: Callable[..., Correction], county_admin: User, now: Any
) -> None:
    asked = ask()
    files.change(worker, {"mobile": "13907150077"}, reason="改", source="file", by=county_admin, now=now)
    with pytest.raises(Refused, match="申请以后这一项又改过"):
        corrections.accept(asked, reason="核对", by=county_admin, now=now)
    asked.refresh_from_db()
    assert asked.state == CorrectionState.WAITING


def test_what_was_put_right_by_hand_meanwhile_is_accepted_without_another_change(
    worker: Worker, ask: Callable[..., Correction], county_admin: User, now: Any
) -> None:
    asked = ask()
    files.change(worker, {"mobile": "13907150099"}, reason="改", source="file", by=county_admin, now=now)
    corrections.accept(asked, reason="核对", by=county_admin, now=now)
    assert WorkerChange.objects.count() == 1


def test_what_does_not_fit_leaves_the_request_waiting_and_says_why(
    worker: Worker, colleague: Worker, ask: Callable[..., Correction], county_admin: User, now: Any, client_of: ClientOf
) -> None:
    files.change(colleague, {"id_number": ID}, reason="补登", source="file", by=county_admin, now=now)
    asked = ask("id_number", ID)
    reply = client_of(county_admin).post(f"/cms/corrections/{asked.pk}/", {"decision": "accept", "reason": "核对"})
    said = ["这个身份证号已登记在另一个人名下。请先核对两份档案，是谁填错了。"]
    assert reply.context["form"].non_field_errors() == said
    asked.refresh_from_db()
    assert asked.state == CorrectionState.WAITING


def test_names_and_id_numbers_are_the_countys_to_decide(
    ask: Callable[..., Correction],
    township_admin: User,
    county_admin: User,
    now: Any,
    client_of: ClientOf,
    worker: Worker,
) -> None:
    asked = ask("name", "王桂蓝")
    assert "由县级管理员核对" in client_of(worker.user).get("/me/file/id_number/correct/").content.decode()
    page = client_of(township_admin).get(f"/cms/corrections/{asked.pk}/").content.decode()
    assert "这一项由县级以上管理员处理" in page
    with pytest.raises(Refused, match="由县级以上管理员处理"):
        corrections.accept(asked, reason="核对", by=township_admin, now=now)
    corrections.accept(asked, reason="已核对身份证", by=county_admin, now=now)
    worker.refresh_from_db()
    assert (worker.name, worker.user.name) == ("王桂蓝", "王桂蓝")


@pytest.mark.parametrize(
    ("sent", "errors"),
    [
        ({"reason": "核对"}, {"decision": ["请选更正还是不采纳。"]}),
        ({"decision": "accept", "reason": ""}, {"reason": ["请写明理由，本人会看到。"]}),
    ],
)
def test_a_decision_is_whole(
    ask: Callable[..., Correction],
    county_admin: User,
    client_of: ClientOf,
    sent: dict[str, str],
    errors: dict[str, Any],
) -> None:
    asked = ask()
    assert client_of(county_admin).post(f"/cms/corrections/{asked.pk}/", sent).context["form"].errors == errors


@pytest.mark.parametrize("persona", ["county_b_admin", "editor", "leader", "worker", "colleague", "outsider"])
def test_requests_are_seen_by_those_above_alone(
    ask: Callable[..., Correction], client_of: ClientOf, persona: str, request: pytest.FixtureRequest
) -> None:
    path = f"/cms/corrections/{ask().pk}/"
    person = request.getfixturevalue(persona)
    client = client_of(person if isinstance(person, User) else person.user)
    for reply in [client.get(path), client.post(path, {"decision": "accept", "reason": "改"})]:
        assert reply.status_code == 404 or (reply.status_code, reply.url) == (302, "/cms/")
    assert "王桂兰" not in client.get("/cms/corrections/").content.decode()
    assert Correction.objects.get().state == CorrectionState.WAITING


def test_the_list_asks_the_same_for_one_and_for_three(
    ask: Callable[..., Correction], colleague: Worker, county_admin: User, client_of: ClientOf, now: Any
) -> None:
    client = client_of(county_admin)
    ask()
    client.get("/cms/corrections/")
    with CaptureQueriesContext(connection) as one:
        client.get("/cms/corrections/")
    ask("education", "本科")
    corrections.ask(colleague, "mobile", proposed="13907150098", note="", now=now)
    with CaptureQueriesContext(connection) as three:
        client.get("/cms/corrections/")
    assert len(one) == len(three) < 20


def test_the_workers_own_page_asks_the_same_for_one_and_for_three(
    ask: Callable[..., Correction], worker: Worker, client_of: ClientOf
) -> None:
    client = client_of(worker.user)
    ask()
    client.get("/me/file/")
    with CaptureQueriesContext(connection) as one:
        client.get("/me/file/")
    ask("education", "本科")
    ask("position", "网格长")
    with CaptureQueriesContext(connection) as three:
        client.get("/me/file/")
    assert len(one) == len(three) < 20
