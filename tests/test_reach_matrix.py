"""Every address × who it exists for. All things here belong to county A; the editor, the leader and county B are outsiders to them.

An address that is not in the table fails, and so does one that lets in anyone it should not, or anyone fewer.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from difflib import unified_diff
from typing import Any
from urllib.parse import quote

import pytest
from allauth.usersessions.models import UserSession
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.resolvers import RoutePattern
from django.utils import timezone
from django.utils.html import escape
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.images.tests.utils import get_test_image_file

from courses import loading
from courses.models import CoursePage, LessonPage, Requirement, Session
from exams.models import Answer, Attempt, AttemptState, Bank, Exam, Intervention, Listed, PaperItem, Picture, Question
from lms import sealing
from lms.models import AuditEntry, ImportRow, ImportRun, ImportState, Job, JobState
from mentors.models import Claim
from records import certificates, schemes
from records.models import Assessment, Round
from roster import gate, service
from roster.models import KEEPERS, Batch, Correction, Grid, PasswordSheet, PostBand, RoleGrant, SavedView, Step, User
from tests.asked import Asked, asked

__all__ = ["asked"]

pytestmark = pytest.mark.django_db

# v visitor · w the worker whose things these are · x another worker of the township · o a worker of county B · m the mentor
# t township admin · a county admin · b admin of county B · c city admin · l leader · e editor
# y system administrator · s security administrator · u auditor
PERSONAS = {
    "v": "",
    "w": "worker",
    "x": "colleague",
    "o": "outsider",
    "m": "mentor",
    "t": "township_admin",
    "a": "county_admin",
    "b": "county_b_admin",
    "c": "city_admin",
    "l": "leader",
    "e": "editor",
    "y": "system_admin",
    "s": "security_admin",
    "u": "auditor",
}
ALL, WORKERS, OFFICE = "".join(PERSONAS), "wxom", "tabceysu"
SIGNED_IN = ALL.replace("v", "")

EXISTS_FOR = {
    "home": SIGNED_IN,
    "healthz": ALL,
    "readyz": ALL,
    "display": ALL,
    "sign_in": ALL,
    "sign_in_who": SIGNED_IN,  # leads back to the sign-in page where nothing was asked
    "forgotten": ALL,
    "forgotten_code": ALL,
    "forgotten_password": ALL,
    "password": SIGNED_IN,
    "mailbox": "",  # for holders of roles, where codes go by e-mail; here they do not
    "agreement": WORKERS,
    "notice": SIGNED_IN,
    "me": SIGNED_IN,
    "looked_at": WORKERS,
    "my_data": WORKERS,
    "my_file": WORKERS,
    "correct_field": WORKERS,
    "withdraw_correction": "w",
    "media": SIGNED_IN,
    # guarding one's own account
    "account_login": ALL,
    "account_inactive": ALL,
    "account_reauthenticate": SIGNED_IN,
    "mfa_index": SIGNED_IN,
    "mfa_activate_totp": SIGNED_IN,
    "mfa_reauthenticate": SIGNED_IN,
    "mfa_deactivate_totp": SIGNED_IN,
    "mfa_view_recovery_codes": SIGNED_IN,
    "mfa_generate_recovery_codes": SIGNED_IN,
    "usersessions_list": SIGNED_IN,
    "end_other_devices": SIGNED_IN,
    "end_device": "w",
    # a city's own sign-on, which these tests have none of
    "openid_connect_login": "",
    "openid_connect_callback": "",
    "sign_on_left": "",
    "cms_account": OFFICE,
    "cms_sign_in": OFFICE,
    # the worker's own
    "my_records": WORKERS,
    "my_hours": WORKERS,
    "my_exams": WORKERS,
    "my_work": WORKERS,
    "my_assessment": WORKERS,
    "my_evidence": "w",
    "certificate": "wtac",
    "certificate_image": "wtac",
    "certificate_check": ALL,
    "exams": WORKERS,
    "exam_try_out": WORKERS,
    "exam_worker": SIGNED_IN,
    "exam_offline": SIGNED_IN,
    "exam": "w",
    "exam_ready": "w",
    "exam_clock": "w",
    "exam_again": "w",
    "exam_receipts": "w",
    "exam_picture": "w",
    "attempt": "w",
    "exam_lane": SIGNED_IN,  # knows nobody without a pass, and leads to the door
    "hand_in": "w",
    "attempt_result": "w",
    # lessons
    "catalog": SIGNED_IN,
    "course": SIGNED_IN,
    "lesson": SIGNED_IN,
    "lesson_film": SIGNED_IN,
    "study_beat": WORKERS,
    "finish_lesson": WORKERS,
    "lesson_check": WORKERS,
    # marking
    "marking": "m",
    "marking_next": "m",
    "marking_claim": "m",
    "marking_picture": "m",
    # figures
    "bulletin": "tacl",
    "bulletin_xlsx": "tacl",
    # the back office
    "workers:index": "tabc",
    "workers:index_results": "tabc",
    "workers:inspect": "tac",
    "act_on_workers": "tac",
    "batches": "tabc",
    "batch": "ac",
    "undo_batch": "ac",
    "saved_views": "tabc",
    "keep_view": "tabc",
    "rename_view": "a",
    "drop_view": "a",
    "grids:index": "tabc",
    "grids:index_results": "tabc",
    "grids:inspect": "tac",
    "roster_export": "tabc",
    "territories": "tabc",
    "territory": "tac",
    "rename_territory": "ac",
    "merge_territories": "ac",
    "split_territory": "ac",
    "split_township": "ac",
    "move_communities": "ac",
    "end_territory": "ac",
    "assign_grids": "tac",
    "renumber_grids": "ac",
    "split_grid": "ac",
    "retire_grid": "ac",
    "end_posting": "tac",
    "grid_batches": "tabc",
    "undo_grid_batch": "ac",
    "coverage": "tabc",
    "coverage_townships": "tabc",
    "coverage_xlsx": "tabc",
    "password_sheets": "tabc",
    "prepare_passwords": "tac",
    "password_sheet": "a",
    "open_passwords": "a",
    "reset_worker": "tac",
    "propose_worker": "tabc",
    "worker_step": "tac",
    "worker_take_back": "tac",
    "worker_change": "tac",
    "unmask_worker": "tac",
    "forget_worker": "c",
    "step_scan": "tac",
    "corrections": "tabc",
    "correction": "tac",
    "certificates_expiring": "tabc",
    "post_bands": "tabc",
    "post_band": "c",
    "agreement_versions": "tabc",
    "publish_agreement": "c",
    "notice_versions": "tabc",
    "publish_notice": "c",
    "role_holders": "abcs",
    "give_role": "abs",
    "new_holder": "abs",
    "end_role": "as",
    "reset_holder": "as",
    "find_account": "s",
    "account": "s",
    "job_list": "y",
    "job_again": "y",
    "imports": "tabc",
    "import_run": "ac",
    "import_confirm": "ac",
    "import_resume": "ac",
    "import_drop": "ac",
    "import_wrong": "ac",
    "import_columns": "ac",
    "import_choose": "ac",
    "import_account_for": "ac",
    "import_undo": "ac",
    "import_annotated": "ac",
    "import_report": "ac",
    "import_template": "tabc",
    "audit_log": "u",
    "audit_entry": "u",
    "audit_chain": "u",
    "audit_xlsx": "u",
    "banks:index": "ce",
    "banks:index_results": "ce",
    "banks:inspect": "ce",
    "questions:index": "ce",
    "questions:index_results": "ce",
    "questions:inspect": "ce",
    "question_picture": "ce",
    "drop_question_picture": "ce",
    "question_picture_file": "ce",
    "exam_list": "tabc",
    "new_exam": "abc",
    "exam_state": "tac",
    "edit_exam": "ac",
    "publish_exam": "ac",
    "drop_exam": "ac",
    "exam_late": "tac",
    "late_answers": "tac",
    "exam_rescue": "tabc",
    "exam_verify": "tabc",
    "exam_names": "ac",
    "drop_exam_name": "ac",
    "exam_resit": "ac",
    "exam_window": "ac",
    "exam_room": "tac",
    "exam_room_part": "tac",
    "exam_allow": "tac",
    "exam_notice": "tac",
    "exam_weigh": "tac",
    "exam_sitter": "tac",
    "exam_note": "tac",
    "exam_ask": "tac",
    "exam_decide": "tac",
    "courses_requirements": "tabc",
    "courses_require": "abc",
    "courses_withdraw": "ac",
    "courses_sessions": "tabc",
    "courses_hold": "tabc",
    "courses_session": "tac",
    "courses_attendance": "tac",
    "courses_close": "ac",
    "mentors": "tabc",
    "appoint_mentors": "abc",
    "end_mentor": "ac",
    "assessments": "tabc",
    "assessment_draft": "tabc",  # answers with the counties one may draft, which for a township is none
    "assessment_job": "a",
    "assessment_scheme": "tabc",
    "assessment_round": "tac",
    "assessment_person": "tac",
    "assessment_evidence": "tac",
    "assessment_export": "tac",
    "assessment_settle": "ac",
    "second_factors": "s",
    "reset_second_factor": "s",
}
# what Wagtail brings along stands in the lists of `roster.gate`
WAGTAILS = ("wagtail", "django")
# Wagtail's page to try out error pages with, the address that ends the session of the test itself, and the one that exists only
# between a password and its code
LEFT_OUT = {"wagtailadmin_error_test", "sign_out", "wagtailadmin_logout", "mfa_authenticate"}
SENT = {
    "import_choose": {"row": "import_row"},
    "import_account_for": {"row": "import_row"},
    "display": {},
    "prepare_passwords": {"township": "township"},
    "keep_view": {"listing": "listing", "name": "listing"},
    "courses_attendance": {"township": "township", "present": "worker"},
}


def patterns(resolver: Any, route: str = "", space: str = "") -> Iterator[tuple[str, str, URLPattern]]:
    for entry in resolver.url_patterns:
        here = route + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from patterns(entry, here, f"{space}{entry.namespace}:" if entry.namespace else space)
        else:
            yield here, f"{space}{entry.name or ''}", entry


def ours() -> dict[str, URLPattern]:
    found = {
        name: entry for _route, name, entry in patterns(get_resolver()) if not entry.lookup_str.startswith(WAGTAILS)
    }
    # redirects that stand before Wagtail's own pages are written with Django's view
    return {**found, **{name: e for _r, name, e in patterns(get_resolver()) if name in {"cms_account", "cms_sign_in"}}}


@pytest.fixture
def things(city: Any, worker: Any, mentor: Any, county_admin: User, township_admin: User, now: Any) -> dict[str, Any]:
    """One of everything, of county A; the keys are the names in the addresses."""
    hour, day = timedelta(hours=1), timedelta(days=1)
    content = {
        "material": "",
        "stem": "？",
        "options": ["甲", "乙"],
        "key": [0],
        "points": [],
        "reference": "",
        "basis": "",
    }
    picture = Picture.objects.create(
        key="p0",
        file=ContentFile(sealing.seal_bytes(b"RIFF"), "questions/0.bin"),
        width=1,
        height=1,
        touched_at=now,
    )
    content["picture"] = {"key": picture.key, "text": "图", "width": 1, "height": 1}
    case = {**content, "options": [], "key": [], "points": [{"text": "要点", "marks": "50.0"}]}
    fields: dict[str, Any] = {"territory": city.county, "minutes": 60, "sections": [], "seed": "s"}
    fields["sections"] = [{"kind": "case", "count": 1, "marks": "50.0", "subject": ""}]
    exam = Exam.objects.create(title="考", opens_at=now - hour, closes_at=now + day, published_at=now - day, **fields)
    draft = Exam.objects.create(title="稿", opens_at=now + day, closes_at=now + 2 * day, **fields)
    item = PaperItem.objects.create(exam=exam, section=0, kind="case", marks=50, content=case, picture=picture)
    times = {"started_at": now - hour / 2, "deadline": now + hour / 2}
    attempt = Attempt.objects.create(
        exam=exam, worker=worker, paper=[[item.pk, []]], state=AttemptState.SITTING, **times
    )
    past = Exam.objects.create(
        title="去年", opens_at=now - 9 * day, closes_at=now - 8 * day, published_at=now, **fields
    )
    marked = PaperItem.objects.create(exam=past, section=0, kind="case", marks=50, content=case, picture=picture)
    handed = Attempt.objects.create(
        exam=past,
        worker=worker,
        paper=[[marked.pk, []]],
        state=AttemptState.HANDED_IN,
        finished_at=now - 8 * day,
        receipt="R-1",
    )
    Answer.objects.create(attempt=handed, item=marked, value="先断电。", seq=1, saved_at=now - 8 * day, waits=True)
    by_list = Exam.objects.create(title="名单", opens_at=now + day, closes_at=now + 2 * day, by_list=True, **fields)
    listed = Listed.objects.create(exam=by_list, worker=worker)
    coming = Exam.objects.create(
        title="将考", opens_at=now + day, closes_at=now + 2 * day, published_at=now - day, **fields
    )
    waited = Attempt.objects.create(exam=coming, worker=worker, paper=[])
    often = {"kind": "practice", "tries": 2, "results_at": now - day, "published_at": now - day}
    practice = Exam.objects.create(title="练", opens_at=now - day, closes_at=now + day, **often, **fields)
    PaperItem.objects.create(exam=practice, section=0, kind="case", marks=50, content=case, picture=picture)
    practised = Attempt.objects.create(
        exam=practice, worker=worker, paper=[], state="marked", marks=0, finished_at=now, receipt="7P36-7NT7"
    )
    claim = Claim.objects.create(mentor=mentor, attempt=handed, item=marked, taken_at=now, expires_at=now + hour)
    course = loading.catalog().add_child(instance=CoursePage(title="课", slug="course", subject="case", summary="学。"))
    block = {"stem": "？", "options": ["甲", "乙"], "key": "A", "explanation": "。"}
    body = [{"type": "check", "value": block, "id": "6f9619ff-8b86-4d01-b42d-00c04fc964ff"}]
    stream = LessonPage._meta.get_field("body").stream_block.to_python(body)
    lesson = course.add_child(instance=LessonPage(title="节", slug="lesson", minutes=1, body=stream))
    film = get_document_model().objects.create(title="片", file=ContentFile(b"00", "film.mp4"))
    scheme = next(one for one in schemes.default_schemes(2025) if one.employment == worker.employment)
    held = Round.objects.create(scheme=scheme, county=city.county, data_as_of=now, state=Round.SETTLED, settled_at=now)
    draft_round = Round.objects.create(scheme=scheme, county=city.county, data_as_of=now, version=2)
    line = {"indicator": "学时", "weight": "25", "raw": "0", "how": "0", "points": "0", "records": []}
    judged = {"township": city.township, "lines": [line], "score": 60, "grade": "合格"}
    assessment = Assessment.objects.create(round=held, worker=worker, **judged)
    bank = Bank.objects.create(name="库", subject="policy")
    shown = {"options": ["甲", "乙"], "key": [0], "picture": picture, "picture_text": "图"}
    question = Question.objects.create(bank=bank, kind="single", stem="？", **shown)
    run = ImportRun.objects.create(
        kind="roster",
        file_name="名册.xlsx",
        sha256="0" * 64,
        actor=county_admin,
        place=city.county.path,
        state=ImportState.READY,
        created_at=now,
    )
    session = {"title": "训", "subject": "case", "mode": "onsite", "hours": 3, "territory": city.county}
    bulletin = f"?in={city.township.pk}"
    return {
        "exam": exam.pk,
        "attempt": attempt.pk,
        "act": "paper",
        "number": certificates.issue(worker, source="x:1", title="证", sentence="合格。", now=now).number,
        "token": worker.certificates.get().token,
        "year": 2025,
        "kind": "roster",
        "line": 0,
        "lesson": lesson.pk,
        "block": body[0]["id"],
        "document": film.pk,
        "name": film.filename,
        "slug": "course",
        "course": "course",
        "key": claim.key,
        "path": default_storage.save("images/one.png", ContentFile(b"PNG")),
        "worker": worker.pk,
        "township": city.township.pk,
        "mentor": mentor.pk,
        "assessment": assessment.pk,
        "pk": held.pk,
        "sheet": PasswordSheet.objects.create(
            township=city.township, made_by=county_admin, made_at=now, expires_at=now + day, slips=[]
        ).pk,
        "grant": township_admin.role_grants.get().pk,
        "user": township_admin.pk,
        "task": Job.objects.create(kind="records.draft", owner=county_admin, state=JobState.FAILED).pk,
        "job": Job.objects.create(
            kind="records.draft", owner=county_admin, args={"scheme": scheme.pk, "county": city.county.pk}
        ).pk,
        "requirement": Requirement.objects.create(
            course=course, territory=city.county, due_on=timezone.localdate(now), reason="要学"
        ).pk,
        "session": Session.objects.create(starts_at=now - day, ends_at=now - hour, **session).pk,
        "field": "mobile",
        "band": PostBand.objects.create(name="副职", lowest=4, highest=15).pk,
        "correction": Correction.objects.create(worker=worker, field="mobile", proposed="13907150099", asked_at=now).pk,
        "step": suspended(worker, county_admin, now).pk,
        # where one name means different things
        "lesson:": {"slug": "lesson"},
        "exam_state:": {"exam": exam.pk},
        "late_answers:": {"exam": past.pk, "attempt": handed.pk},
        "intervention": Intervention.objects.create(
            attempt=handed, measure="void", reason="代考", asked_by=User.objects.create(username="asks"), asked_at=now
        ).pk,
        "edit_exam:": {"exam": draft.pk},
        "publish_exam:": {"exam": draft.pk},
        "drop_exam:": {"exam": draft.pk},
        "exam_names:": {"exam": listed.exam_id},
        "drop_exam_name:": {"exam": listed.exam_id, "worker": worker.pk},
        "exam_resit:": {"exam": past.pk},
        "exam_ready:": {"exam": waited.exam_id},
        "exam_again:": {"attempt": practised.pk},
        "assessment_settle:": {"pk": draft_round.pk},
        "assessment_scheme:": {"pk": scheme.pk},
        "worker_step:": {"worker": worker.pk, "kind": "lend"},
        "workers:inspect:": {"pk": worker.pk},
        "grids:inspect:": {"pk": Grid.objects.filter(community__parent=city.township).order_by("pk")[0].pk},
        "banks:inspect:": {"pk": bank.pk},
        "questions:inspect:": {"pk": question.pk},
        "question": question.pk,
        "exam_picture:": {"attempt": practised.pk, "key": picture.key},
        "place": city.township.pk,
        "renumber_grids:": {"place": city.communities[0].pk},
        "split_territory:": {"place": city.communities[0].pk},
        "posting": worker.postings.get().pk,
        "undo_grid_batch:": {
            "batch": Batch.objects.create(
                kind="grids.assign", listing="grids", actor=county_admin, done={"postings": []}
            ).pk
        },
        "grid": city.grids[0].pk,
        "imports": run.pk,
        "import_row": ImportRow.objects.create(run=run, position=0, number=2, outcome="absent").pk,
        # views of lists, and acts on many
        "listing": "workers",
        "view": SavedView.objects.create(
            user=county_admin, listing="workers", name="停职的", query="state=suspended"
        ).pk,
        "batch": Batch.objects.create(
            kind="step.suspend",
            listing="workers",
            actor=county_admin,
            at=now,
            done={
                "values": {"on": "2026-09-16", "reason": "illness"},
                "people": [],
                "at": 0,
                "passed": [],
                "job": None,
            },
        ).pk,
        "device": UserSession.objects.create(user=worker.user, ip="192.0.2.1", session_key="x", user_agent="").pk,
        "entry": AuditEntry.objects.order_by("pk")[0].pk,
        "queries": {
            "bulletin": bulletin,
            "bulletin_xlsx": bulletin,
            "saved_views": "?listing=workers",
            "exam_allow": f"?id={attempt.pk}",
            "act_on_workers": f"?act=step.suspend&id={worker.pk}",
        },
    }


def suspended(worker: Any, by: User, now: Any) -> Step:
    """A step with a document, that the worker has come back from since, so that there is one to take back."""
    document = SimpleUploadedFile("文.pdf", b"%PDF-1.4 %%EOF", "application/pdf")
    today = timezone.localdate(now)
    step = service.take_step(worker, "suspend", on=today, reason="inquiry", scan=document, by=by, now=now)
    service.take_step(worker, "return", on=today, by=by, now=now)
    return step


def address(name: str, entry: URLPattern, things: dict[str, Any]) -> str:
    own = things.get(f"{name}:", {})
    if name.startswith("import_"):
        own = {"pk": things["imports"]}
    values = {param: own.get(param, things[param]) for param in entry.pattern.converters}
    return reverse(name, kwargs=values or None) + things["queries"].get(name, "")


def client_for(persona: str, request: pytest.FixtureRequest) -> Client:
    client = Client()
    if PERSONAS[persona]:
        person = request.getfixturevalue(PERSONAS[persona])
        user = person if isinstance(person, User) else getattr(person, "worker", person).user
        client.force_login(user)
    return client


def let_in(client: Client, url: str, data: dict[str, Any]) -> bool:
    """Whether the address exists for this person, by reading or else by sending; what it does is taken back."""
    with transaction.atomic():
        reply = client.get(url)
        if reply.status_code == 405:
            reply = client.post(url, data)
        b"".join(reply.streaming_content) if reply.streaming else None  # so that its file is closed
        transaction.set_rollback(True)
    assert reply.status_code < 500 or url == "/readyz", url
    # Wagtail sends those whom it refuses to its dashboard
    refused = "/cms/" if "_auth_user_id" in client.session else "/sign-in/"
    away = reply.status_code == 302 and reply["Location"].partition("?")[0] == refused
    return reply.status_code not in {403, 404} and not (away and (url != "/" or refused == "/sign-in/"))


@pytest.mark.parametrize("persona", PERSONAS)
def test_an_address_exists_for_whom_it_should(
    persona: str, things: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    client, entries = client_for(persona, request), ours()
    found = set()
    for name in EXISTS_FOR:
        data = {key: things[value] for key, value in SENT.get(name, {}).items()}
        if let_in(client, address(name, entries[name], things), data):
            found.add(name)
    should = {name for name, personas in EXISTS_FOR.items() if persona in personas}
    assert (sorted(found - should), sorted(should - found)) == ([], [])


def test_every_address_is_in_the_table() -> None:
    assert sorted(set(ours()) - LEFT_OUT - {"design"}) == sorted(EXISTS_FOR)


# --- Wagtail's own -----------------------------------------------------------------------------------------------------

# words in its addresses; each number is that of a page, a picture, a document that there is, and then one that nobody has
WORDS = {
    "app_label": "wagtailcore",
    "model_name": "page",
    "content_type_app_name": "courses",
    "app_name": "taggit",
    "content_type_model_name": "lessonpage",
    "action": "delete",
    "action_name": "publish",
    "filter_spec": "original",
    "uidb64": "MQ",
    "token": "x-y",
}
NOBODYS = 999_999_999
# those that find nothing as long as nothing is asked for
BARE = {"wagtailadmin_api:pages:find", "wagtail_bulk_action", "wagtailadmin_block_preview"}
BARE |= {f"wagtailadmin_pages:revisions_{name}" for name in ("view", "revert", "unschedule")}
Address = tuple[str, str]


@pytest.fixture
def theirs(things: dict[str, Any]) -> Any:
    """(name, address) of everything under Wagtail's own back office, with the given number, or one that there is, in its place."""
    picture = get_image_model().objects.create(title="图", file=get_test_image_file())

    def theirs(number: int | None = None) -> list[Address]:
        found = []
        for route, name, entry in patterns(get_resolver()):
            if not (route.startswith("cms/") and entry.lookup_str.startswith(WAGTAILS)):
                continue
            # the two that our own addresses stand before
            hidden = {"wagtailadmin_account", "wagtailadmin_login"}
            if not isinstance(entry.pattern, RoutePattern) or name in {"", *hidden, *LEFT_OUT, *EXISTS_FOR}:
                continue
            kind = picture if "image" in name else None
            there = kind.pk if kind else things["document"] if "doc" in name else things["lesson"]
            values = {
                param: WORDS.get(param, there if number is None else number) for param in entry.pattern.converters
            }
            if "tag_model" in name:
                values["model_name"] = "tag"
            found.append((name, reverse(name, kwargs=values or None)))
        return found

    return theirs


# to Wagtail a worker is a worker and a county's admin a county's admin, whichever it is
@pytest.mark.parametrize("persona", sorted(set(PERSONAS) - set("xob")))
def test_of_wagtail_there_is_what_ones_work_needs(persona: str, theirs: Any, request: pytest.FixtureRequest) -> None:
    """By reading and by sending, with numbers that there are: closed is the same 404 for all, and nothing breaks."""
    client, office = client_for(persona, request), persona in OFFICE
    there = gate.EVERYBODY | (gate.EDITORS if persona == "e" else frozenset())
    wrong, seen = [], set()
    for name, url in theirs():
        seen.add(name)
        opens = office and name in there
        with transaction.atomic():
            # what is open wants its own form, and is sent nothing here
            codes = {client.get(url).status_code} | (set() if opens else {client.post(url).status_code})
            transaction.set_rollback(True)
        closed = codes == ({302} if persona == "v" else {404})
        if (closed == opens and name not in BARE) or max(codes) >= 500:
            wrong.append((url, codes))
    assert wrong == []
    assert len(seen) > 140
    # a list that names what is not there would guard nothing
    assert {name for name in gate.EVERYBODY | gate.EDITORS if "/" not in name} - seen <= {
        "cms_account",
        "cms_sign_in",
        "wagtailadmin_logout",
        "wagtailadmin_pages:revisions_compare",
    }


@pytest.mark.parametrize("person", ["editor", "superuser"])
def test_acts_on_many_are_for_what_editors_have(person: str, editor: User, admin_user: User, client: Client) -> None:
    client.force_login(editor if person == "editor" else admin_user)
    for label, model, act in [
        ("roster", "user", "delete"),
        ("roster", "user", "assign_role"),
        ("auth", "group", "delete"),
    ]:
        assert client.get(f"/cms/bulk/{label}/{model}/{act}/?id=1").status_code == 404
    assert client.get("/cms/bulk/wagtailcore/page/delete/?id=1").status_code != 404


def test_an_editor_finds_no_person_in_what_is_open_to_them(
    theirs: Any, worker: Any, outsider: Any, county_admin: User, editor: User, asked: Asked
) -> None:
    """Choosers, lists, usage, history and search name pages, pictures, documents and who wrote them; nobody of the roster, no admin."""
    client = Client()
    client.force_login(editor)
    for _name, url in theirs():
        asked.begin()
        for query in ["", f"?q={worker.name[:1]}", "?user=1"]:
            if query and not asked.matters(query[1:]):
                continue
            with transaction.atomic():
                page = client.get(url + query)
                transaction.set_rollback(True)
            text = b"".join(page.streaming_content) if page.streaming else page.content
            for secret in [
                worker.name,
                worker.number,
                worker.mobile,
                outsider.name,
                county_admin.name,
                county_admin.username,
            ]:
                assert secret.encode() not in text, (url, query, secret)


def test_the_superuser_is_none_of_the_three(things: dict[str, Any], admin_user: User, city: Any, now: Any) -> None:
    """Nor by a row that somebody wrote by hand."""
    client = Client()
    for by_hand in (False, True):
        if by_hand:
            for role in KEEPERS:
                with suppress(IntegrityError), transaction.atomic():
                    RoleGrant.objects.create(user=admin_user, role=role, territory=city.territory, since="2026-01-01")
        client.force_login(admin_user)
        entries = ours()
        for name, personas in EXISTS_FOR.items():
            if set(personas) <= set("ysu"):
                data = {key: things[value] for key, value in SENT.get(name, {}).items()}
                assert not let_in(client, address(name, entries[name], things), data), name
    assert "find_account" in EXISTS_FOR


# --- unknown and out of reach ---------------------------------------------------------------------------------------------


def plain(reply: Any, url: str) -> bytes:
    """The answer without what is drawn anew for every page, and without the address that was asked for."""
    page = re.sub(rb'name="csrfmiddlewaretoken" value="[^"]*"|nonce="[^"]*"', b"", reply.content)
    return page.replace(escape(url).encode(), b"").replace(quote(url).encode(), b"")


@pytest.mark.parametrize("persona", ["x", "o", "t", "b", "e", "s"])
def test_unknown_and_out_of_reach_are_one_404(
    persona: str, things: dict[str, Any], theirs: Any, request: pytest.FixtureRequest
) -> None:
    """The same bytes and the same work, wherever an address has a number or a name in it."""
    client, entries, compared = client_for(persona, request), ours(), 0
    pairs = [
        (address(name, entry, things), address(name, entry, unknown(name, entry, things)))
        for name, entry in entries.items()
        if name in EXISTS_FOR and entry.pattern.converters
    ]
    if persona == "e":  # for everyone else all of it is closed, whatever the number
        pairs += [
            (one, other) for (_n, one), (_m, other) in zip(theirs(), theirs(NOBODYS), strict=True) if one != other
        ]
    for there, nowhere in pairs:
        found, one = worked(client, there)
        if found.status_code == 404:
            missing, other = worked(client, nowhere)
            assert missing.status_code == 404, nowhere
            same, told = plain(found, there).decode(), plain(missing, nowhere).decode()
            assert same == told, (there, *[line for line in unified_diff(same.split("\n"), told.split("\n"), n=0)][2:8])
            assert there.startswith("/cms/pages/") or abs(one - other) <= 2, (there, one, other)
            compared += 1
    assert compared > 20


def worked(client: Client, url: str) -> tuple[Any, int]:
    """The answer, by reading or else by sending, and how many queries it took; what it did is taken back."""
    asked = []
    client.cookies.pop("messages", None)  # what the answer before left to be said

    def count(execute: Any, *args: Any) -> Any:
        asked.append(args[0])
        return execute(*args)

    with transaction.atomic(), connection.execute_wrapper(count):
        reply = client.get(url)
        if reply.status_code == 405:
            asked.clear()
            reply = client.post(url)
        b"".join(reply.streaming_content) if reply.streaming else None  # so that its file is closed
        transaction.set_rollback(True)
    return reply, len(asked)


def unknown(name: str, entry: URLPattern, things: dict[str, Any]) -> dict[str, Any]:
    """The things of an address with keys that nobody has; words that choose a kind of thing stay as they are."""
    kept = {"kind", "listing", "field", "line", "year"}
    own = things.get(f"{name}:", {})
    keys = {**things, **own}
    if name.startswith("import_"):
        keys["pk"] = things["imports"]
    gone = {
        param: keys[param] if param in kept else NOBODYS if isinstance(keys[param], int) else "nobodys-own-key"
        for param in entry.pattern.converters
    }
    return {**things, f"{name}:": gone, "imports": gone.get("pk", things["imports"])}
