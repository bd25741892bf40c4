"""A new key comes, everything is sealed anew while people work, the old key goes, and nothing is lost."""

import threading
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt, encrypt
from cryptography.fernet import Fernet, InvalidToken
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import connection

from lms import imports, keys, sealing
from lms.models import AuditEntry, ImportRow, ImportRun
from roster import scans
from roster.models import Correction, Step, Worker
from roster.models.life import private

NEW = Fernet.generate_key().decode()


@pytest.fixture
def old(settings: Any) -> str:
    return settings.PERSONAL_DATA_KEYS[0]


def say(**options: Any) -> str:
    out = StringIO()
    call_command("rotate_keys", stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def sealed(worker: Worker, county_admin: Any, now: Any) -> dict[str, Any]:
    """One of each kind of sealed thing, under the old key."""
    Worker.objects.filter(pk=worker.pk).update(id_number="421202198001011237", telephones=["07158888888"])
    Correction.objects.create(worker=worker, field="mobile", held="13907150001", proposed="13907150009", asked_at=now)
    run = ImportRun(kind="roster", file_name="名册.csv", sha256="0" * 64, actor=county_admin, samples={"a": ["王桂兰"]})
    imports.keep_file(run, "姓名\n王桂兰\n".encode())
    run.save()
    row = ImportRow.objects.create(run=run, position=0, number=2, outcome="new", cells={"facts": ["王桂兰"]})
    name = private().save("steps/2026/09/one.bin", ContentFile(sealing.seal_bytes(b"%PDF-1.4 %%EOF")))
    step = Step.objects.create(worker=worker, kind="suspend", state_after="suspended", scan=name, at=now)
    totp = Authenticator.objects.create(user=county_admin, type="totp", data={"secret": encrypt("JBSWY3DP")})
    data = {"seed": encrypt("5eed"), "used_mask": 3, "migrated_codes": [encrypt("code-1")]}
    codes = Authenticator.objects.create(user=county_admin, type="recovery_codes", data=data)
    return {"worker": worker, "run": run, "row": row, "step": step, "totp": totp, "codes": codes}


def check_all_reads(sealed: dict[str, Any]) -> None:
    for thing in sealed.values():
        thing.refresh_from_db()
    worker, run, codes = sealed["worker"], sealed["run"], sealed["codes"]
    assert (worker.id_number, worker.mobile, worker.telephones) == (
        "421202198001011237",
        "13907150001",
        ["07158888888"],
    )
    assert worker.corrections.get().proposed == "13907150009"
    assert (run.samples, imports.original(run)) == ({"a": ["王桂兰"]}, "姓名\n王桂兰\n".encode())
    assert (sealed["row"].cells, sealed["row"].plan) == ({"facts": ["王桂兰"]}, None)
    assert scans.opened(sealed["step"].scan.name) == (b"%PDF-1.4 %%EOF", "application/pdf")
    assert decrypt(sealed["totp"].data["secret"]) == "JBSWY3DP"
    assert decrypt(codes.data["seed"]) == "5eed"
    assert (codes.data["used_mask"], decrypt(codes.data["migrated_codes"][0])) == (3, "code-1")


@pytest.mark.django_db
@pytest.mark.postgres
def test_after_it_the_old_key_can_go(sealed: dict[str, Any], old: str, settings: Any):
    settings.PERSONAL_DATA_KEYS = [NEW]
    with pytest.raises(InvalidToken):
        check_all_reads(sealed)
    settings.PERSONAL_DATA_KEYS = [NEW, old]
    check_all_reads(sealed)
    with pytest.raises(CommandError, match="旧密钥不能去掉"):
        say(check=True)
    said = say()
    assert "旧密钥可以去掉" in said
    assert "roster.Worker.id_number\t封存 1\t换好 1" in said
    settings.PERSONAL_DATA_KEYS = [NEW]
    check_all_reads(sealed)
    assert "换了 0 处" in say(check=True)
    assert AuditEntry.objects.get(action="keys.rotated").detail["resealed"] >= 11


@pytest.mark.django_db
def test_looking_writes_nothing_and_a_second_run_finds_nothing(sealed: dict[str, Any], old: str, settings: Any):
    settings.PERSONAL_DATA_KEYS = [NEW, old]
    found = keys.rotate(write=False, say=lambda tally: None)
    assert sum(tally.left for tally in found) == sum(tally.sealed for tally in found) >= 11
    assert keys.rotate(write=False, say=lambda tally: None) == found
    keys.rotate(write=True, say=lambda tally: None)
    again = keys.rotate(write=True, say=lambda tally: None)
    assert (sum(tally.done for tally in again), sum(tally.left for tally in again)) == (0, 0)


@pytest.mark.django_db
def test_stopped_half_way_it_goes_on(
    sealed: dict[str, Any], old: str, settings: Any, hire: Any, city: Any, monkeypatch: Any
):
    for number in range(5):
        hire(f"K{number}", "赵一", city.township, mobile=f"1390715010{number}")
    settings.PERSONAL_DATA_KEYS = [NEW, old]
    monkeypatch.setattr(keys, "CHUNK", 2)

    def stop(tally: keys.Tally) -> None:
        if tally.place == "roster.Worker.mobile":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keys.rotate(write=True, say=stop)
    say()
    settings.PERSONAL_DATA_KEYS = [NEW]
    check_all_reads(sealed)
    assert {worker.mobile[:9] for worker in Worker.objects.filter(number__startswith="K")} == {"139071501"}


@pytest.mark.django_db
def test_what_no_key_opens_is_counted_and_left(sealed: dict[str, Any], old: str, settings: Any):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE roster_worker SET mobile = %s", [Fernet(Fernet.generate_key()).encrypt(b"1").decode()])
    settings.PERSONAL_DATA_KEYS = [NEW, old]
    assert "有 1 处哪个密钥都打不开" in say()


@pytest.mark.django_db
def test_with_one_key_there_is_nothing_to_change():
    with pytest.raises(CommandError, match="只有一个密钥"):
        say()


@pytest.mark.django_db
def test_a_text_changed_since_it_was_read_is_left_alone(worker: Worker, old: str, settings: Any):
    settings.PERSONAL_DATA_KEYS = [NEW, old]
    column = keys.Column(Worker, Worker._meta.get_field("mobile"))
    ((key, held),) = column.read(after=-1)
    Worker.objects.filter(pk=worker.pk).update(mobile="13907159999")
    tally = keys.Tally(column.name)
    column.put([(key, held, sealing.resealed(held))], tally)
    worker.refresh_from_db()
    assert (worker.mobile, tally.done) == ("13907159999", 0)


@pytest.mark.django_db
def test_a_file_whose_row_let_go_of_it_does_not_come_back(sealed: dict[str, Any], old: str, settings: Any):
    settings.PERSONAL_DATA_KEYS = [NEW, old]
    step = sealed["step"]
    Step.objects.filter(pk=step.pk).update(scan="")
    files = keys.Files(Step, Step._meta.get_field("scan"))
    files.renew(step.pk, step.scan.name, keys.Tally(""), write=True)
    assert not private().exists(step.scan.name)
    files.renew(step.pk, step.scan.name, keys.Tally(""), write=True)  # gone already: nothing to say


@pytest.mark.django_db
def test_a_file_is_replaced_in_one_step_and_stays_private(sealed: dict[str, Any], old: str, settings: Any):
    settings.PERSONAL_DATA_KEYS = [NEW, old]
    path = Path(private().path(sealed["step"].scan.name))
    say()
    assert path.stat().st_mode & 0o777 == 0o600
    assert [other.name for other in path.parent.iterdir() if other.name.endswith(".new")] == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_a_writer_at_work_loses_nothing(
    hire: Callable[..., Worker], city: Any, old: str, settings: Any, monkeypatch: Any
):
    """Numbers are changed by hand in the middle of it, some of them by a process that still knows the old key alone."""
    people = [hire(f"K{n:03}", "赵一", city.township, mobile=f"139071{n:05}") for n in range(40)]
    settings.PERSONAL_DATA_KEYS = [NEW, old]
    monkeypatch.setattr(keys, "CHUNK", 5)
    begun, wanted = threading.Event(), {}

    def write() -> None:
        begun.wait(10)
        try:
            for number, worker in enumerate(people * 2):
                mobile = f"138{number:08}"
                text = sealing.seal(mobile) if number % 3 else Fernet(old).encrypt(mobile.encode()).decode()
                with connection.cursor() as cursor:
                    cursor.execute("UPDATE roster_worker SET mobile = %s WHERE id = %s", [text, worker.pk])
                wanted[worker.pk] = mobile
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    put = keys.Column.put

    def telling(self: keys.Column, fresh: Any, tally: keys.Tally) -> None:
        begun.set()
        put(self, fresh, tally)

    monkeypatch.setattr(keys.Column, "put", telling)
    keys.rotate(write=True, say=lambda tally: None)
    writer.join()
    say()
    settings.PERSONAL_DATA_KEYS = [NEW]
    assert dict(Worker.objects.values_list("pk", "mobile")) == wanted
