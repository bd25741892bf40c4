"""What a phone hands over when no network will carry it: only the server reads it, only our page can have made it, a bad one stops no other."""

import hashlib
import json
import os
import zlib
from base64 import b32encode, b64encode, urlsafe_b64decode
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from exams.claims import intake, rescue
from exams.day import attempts, rescue_keys
from exams.models import Answer, Attempt, Fate, JournalEntry
from lms.models import AuditEntry
from lms.refusal import Refused
from tests.exams.conftest import begin, item_of, save

MINUTE = timedelta(minutes=1)
PHONE = "phone-phone-phone-phon"


def sealed(content, *, deflate=True, key=None):
    """As js/exam-rescue.js writes it."""
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    point = urlsafe_b64decode((key or rescue_keys.public_key()) + "=")
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    ours = ec.generate_private_key(ec.SECP256R1())
    own = ours.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = ours.exchange(ec.ECDH(), theirs)
    secret = HKDF(algorithm=SHA256(), length=32, salt=own, info=b"answer rescue file").derive(shared)
    head, iv = b"WGX1" + bytes([deflate]) + own, os.urandom(12)
    return head + iv + AESGCM(secret).encrypt(iv, zlib.compress(text) if deflate else text, head)


def content(attempt, *rows, made=None, token=None):
    """Rows (item, seq, value, age in ms)."""
    answers = [[item.pk, seq, value, age, 0, 7] for item, seq, value, age in rows]
    made = int((made or datetime(2026, 9, 16, tzinfo=UTC)).timestamp() * 1000)
    return {"token": token or rescue_keys.token(attempt.pk, attempt.device), "made": made, "answers": answers}


def series(data, parts):
    """The texts of the QR codes."""
    text = b32encode(data).decode().rstrip("=")
    mark, length = hashlib.sha256(data).hexdigest()[:8].upper(), -(-len(text) // parts)
    return [f"WGX1/{mark}/{n + 1}/{parts}/{text[n * length : (n + 1) * length]}" for n in range(parts)]


@pytest.fixture
def sat(make_exam, worker, now):
    return begin(make_exam(late_minutes=10), worker, now, device=PHONE)


# --- reading


@pytest.mark.parametrize("deflate", [True, False])
def test_what_the_page_seals_the_server_reads(sat, now, deflate):
    single = item_of(sat, "single")
    one = rescue.opened(sealed(content(sat, (single, 3, [1], 5000), made=now), deflate=deflate))
    assert (one.attempt, one.device, one.made, one.ages) == (sat.pk, PHONE, now, {(single.pk, 3): 5000})
    assert one.pages == {7: [attempts.Given(single.pk, 3, [1])]}


def test_the_key_is_the_same_tomorrow_and_another_for_another_secret(settings):
    first = rescue_keys.public_key()
    assert (rescue_keys.public_key(), len(urlsafe_b64decode(first + "="))) == (first, 65)
    settings.LOOKUP_KEY = "another" * 6
    assert rescue_keys.public_key() != first


def test_every_bit_that_was_changed_is_noticed(sat):
    data = sealed(content(sat, (item_of(sat, "single"), 1, [1], 0)))
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1
        with pytest.raises(Refused) as refusal:
            rescue.opened(bytes(changed))
        assert refusal.value.code in {"foreign", "damaged"}


@given(st.binary(max_size=300))
def test_no_bytes_are_too_strange(noise):
    for data in (noise, b"WGX1\x01" + noise, b"WGX1\x00\x04" + noise * 3):
        with pytest.raises(Refused):
            rescue.opened(data)


def hostile(sat):
    fine = content(sat, (item_of(sat, "single"), 1, [1], 0))
    rows = fine["answers"]
    other = rescue_keys.token(sat.pk + 1, PHONE)
    return {
        "no JSON": b"{",
        "deep": b"[" * 100_000,
        "a list": b"[]",
        "no answers": {**fine, "answers": None},
        "too many": {**fine, "answers": rows * 201},
        "a row too short": {**fine, "answers": [[1, 2]]},
        "a sequence of none": {**fine, "answers": [[1, 0, [1], 0, 0, 7]]},
        "a number beyond numbers": {**fine, "answers": [[10**30, 1, [1], 0, 0, 7]]},
        "NaN": json.dumps(fine).replace("1789", "NaN", 1).encode(),
        "a year beyond years": {**fine, "made": 10**20},
        "no token": {**fine, "token": None},
        "a token of one's own": {**fine, "token": f"{sat.pk}.{PHONE}.{'A' * 24}"},
        "somebody else's attempt": {**fine, "token": f"{sat.pk + 1}." + other.partition(".")[2][:22] + "." + "B" * 24},
        "a bomb": b"0" * 60_000_000,
    }


HOSTILE = [
    "no JSON",
    "deep",
    "a list",
    "no answers",
    "too many",
    "a row too short",
    "a sequence of none",
    "a number beyond numbers",
]
HOSTILE += ["NaN", "a year beyond years", "no token", "a token of one's own", "somebody else's attempt", "a bomb"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_content_gets_a_sentence(sat, name):
    with pytest.raises(Refused) as refusal:
        rescue.opened(sealed(hostile(sat)[name]))
    assert refusal.value.code == "damaged"


def test_a_file_for_another_server_and_one_too_large(sat, settings):
    data = sealed(content(sat))
    settings.LOOKUP_KEY = "another" * 6
    for wrong in (data, b"WGX1" + bytes(rescue.LARGEST)):
        with pytest.raises(Refused):
            rescue.opened(wrong)


# --- QR codes


def test_codes_in_any_order_twice_and_with_something_between(sat):
    data = sealed(content(sat, (item_of(sat, "single"), 1, [1], 0)))
    first, second, third = series(data, 3)
    found, strange = rescue.pieced(f"{third}\n {first.lower()}\n\nhello {second} {first}")
    assert (rescue.joined(found[0]), strange) == (data, ["HELLO"])


def test_missing_codes_are_named(sat):
    parts = series(sealed(content(sat)), 5)
    (one,), _strange = rescue.pieced("\n".join([parts[0], parts[1], parts[4]]))
    with pytest.raises(Refused) as refusal:
        rescue.joined(one)
    assert refusal.value.sentence == "这一组二维码共 5 张，还差第 3、4 张，请扫好以后一起贴进来。"


def test_a_code_read_wrongly_is_noticed(sat):
    parts = series(sealed(content(sat)), 2)
    # not the last sign: some of its bits may be filling
    wrong = parts[1][:-9] + ("A" if parts[1][-9] != "A" else "B") + parts[1][-8:]
    (one,), _strange = rescue.pieced(f"{parts[0]} {wrong}")
    with pytest.raises(Refused) as refusal:
        rescue.joined(one)
    assert refusal.value.code == "damaged"


# --- bringing in


def opened(attempt, *rows, made):
    return rescue.opened(sealed(content(attempt, *rows, made=made)))


def test_in_time_it_is_saved_and_again_changes_nothing(sat, county_admin, now):
    single = item_of(sat, "single")
    one = opened(sat, (single, 1, [1], 5000), made=now)
    for _twice in range(2):
        done = intake.bring_in(one, sat, by=county_admin, now=now + MINUTE)
        assert (done.counted, done.kept, done.refused) == (1, 0, 0)
    assert (Answer.objects.get().value, JournalEntry.objects.count()) == ("[1]", 1)
    assert AuditEntry.objects.filter(action="exam.rescued", actor=county_admin).count() == 2


def test_late_it_goes_by_the_rule_of_the_exam(sat, county_admin, now):
    single, many = item_of(sat, "single"), item_of(sat, "multiple")
    save(sat, item_of(sat, "truefalse"), [0], sat.deadline - 10 * MINUTE)
    made = sat.deadline - MINUTE
    one = opened(sat, (single, 1, [1], 60_000), (many, 1, [0], 20 * 60_000), made=made)
    done = intake.bring_in(one, sat, by=county_admin, now=sat.deadline + 5 * MINUTE)
    assert (done.counted, done.kept) == (1, 1)
    assert list(JournalEntry.objects.order_by("fate").values_list("fate", flat=True)) == [
        Fate.COUNTED,
        Fate.LATE,
        Fate.LATE_COUNTED,
    ]
    assert Answer.objects.get(item=single).value == "[1]"


@pytest.mark.parametrize("ahead", [timedelta(days=-1), timedelta(days=1)])
def test_with_a_wrong_clock_in_the_phone_a_person_decides(sat, county_admin, ahead):
    one = opened(sat, (item_of(sat, "single"), 1, [1], 60_000), made=sat.deadline + ahead)
    done = intake.bring_in(one, sat, by=county_admin, now=sat.deadline + 5 * MINUTE)
    assert (done.counted, done.kept, Answer.objects.count()) == (0, 1, 0)


def test_after_the_close_a_person_decides(sat, county_admin):
    attempts.close_overdue(now=sat.deadline + 10 * MINUTE)
    one = opened(sat, (item_of(sat, "single"), 1, [1], 60_000), made=sat.deadline - MINUTE)
    done = intake.bring_in(one, Attempt.objects.get(pk=sat.pk), by=county_admin, now=sat.deadline + 11 * MINUTE)
    assert (done.counted, done.kept) == (0, 1)


def test_nobody_brings_in_their_own(sat, now):
    with pytest.raises(Refused) as refusal:
        intake.bring_in(opened(sat, made=now), sat, by=sat.worker.user, now=now)
    assert refusal.value.code == "own"


# --- the screen


def upload(name, data):
    return SimpleUploadedFile(name, data, content_type="application/octet-stream")


def test_several_at_once_and_a_bad_one_stops_no_other(sat, county_admin, county_b_admin, worker, client_of, now):
    single, address = item_of(sat, "single"), reverse("exam_rescue")
    good = sealed(content(sat, (single, 1, [1], 5000), made=now))
    again = sealed(content(sat, (item_of(sat, "multiple"), 1, [0], 5000), made=now))
    sent = {
        "backups": [
            upload("作答备份-AB.wgx", good),
            upload("照片.jpg", b"\xff\xd8\xff"),
            upload("半个.wgx", good[:90]),
        ],
        "codes": "\n".join(series(again, 3)[:2]),
    }
    client = client_of(county_admin)
    assert client.get(address).status_code == 200
    page = client.post(address, sent).text
    assert ("王桂兰" in page, "登记上报" in page, "没有作答" in page, "就是作答的那台设备" in page) == (True,) * 4
    assert ("这不是本系统的作答备份" in page, "读不出来" in page, "还差第 3 张" in page) == (True, True, True)
    assert Answer.objects.count() == 0
    brought = client.post(
        address, {"bring": "1", "sealed": [b64encode(good).decode(), "%", b64encode(again).decode()]}, follow=True
    )
    assert brought.text.count("王桂兰的备份已交进来：1 题计入或者早已保存。") == 2
    assert Answer.objects.count() == 2
    other = client_of(county_b_admin)
    for reply in (
        other.post(address, {"backups": upload("a.wgx", good)}),
        other.post(address, {"bring": "1", "sealed": b64encode(good).decode()}, follow=True),
    ):
        assert ("找不到这份备份的答卷" in reply.text, "王桂兰" in reply.text) == (True, False)
    assert client_of(worker.user).get(address).status_code == 404
    assert client.post(address, {"codes": ""}).status_code == 422


def test_answers_for_another_paper_are_not_brought_in(sat, make_exam, county_admin, client_of, now):
    strange = sealed(content(sat, (make_exam().items.first(), 1, [1], 0), made=now))
    page = client_of(county_admin).post(reverse("exam_rescue"), {"backups": upload("a.wgx", strange)}).text
    assert "备份里的题和这个人的试卷对不上，交不进去。" in page
