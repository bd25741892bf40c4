from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from io import BytesIO
from urllib.parse import quote

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from PIL import Image

from lms.models import AuditEntry
from lms.refusal import Refused
from records import certificates, drawing, faces
from records.certificates import Award
from records.models import Certificate, CertificateCounter
from roster.models import Worker

SENTENCE = "王桂兰同志于2026年9月10日参加三季度业务考试，成绩合格，特发此证。"


@pytest.fixture
def certificate(worker, now):
    return certificates.issue(worker, source="exams.attempt:1", title="三季度业务考试", sentence=SENTENCE, now=now)


def test_is_numbered_once_for_one_source(certificate, worker, colleague, now):
    again = certificates.issue(worker, source="exams.attempt:1", title="别的", sentence="别的", now=now)
    other = certificates.issue(colleague, source="exams.attempt:2", title="三季度业务考试", sentence="…", now=now)
    assert again == certificate
    assert [certificate.number, other.number] == ["咸网培〔2026〕0001号", "咸网培〔2026〕0002号"]
    assert (certificate.holder, certificate.issuer, certificate.issued_on) == (
        "王桂兰",
        "咸宁市委社会工作部",
        date(2026, 9, 16),
    )
    assert len(certificate.token) >= 20
    assert certificate.token != other.token
    assert AuditEntry.objects.filter(action="certificates.issued").count() == 2


def test_each_year_begins_at_one(certificate, worker, now):
    later = certificates.issue(worker, source="b", title="t", sentence="s", now=now + timedelta(days=200))
    assert later.number == "咸网培〔2027〕0001号"


def test_issues_many_in_order_and_only_the_new(certificate, worker, colleague, now):
    awards = [
        Award(worker.pk, "王桂兰", "exams.attempt:1", "t", "s"),
        Award(colleague.pk, "李建国", "exams.attempt:2", "t", "s"),
        Award(worker.pk, "王桂兰", "exams.attempt:3", "t", "s"),
    ]
    assert [certificates.issue_many(awards, now=now) for _ in range(2)] == [2, 0]
    assert list(Certificate.objects.order_by("pk").values_list("source", "number")) == [
        ("exams.attempt:1", "咸网培〔2026〕0001号"),
        ("exams.attempt:2", "咸网培〔2026〕0002号"),
        ("exams.attempt:3", "咸网培〔2026〕0003号"),
    ]


def test_is_revoked_with_a_reason_and_only_once(certificate, county_admin, now):
    with pytest.raises(Refused, match="请写明撤销这张证书的原因"):
        certificates.revoke(certificate, by=county_admin, reason="", now=now)
    certificates.revoke(certificate, by=county_admin, reason="成绩更正", now=now)
    certificates.revoke(certificate, by=county_admin, reason="别的原因", now=now + timedelta(days=1))
    certificate.refresh_from_db()
    assert (certificate.revoked_at, certificate.revoked_reason) == (now, "成绩更正")
    assert AuditEntry.objects.filter(action="certificates.revoked").count() == 1


def test_the_holder_sees_the_picture_drawn_once(certificate, worker, client_of, monkeypatch):
    client, address = client_of(worker.user), f"/records/certificates/{quote(certificate.number)}.png"
    first = client.get(address)
    png = b"".join(first.streaming_content)
    picture = Image.open(BytesIO(png))
    assert (first.status_code, first["Content-Type"], picture.format, picture.size, picture.mode) == (
        200,
        "image/png",
        "PNG",
        (1130, 1600),
        "P",
    )
    assert len(png) < 120_000
    monkeypatch.setattr(drawing, "certificate", lambda face: pytest.fail("drawn twice"))
    assert b"".join(client.get(address).streaming_content) == png


def test_admins_within_reach_see_it_and_nobody_else(
    certificate, worker, colleague, outsider, county_admin, county_b_admin, leader, client_of, client
):
    page = f"/records/certificates/{quote(certificate.number)}/"
    statuses = {
        "holder": client_of(worker.user).get(page).status_code,
        "county": client_of(county_admin).get(page).status_code,
        "colleague": client_of(colleague.user).get(page).status_code,
        "outsider": client_of(outsider.user).get(page).status_code,
        "county b": client_of(county_b_admin).get(page).status_code,
        "leader": client_of(leader).get(page).status_code,
        "visitor": client.get(page).status_code,
        "posted": client_of(worker.user).post(page).status_code,
        "unknown": client_of(worker.user).get("/records/certificates/没有/").status_code,
    }
    assert statuses == {
        "holder": 200,
        "county": 200,
        "colleague": 404,
        "outsider": 404,
        "county b": 404,
        "leader": 404,
        "visitor": 302,
        "posted": 405,
        "unknown": 404,
    }


def test_a_revoked_one_has_no_picture_and_says_why(certificate, worker, county_admin, client_of, now):
    certificates.revoke(certificate, by=county_admin, reason="成绩更正", now=now)
    client, number = client_of(worker.user), quote(certificate.number)
    assert client.get(f"/records/certificates/{number}.png").status_code == 404
    assert "2026年9月16日撤销。原因：成绩更正。" in client.get(f"/records/certificates/{number}/").content.decode()


def test_anyone_may_check_and_sees_no_full_name(certificate, county_admin, client, now):
    page = client.get(f"/check/{certificate.token}/")
    text = page.content.decode()
    assert page.status_code == 200
    assert all(said in text for said in ("王*兰", "三季度业务考试", "咸网培〔2026〕0001号", "2026年9月16日", "有效"))
    assert "王桂兰" not in text
    certificates.revoke(certificate, by=county_admin, reason="成绩更正", now=now)
    text = client.get(f"/check/{certificate.token}/").content.decode()
    assert "已撤销" in text
    assert "成绩更正" not in text


def test_an_unknown_code_is_told_plainly(db, client):
    page = client.get("/check/abcdefghijklmnop/")
    assert page.status_code == 404
    assert "查不到这张证书" in page.content.decode()
    assert client.post("/check/abcdefghijklmnop/").status_code == 405


def test_rare_characters_come_from_a_face_that_has_them():
    serif, sans = faces.faces()[:2]
    # 𰻝 stands outside the serif face; a name of the city's rosters may hold such a character
    assert [(face.path, text) for face, text in faces.runs("王𰻝同志")] == [
        (serif.path, "王"),
        (next(face for face in faces.faces() if face.has("𰻝")).path, "𰻝"),
        (serif.path, "同志"),
    ]
    assert not serif.has("𰻝")
    assert sans.has("网")


def test_a_character_no_face_has_is_printed_as_missing():
    assert [text for _face, text in faces.runs("王\ue000兰")] == ["王〓兰"]


def test_stops_loudly_without_a_chinese_face(monkeypatch):
    faces.faces.cache_clear()
    monkeypatch.setattr(faces, "_candidates", lambda: iter([faces.Face("/nowhere.otf")]))
    with pytest.raises(ImproperlyConfigured, match="CERTIFICATE_FONT"):
        faces.faces()
    faces.faces.cache_clear()


def test_lines_break_as_chinese_does():
    lines = faces.wrapped("甲乙丙丁，戊己庚辛2026年9月10日。", size=40, first=120, full=160)
    assert lines == ["甲乙丙", "丁，戊己", "庚辛", "2026年", "9月10日。"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_writers_never_share_a_number(worker, now):
    def write(number: int) -> str:
        try:
            mine = Worker.objects.get(pk=worker.pk)
            return certificates.issue(mine, source=f"a:{number % 10}", title="t", sentence="s", now=now).number
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(write, range(20)))
    assert sorted(set(numbers)) == [f"咸网培〔2026〕{n:04d}号" for n in range(1, 11)]
    assert CertificateCounter.objects.get(year=2026).last == 10
