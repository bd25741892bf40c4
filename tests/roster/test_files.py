"""A worker's file: changed by hand with a reason, its timeline, its page; the ladder, the agreement, certificates that run out."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image

from lms.models import AuditEntry, ImportRun, ImportState
from lms.refusal import Refused
from roster import agreements, certificates, fields, files, ground, ladder, passwords, scans, service
from roster.models import (
    Agreement,
    PostBand,
    Posting,
    Role,
    Step,
    User,
    Worker,
    WorkerChange,
    WorkerState,
    id_lookup,
    mobile_lookup,
    tail_lookup,
)
from roster.timeline import Life

pytestmark = pytest.mark.django_db
ClientOf = Callable[[User], Client]
ID = "422301197003079979"


@pytest.fixture
def change(county_admin: User, now: Any) -> Callable[..., WorkerChange | None]:
    def change(worker: Worker, seen: Any = None, by: Any = None, **new: Any) -> WorkerChange | None:
        who = {"by": by or county_admin, "now": now, "seen": seen}
        return files.change(worker, new, reason="已当面核对", source="file", **who)

    return change


@pytest.fixture
def bands() -> dict[str, PostBand]:
    ladder.lay()
    return {band.name: band for band in PostBand.objects.all()}


# --- the verb ---------------------------------------------------------------------------------------------------------


def test_a_change_keeps_what_stood_there_and_follows_to_the_account(
    change: Callable[..., Any], worker: Worker, county_admin: User
) -> None:
    made = change(worker, name="王桂蓝", mobile="13907150099", id_number=ID)
    worker.refresh_from_db()
    assert (worker.name, worker.mobile, worker.id_number) == ("王桂蓝", "13907150099", ID)
    assert worker.mobile_hash == mobile_lookup("13907150099")
    assert worker.mobile_tail_hash == tail_lookup("13907150099")
    assert worker.id_hash == id_lookup(ID)
    user = User.objects.get(pk=worker.user_id)
    assert (user.name, user.mobile_hash) == ("王桂蓝", worker.mobile_hash)
    assert made.fields == [
        ["name", "王桂兰", "王桂蓝"],
        ["mobile", "13907150001", "13907150099"],
        ["id_number", "", ID],
    ]
    assert (made.by, made.source, made.reason) == (county_admin, "file", "已当面核对")


def test_the_change_is_sealed_and_the_audit_says_only_which_fields(change: Callable[..., Any], worker: Worker) -> None:
    change(worker, mobile="13907150099")
    with connection.cursor() as cursor:
        cursor.execute("SELECT fields FROM roster_workerchange")
        assert "13907150099" not in cursor.fetchone()[0]
    entry = AuditEntry.objects.get(action="worker.changed")
    assert entry.detail == {"fields": ["mobile"]}


def test_what_differs_in_nothing_changes_nothing(change: Callable[..., Any], worker: Worker) -> None:
    assert change(worker, name="王 桂 兰", mobile="139 0715 0001", sex="female", joined_on="2022年3月1日") is None
    assert WorkerChange.objects.count() == 0


def test_what_is_left_as_it_was_shown_overwrites_nobody(change: Callable[..., Any], worker: Worker) -> None:
    seen = files.fingerprints(worker)
    change(worker, education="本科")
    made = change(worker, seen=seen, education="", position="网格长")
    worker.refresh_from_db()
    assert (worker.education, worker.position, len(made.fields)) == ("本科", "网格长", 1)


def test_a_field_changed_in_another_window_is_refused_by_name(change: Callable[..., Any], worker: Worker) -> None:
    seen = files.fingerprints(worker)
    change(worker, mobile="13907150099")
    with pytest.raises(Refused) as refusal:
        change(worker, seen=seen, mobile="13907150088")
    said = "你打开这一页以后，别人改过“手机号”（139****0099），现在是括号里的内容。请看过再改。"
    assert refusal.value.sentence == said


@pytest.mark.parametrize(
    ("name", "written", "sentence"),
    [
        ("name", "", "请填姓名。"),
        ("name", "王3", "姓名里有不该有的字符。请核对。"),
        ("id_number", "42230119700307997X", "身份证号的校验位不对，可能有一位填错了。请照证件核对。"),
        ("id_number", "4223011970030745", "身份证号不是 18 位。请照证件核对。"),
        ("mobile", "1390715", "手机号要填 11 位数字，只填一个。请核对后重新填。"),
        ("mobile", "13907150001 13907150002", "手机号要填 11 位数字，只填一个。请核对后重新填。"),
        ("employment", "", "“专兼职”不能空着，请填上。"),
        ("sex", "人", "“性别”没有这一项，请重新选。"),
        ("joined_on", "前年", "日期看不懂。请写成 2024年7月1日 或 2024年7月 这样。"),
        ("joined_on", "2031年", "上岗时间还没有到，请核对年份。"),
        ("certificate_expires_on", "2027年", "日期要写到哪一天，例如 2027年6月30日。请照证书填写。"),
        ("education", "大" * 21, "“学历”最多 20 个字，请写短一些。"),
        ("step", "十九", "级要填 1 到 18 之间的整数。请核对后重新填。"),
        ("step", "19", "级要填 1 到 18 之间的整数。请核对后重新填。"),
        ("post", "999", "没有这个岗位，请重新选。"),
    ],
)
def test_what_a_field_cannot_hold_is_explained(
    change: Callable[..., Any], worker: Worker, name: str, written: str, sentence: str
) -> None:
    with pytest.raises(Refused) as refusal:
        change(worker, **{name: written})
    assert (refusal.value.sentence, refusal.value.code) == (sentence, name)


def test_every_field_reads_back_what_it_says_of_itself(worker: Worker, bands: dict[str, PostBand]) -> None:
    worker.post, worker.step, worker.joined_precision = bands["副职"], 5, "month"
    worker.certificate_expires_on, worker.id_number = date(2027, 6, 30), ID
    worker.identity, worker.channel, worker.certificate_level = "committee", "open", "assistant"
    for name in fields.FIELDS:
        held = fields.value_of(worker, name)
        if held or name not in fields.REQUIRED:
            assert fields.read(name, fields.text_of(name, held)) == held
        assert fields.shown(name, held, files.names_of([(name, held)] if name == "post" else []))


def test_a_number_of_somebody_else_is_refused(change: Callable[..., Any], worker: Worker, colleague: Worker) -> None:
    change(colleague, id_number=ID)
    with pytest.raises(Refused, match="这个身份证号已登记在另一个人名下"):
        change(worker, id_number=ID)


def test_names_and_id_numbers_are_the_countys(
    change: Callable[..., Any], worker: Worker, township_admin: User, county_b_admin: User
) -> None:
    assert change(worker, by=township_admin, mobile="13907150099")
    with pytest.raises(Refused, match="“姓名”由县级以上管理员更改"):
        change(worker, by=township_admin, name="王桂蓝")
    with pytest.raises(Refused, match="不在你的管辖范围"):
        change(worker, by=county_b_admin, mobile="13907150098")
    with pytest.raises(Refused, match="不能改自己的档案"):
        change(worker, by=worker.user, mobile="13907150098")


def test_a_change_says_why(worker: Worker, county_admin: User, now: Any) -> None:
    with pytest.raises(Refused, match="请写明更改的原因。"):
        files.change(worker, {"position": "网格长"}, reason=" ", source="file", by=county_admin, now=now)


# --- the ladder -------------------------------------------------------------------------------------------------------


def test_a_step_lies_within_the_band_of_its_post(
    change: Callable[..., Any], worker: Worker, bands: dict[str, PostBand]
) -> None:
    change(worker, post=str(bands["副职"].pk), step="15")
    with pytest.raises(Refused, match="“副职”的级在 4 到 15 之间"):
        change(worker, step="16")
    with pytest.raises(Refused, match="定级要先定岗位"):
        change(worker, post="")
    assert change(worker, post="", step="")


def test_part_timers_have_no_post(change: Callable[..., Any], worker: Worker, bands: dict[str, PostBand]) -> None:
    change(worker, post=bands["副职"].pk)
    with pytest.raises(Refused, match="兼职网格员不定岗位和级"):
        change(worker, employment="parttime")
    change(worker, employment="parttime", post="")
    with pytest.raises(Refused, match="兼职网格员不定岗位和级"):
        change(worker, post=bands["副职"].pk)


def test_the_ground_has_the_three_known_bands_and_one_to_be_fixed_and_lays_them_once(now: Any) -> None:
    ground.lay(now=now)
    rows = list(PostBand.objects.values_list("name", "lowest", "highest", "pending"))
    assert rows == [
        ("正职（书记、主任）", 7, 18, False),
        ("副职", 4, 15, False),
        ("其他工作人员", 1, 12, False),
        ("专职工作人员（网格员）", 1, 12, True),
    ]
    assert ground.lay(now=now) == []


def test_a_band_leaves_nobody_outside(
    change: Callable[..., Any], worker: Worker, bands: dict[str, PostBand], city_admin: User, client_of: ClientOf
) -> None:
    change(worker, post=bands["副职"].pk, step=15)
    path, form = (
        f"/cms/ladder/{bands['副职'].pk}/",
        {"name": "副职", "lowest": 4, "highest": 14, "basis": "咸组〔2026〕1号"},
    )
    client = client_of(city_admin)
    errors = client.post(path, form).context["form"].non_field_errors()
    assert errors == ["有 1 人在这个岗位上定的级不在 4 到 14 之间，请先更改他们的级。"]
    assert client.post(path, {**form, "highest": 16}).url == "/cms/ladder/"
    assert PostBand.objects.get(name="副职").highest == 16
    assert AuditEntry.objects.get(action="ladder.set").detail["was"] == {"lowest": 4, "highest": 15}
    assert client.post(path, {**form, "name": "其他工作人员"}).context["form"].errors == {
        "name": ["“其他工作人员”已经有了，请改那一行，或换一个名称。"]
    }
    assert client.post(path, {**form, "lowest": 9, "highest": 8}).context["form"].errors == {
        "lowest": ["级在 1 到 18 之间，最低级不能高于最高级。"]
    }
    assert client.post("/cms/ladder/0/", {**form, "name": "委员", "pending": "on"}).url == "/cms/ladder/"
    assert PostBand.objects.get(name="委员").order == 5


def test_the_ladder_is_read_by_admins_and_set_by_the_city(
    bands: dict[str, PostBand], county_admin: User, editor: User, client_of: ClientOf, now: Any
) -> None:
    client = client_of(county_admin)
    page = client.get("/cms/ladder/").content.decode()
    assert "本地待定" in page
    assert "增加一个岗位" not in page
    # Wagtail answers a 403 with its dashboard
    assert client.get("/cms/ladder/0/").url == "/cms/"
    with pytest.raises(Refused, match="岗位等级由市级管理员定"):
        ladder.set_band(None, name="委员", lowest=1, highest=2, pending=False, basis="", by=county_admin, now=now)


# --- the page ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(county_admin: User, now: Any) -> ImportRun:
    return ImportRun.objects.create(
        kind="roster",
        file_name="咸安名册.xlsx",
        sha256="0" * 64,
        actor=county_admin,
        state=ImportState.DONE,
        created_at=now,
    )


@pytest.fixture
def lived(
    worker: Worker,
    change: Callable[..., Any],
    county_admin: User,
    township_admin: User,
    now: Any,
    run: ImportRun,
    city: Any,
) -> Worker:
    """Brought in by a list, moved, changed by hand, suspended by mistake, suspended again."""
    Posting.objects.create(
        worker=worker, grid=city.grids[1], since=date(2024, 5, 1), until=date(2025, 1, 1), import_run=run
    )
    WorkerChange.objects.create(
        worker=worker,
        at=now - timedelta(days=9),
        source=f"lms.importrun:{run.pk}",
        fields=[["mobile", "", "13907150001"], ["township_id", city.neighbour.pk, city.township.pk]],
    )
    change(worker, mobile="13907150099")
    today = timezone.localdate(now)
    step = service.take_step(worker, "suspend", on=today, reason="illness", by=township_admin, now=now)
    service.take_back(step, note="选错了人", by=township_admin, now=now)
    said = {"reason": "duty", "decided_by": "永安街道党工委", "document": "永发〔2026〕3号"}
    service.take_step(worker, "suspend", on=today, by=county_admin, now=now, **said)
    return Worker.objects.get(pk=worker.pk)


def test_the_file_tells_everything_with_where_it_came_from(
    lived: Worker, county_admin: User, client_of: ClientOf, run: ImportRun
) -> None:
    page = client_of(county_admin).get(f"/cms/workers/inspect/{lived.pk}/").content.decode()
    for said in [
        "开始负责双鹤社区第2网格",
        "不再负责双鹤社区第2网格",
        "名册导入时已在岗",
        f'<a href="/cms/imports/{run.pk}/">导入：咸安名册.xlsx</a>',
        "手工更改",
        "139****0099",
        "汀泗桥镇",
        "<del>停职</del>",
        "撤回“停职”",
        "选错了人",
        "履职不到位",
        "决定单位：永安街道党工委",
        "文号：永发〔2026〕3号",
        "保密协议第 1 版",
        "回到岗位",
        "撤回上一步",
    ]:
        assert said in page, said
    for hidden in ["13907150099", "13907150001", "重新上岗"]:
        assert hidden not in page


def test_the_file_asks_the_same_for_a_short_life_and_a_long_one(
    lived: Worker, colleague: Worker, county_admin: User, client_of: ClientOf
) -> None:
    client = client_of(county_admin)
    client.get(f"/cms/workers/inspect/{lived.pk}/")
    counts = []
    for worker in (colleague, lived):
        with CaptureQueriesContext(connection) as asked:
            client.get(f"/cms/workers/inspect/{worker.pk}/")
        counts.append(len(asked))
    # the names of places and the import that the longer one speaks of
    assert counts[1] - counts[0] <= 2, counts
    assert counts[1] < 25  # with the note that somebody read it


def test_who_may_not_open_an_import_reads_its_name_alone(lived: Worker, township_admin: User, run: ImportRun) -> None:
    sources = {event.source for event in Life.of(lived).events(reader=township_admin) if "名册" in event.source.text}
    assert {(source.text, source.run) for source in sources} == {("导入：咸安名册.xlsx", None)}
    assert not any(event.who or event.scan or event.source.run for event in Life.of(lived).events(reader=None))


def test_the_file_is_changed_on_its_page(worker: Worker, county_admin: User, client_of: ClientOf) -> None:
    client, path = client_of(county_admin), f"/cms/workers/{worker.pk}/change/"
    shown = client.get(path)
    assert "13907150001" not in shown.content.decode()
    form = {name: field.initial or "" for name, field in shown.context["form"].fields.items()}
    sent = {
        **form,
        "mobile": "13907150099",
        "channel": "agency",
        "employer": "县城发集团人力资源公司",
        "reason": "核对",
    }
    assert client.post(path, sent).url == f"/cms/workers/inspect/{worker.pk}/"
    made = WorkerChange.objects.get()
    assert [name for name, _old, _new in made.fields] == ["mobile", "channel", "employer"]
    # the same form again from the other window: it says what was shown, and nothing is overwritten
    assert client.post(path, sent).status_code == 302
    assert WorkerChange.objects.count() == 1
    stale = client.post(path, {**sent, "employer": "另一家公司"})
    assert "别人改过“用工单位”（县城发集团人力资源公司）" in stale.content.decode()


@pytest.mark.parametrize(
    ("sent", "errors"),
    [
        ({"reason": ""}, {"reason": ["请写明更改的原因。"]}),
        ({"mobile": "139"}, {"mobile": ["手机号要填 11 位数字，只填一个。请核对后重新填。"]}),
        ({"seen": "["}, {"seen": ["这一页不完整，请刷新后再填。"]}),
        ({"seen": "[]"}, {"seen": ["这一页不完整，请刷新后再填。"]}),
    ],
)
def test_the_page_says_what_is_wrong(
    worker: Worker, county_admin: User, client_of: ClientOf, sent: dict[str, str], errors: dict[str, list[str]]
) -> None:
    client, path = client_of(county_admin), f"/cms/workers/{worker.pk}/change/"
    form = {name: field.initial or "" for name, field in client.get(path).context["form"].fields.items()}
    reply = client.post(path, {**form, "reason": "核对", **sent})
    assert reply.context["form"].errors == errors
    assert WorkerChange.objects.count() == 0


def test_a_township_is_not_offered_the_countys_fields(
    worker: Worker, township_admin: User, client_of: ClientOf
) -> None:
    client, path = client_of(township_admin), f"/cms/workers/{worker.pk}/change/"
    shown = client.get(path)
    assert not {"name", "id_number"} & set(shown.context["form"].fields)
    assert "姓名、身份证号由县级以上管理员更改" in shown.content.decode()


# --- steps on their page ----------------------------------------------------------------------------------------------


def photo() -> bytes:
    out, picture = BytesIO(), Image.new("RGB", (60, 40), "white")
    place = Image.Exif()
    place[0x010E] = "hidden words"
    picture.save(out, "JPEG", exif=place)
    return out.getvalue()


def sent(worker: Worker, **more: Any) -> dict[str, Any]:
    return {"on": "2026-09-16", "reason": "resigned", "seen": 0, **more}


def test_a_step_tells_first_what_it_brings_about(worker: Worker, county_admin: User, client_of: ClientOf) -> None:
    page = client_of(county_admin).get(f"/cms/workers/{worker.pk}/step/leave/").content.decode()
    assert "双鹤社区第1网格就没有人在岗了，请尽快安排别人。" in page
    assert "账号马上停用" in page


def test_a_step_is_taken_on_its_page_with_a_scan_that_only_those_above_open(
    worker: Worker, county_admin: User, county_b_admin: User, client_of: ClientOf
) -> None:
    client, path = client_of(county_admin), f"/cms/workers/{worker.pk}/step/leave/"
    upload = SimpleUploadedFile("调令.jpg", photo(), "image/jpeg")
    assert client.post(path, sent(worker, scan=upload)).url == f"/cms/workers/inspect/{worker.pk}/"
    step = Step.objects.get()
    with scans.private().open(step.scan.name) as kept:
        assert not kept.read().startswith(b"\xff\xd8")  # sealed
    reply = client.get(f"/cms/steps/{step.pk}/scan/")
    assert reply["Content-Type"] == "image/jpeg"
    assert "no-store" in reply["Cache-Control"]
    assert b"hidden words" not in reply.content
    assert AuditEntry.objects.filter(action="scan.opened").count() == 1
    assert client_of(county_b_admin).get(f"/cms/steps/{step.pk}/scan/").status_code == 404


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"MZ\x90\x00", "只能传照片（JPG、PNG）或 PDF。请把文件另存成这两种再传。"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "只能传照片（JPG、PNG）或 PDF。请把文件另存成这两种再传。"),
        (photo()[:200], "只能传照片（JPG、PNG）或 PDF。请把文件另存成这两种再传。"),
        (b"%PDF-1.7 half", "这份 PDF 不完整，请重新扫描后再传。"),
        (b"\xff\xd8" + b"0" * scans.LARGEST, "文件太大，最大 10 MB。请拍照时选小一点，或把 PDF 拆开。"),
    ],
)
def test_what_is_no_document_is_refused_and_nothing_done(
    worker: Worker, county_admin: User, client_of: ClientOf, data: bytes, sentence: str
) -> None:
    upload = SimpleUploadedFile("调令.jpg", data, "image/jpeg")
    reply = client_of(county_admin).post(f"/cms/workers/{worker.pk}/step/leave/", sent(worker, scan=upload))
    assert reply.context["form"].errors == {"scan": [sentence]}
    assert (Step.objects.count(), Worker.objects.get(pk=worker.pk).state) == (0, WorkerState.ACTIVE)


def test_a_picture_of_billions_of_points_is_not_opened(county_admin: User, worker: Worker, client_of: ClientOf) -> None:
    out = BytesIO()
    Image.new("1", (8_000, 8_000)).save(out, "PNG")
    upload = SimpleUploadedFile("大.png", out.getvalue(), "image/png")
    reply = client_of(county_admin).post(f"/cms/workers/{worker.pk}/step/leave/", sent(worker, scan=upload))
    assert reply.context["form"].errors == {"scan": ["图片太大，请拍照时选小一点再传。"]}


def test_a_pdf_is_handed_out_to_be_kept_not_to_be_run(worker: Worker, county_admin: User, client_of: ClientOf) -> None:
    upload = SimpleUploadedFile("文.pdf", b"%PDF-1.4\n1 0 obj\n%%EOF\n", "application/pdf")
    client = client_of(county_admin)
    client.post(f"/cms/workers/{worker.pk}/step/leave/", sent(worker, scan=upload))
    reply = client.get(f"/cms/steps/{Step.objects.get().pk}/scan/")
    assert reply["Content-Disposition"].startswith("attachment")
    assert reply["Content-Type"] == "application/pdf"


@pytest.mark.parametrize(
    ("change", "errors"),
    [
        ({"on": ""}, {"on": ["请选日期。"]}),
        ({"on": "昨天"}, {"on": ["日期看不懂，请在日历上选。"]}),
        ({"reason": ""}, {"reason": ["请选一个原因。"]}),
        ({"reason": "duty"}, {"outcome": ["因为这个原因的，要选处理：更换、清退。"]}),
        ({"reason": "other"}, {"note": ["请在“说明”里写明情况。"]}),
    ],
)
def test_a_steps_page_says_what_is_wrong(
    worker: Worker, county_admin: User, client_of: ClientOf, change: dict[str, str], errors: dict[str, list[str]]
) -> None:
    reply = client_of(county_admin).post(f"/cms/workers/{worker.pk}/step/leave/", sent(worker, **change))
    assert reply.context["form"].errors == errors


def test_a_step_that_is_not_possible_leads_back_to_the_file(
    worker: Worker, county_admin: User, client_of: ClientOf
) -> None:
    client = client_of(county_admin)
    assert "现在不能办理“上岗”" in client.get(f"/cms/workers/{worker.pk}/step/start/").content.decode()
    for kind in ["propose", "take_back", "nonsense"]:
        assert client.get(f"/cms/workers/{worker.pk}/step/{kind}/").status_code == 404


def test_the_newest_step_is_taken_back_on_its_page(
    worker: Worker, county_admin: User, client_of: ClientOf, now: Any
) -> None:
    client, path = client_of(county_admin), f"/cms/workers/{worker.pk}/take-back/"
    assert client.get(path).url == f"/cms/workers/inspect/{worker.pk}/"
    step = service.take_step(worker, "leave", on=timezone.localdate(now), reason="resigned", by=county_admin, now=now)
    assert "账号会重新启用" in client.get(path).content.decode()
    assert client.post(path, {"step": step.pk, "note": ""}).context["form"].errors == {"note": ["请写明为什么撤回。"]}
    assert client.post(path, {"step": "9" * 30, "note": "错"}).status_code == 404
    assert client.post(path, {"step": step.pk, "note": "选错了人"}).url == f"/cms/workers/inspect/{worker.pk}/"
    assert Worker.objects.get(pk=worker.pk).state == WorkerState.ACTIVE


def test_someone_to_be_employed_gets_a_file(city: Any, township_admin: User, client_of: ClientOf) -> None:
    client = client_of(township_admin)
    form = {
        "name": "冯新",
        "id_number": ID,
        "township": city.township.pk,
        "employment": "fulltime",
        "identity": "community",
        "on": "2026-09-16",
    }
    assert set(
        client.post("/cms/workers/propose/", {**form, "township": city.neighbour.pk}).context["form"].errors
    ) == {"township"}
    wrong = client.post("/cms/workers/propose/", {**form, "id_number": ID[:-1] + "X"})
    assert wrong.context["form"].errors == {"id_number": ["身份证号的校验位不对，可能有一位填错了。请照证件核对。"]}
    made = client.post("/cms/workers/propose/", form)
    worker = Worker.objects.get(name="冯新")
    assert made.url == f"/cms/workers/inspect/{worker.pk}/"
    assert (worker.state, worker.identity, worker.id_hash) == ("proposed", "community", id_lookup(ID))
    twice = client.post("/cms/workers/propose/", form)
    assert "已有档案：冯新" in twice.content.decode()
    page = client.get(made.url).content.decode()
    assert "进入岗前培训" in page
    assert "撤回上一步" not in page


def test_whoever_trains_for_the_post_gets_a_first_password(worker: Worker, city: Any) -> None:
    for state, waits in [("proposed", False), ("training", True), ("active", True), ("suspended", False)]:
        Worker.objects.filter(pk=worker.pk).update(user=None, state=state)
        assert passwords.waiting(city.township).exists() == waits


@pytest.mark.parametrize("persona", ["county_b_admin", "editor", "leader", "worker", "colleague"])
def test_files_are_their_admins_alone(
    worker: Worker, client_of: ClientOf, persona: str, request: pytest.FixtureRequest
) -> None:
    person = request.getfixturevalue(persona)
    client = client_of(person if isinstance(person, User) else person.user)
    for path in ["change/", "take-back/", "step/suspend/"]:
        for reply in [client.get(f"/cms/workers/{worker.pk}/{path}"), client.post(f"/cms/workers/{worker.pk}/{path}")]:
            assert reply.status_code == 404 or (reply.status_code, reply.url) == (302, "/cms/")
    assert Step.objects.count() == 0


def test_a_step_above_ones_office_is_403_and_a_wrong_method_405(
    worker: Worker, township_admin: User, client_of: ClientOf
) -> None:
    Worker.objects.update(state=WorkerState.LEFT)
    client = client_of(township_admin)
    # Wagtail answers a 403 with its dashboard
    assert client.get(f"/cms/workers/{worker.pk}/step/rehire/").url == "/cms/"
    page = client.get(f"/cms/workers/inspect/{worker.pk}/").content.decode()
    assert "这一状态的办理不归你" in page
    for path in ["change/", "take-back/", "step/suspend/"]:
        assert client.put(f"/cms/workers/{worker.pk}/{path}").status_code == 405
    assert Client().get(f"/cms/workers/{worker.pk}/change/").url.startswith("/sign-in/")


# --- agreements and certificates --------------------------------------------------------------------------------------

TEXT = "本人在走访和上报中知悉的居民信息，只用于工作，不向无关的人说起，不拍照外传，离岗以后也一样。" * 2


def test_a_new_version_is_warned_of_published_and_signed_anew(
    city_admin: User, worker: Worker, colleague: Worker, client_of: ClientOf
) -> None:
    client, form = client_of(city_admin), {"title": "网格员保密协议", "text": TEXT}
    warning = client.post("/cms/agreements/publish/", form).content.decode()
    assert "发布以后，2 人要重新签。" in warning
    assert Agreement.objects.count() == 1
    assert client.post("/cms/agreements/publish/", {**form, "confirm": "1"}).url == "/cms/agreements/"
    assert client.post("/cms/agreements/publish/", {**form, "confirm": "1"}).url == "/cms/agreements/"
    assert list(agreements.versions().values_list("version", flat=True)) == [2, 1]
    assert client_of(worker.user).get("/me/").url == "/agreement/"
    page = client.get(f"/cms/workers/inspect/{worker.pk}/").content.decode()
    assert "还没有签" in page


def test_the_same_text_again_is_no_new_version(city_admin: User, city: Any, client_of: ClientOf) -> None:
    form = {"title": city.agreement.title, "text": city.agreement.text * 3}
    Agreement.objects.update(text=form["text"])
    reply = client_of(city_admin).post("/cms/agreements/publish/", form)
    assert reply.context["form"].errors == {"text": ["和现在的一版一字不差，没有要发布的。请先改好再发布。"]}


def test_a_version_is_whole_and_the_citys(city_admin: User, county_admin: User, client_of: ClientOf, now: Any) -> None:
    client, form = client_of(city_admin), {"title": "协议", "text": "太短", "confirm": "1"}
    reply = client.post("/cms/agreements/publish/", form)
    assert reply.context["form"].errors == {"text": ["协议太短，看起来没有写完。请把全文贴进来。"]}
    assert "发布新的一版" not in client_of(county_admin).get("/cms/agreements/").content.decode()
    assert client_of(county_admin).get("/cms/agreements/publish/").url == "/cms/"
    with pytest.raises(Refused, match="由市级管理员发布"):
        agreements.publish(title="协议", text=TEXT, by=county_admin, now=now)


@pytest.mark.parametrize(
    ("expires", "standing"),
    [
        (None, ""),
        (date(2026, 12, 16), ""),
        (date(2026, 12, 15), "soon"),
        (date(2026, 9, 16), "soon"),
        (date(2026, 9, 15), "over"),
    ],
)
def test_a_certificate_is_reminded_of_ninety_days_before(
    worker: Worker,
    colleague: Worker,
    now: Any,
    expires: date | None,
    standing: str,
    client_of: ClientOf,
    county_admin: User,
) -> None:
    worker.certificate_expires_on = expires
    worker.save()
    today = timezone.localdate(now)
    assert certificates.standing(worker, today=today) == standing
    assert list(certificates.due(Worker.objects.all(), today=today)) == ([worker] if standing else [])
    told = {"": "没有", "soon": "社工证登记快到期了", "over": "社工证登记已到期"}[standing]
    page = client_of(worker.user).get("/me/").content.decode()
    assert (told in page) == bool(standing) or not standing
    assert ("王桂兰" in client_of(county_admin).get("/cms/workers/certificates/").content.decode()) == bool(standing)
    assert ("社工证登记到期或快到期" in client_of(county_admin).get("/cms/").content.decode()) == bool(standing)


def test_the_list_of_certificates_asks_the_same_for_one_and_for_three(
    hire: Callable[..., Worker], city: Any, county_admin: User, client_of: ClientOf
) -> None:
    client = client_of(county_admin)
    hire("W000011", "某", city.township, certificate_expires_on=date(2026, 10, 1))
    client.get("/cms/workers/certificates/")
    with CaptureQueriesContext(connection) as one:
        client.get("/cms/workers/certificates/")
    for n in (12, 13):
        hire(f"W0000{n}", "某", city.neighbour, certificate_expires_on=date(2026, 10, 1))
    with CaptureQueriesContext(connection) as three:
        client.get("/cms/workers/certificates/")
    assert len(one) == len(three) < 20


def test_the_json_of_fingerprints_says_no_number(worker: Worker) -> None:
    assert "13907150001" not in json.dumps(files.fingerprints(worker))
    assert Role.CITY_ADMIN in files.KEEPERS
