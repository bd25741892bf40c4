"""
Nothing is changed without a trace. Made from the table of addresses: every one that a form can be sent to is sent one that succeeds and
must leave its entry, or stands below with the reason why it leaves none. A new address without either fails.
"""

import ast
import functools
import re
from collections.abc import Callable
from fnmatch import fnmatch
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern
from wagtail.images import get_image_model
from wagtail.images.tests.utils import get_test_image_file
from wagtail.log_actions import registry
from wagtail.models import Page

from courses.models import CoursePage
from lms import audit_words, exported
from lms.models import AuditEntry
from lms.numbers import PERSONAL
from records.models import Round
from roster import accounts, second_factor, steps, unmasking
from roster.models import PasswordSheet, Step, User, Worker
from tests.conftest import PASSWORD
from tests.test_house import sources
from tests.test_reach_matrix import (  # noqa: F401
    EXISTS_FOR,
    SENT,
    address,
    client_for,
    ours,
    things,
)

pytestmark = pytest.mark.django_db
Things = dict[str, Any]

DOCUMENT = {"on": "2026-09-16", "document": "咸政办〔2026〕1号", "reason": "统一名称"}
GIVEN = {"role": "township_admin", "territory": "<township>", "duties": ["roster"], "since": "2026-09-16"}
# name of the address: who sends, what, and the action that must be noted; words in <> are ids of things
ACTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "sign_in": ("v", {"username": "county-admin", "password": PASSWORD}, "signed_in"),
    "sign_out": ("a", {}, "signed_out"),
    "password": (
        "a",
        {"old": PASSWORD, "new": "稻花香里说丰年Ab2026!", "again": "稻花香里说丰年Ab2026!"},
        "password.chosen",
    ),
    "withdraw_correction": ("w", {}, "correction.withdrawn"),
    "hand_in": ("w", {}, "exam.handed_in"),
    "marking_claim": ("m", {"points": ["0"], "remark": ""}, "exam.awarded"),
    "roster_export": ("a", {"numbers": "masked", "reason": "manage"}, "personal.exported"),
    "rename_territory": (
        "a",
        {"name": "永安新街道", "code": "421202001", "confirm": "1", **DOCUMENT},
        "territory.rename",
    ),
    "retire_grid": ("a", {"on": "2026-09-16", "confirm": "1"}, "grids.retire"),
    "end_posting": ("a", {"on": "2026-09-16", "confirm": "1"}, "grids.unassign"),
    "undo_grid_batch": ("a", {}, "grids.undone"),
    "open_passwords": ("a", {}, "passwords.printed"),
    "reset_worker": ("a", {"proof": "known"}, "password.reissued"),
    "worker_step": ("a", {"on": "2026-09-16", "reason": "arranged"}, "worker.lend"),
    "worker_take_back": ("a", {"note": "点错了", "step": "<newest>"}, "worker.take_back"),
    "worker_change": ("a", {"reason": "补登", "name": "王桂兰", "employment": "parttime"}, "worker.changed"),
    "correction": ("a", {"decision": "refuse", "reason": "核对过，没有错"}, "correction.refused"),
    "post_band": ("c", {"name": "副职", "lowest": "4", "highest": "14", "basis": ""}, "ladder.set"),
    "publish_agreement": ("c", {"title": "保密协议", "text": "不外传。" * 20, "confirm": "1"}, "agreement.published"),
    "publish_notice": ("c", {"title": "告知书", "text": "留什么，为什么留。" * 40, "confirm": "1"}, "notice.published"),
    "unmask_worker": ("a", {"field": "mobile", "reason": "contact"}, "personal.unmasked"),
    "account": ("s", {"act": "suspend", "suspend-reason": "inquiry"}, "account.suspended"),
    "job_again": ("y", {}, "job.again"),
    "give_role": (
        "a",
        {"username": "W0002", "reason": "兼任", **GIVEN},
        "role.granted",
    ),
    "new_holder": (
        "a",
        {"name": "冯新", "username": "feng", "reason": "新任", **GIVEN},
        "role.granted",
    ),
    "end_role": ("a", {"reason": "调离"}, "role.revoked"),
    "reset_holder": ("a", {"proof": "badge"}, "password.reissued"),
    "import_drop": ("a", {}, "import.dropped"),
    "import_columns": ("a", {}, "import.reread"),
    "import_account_for": ("a", {}, "import.accounted_for"),
    "drop_exam": ("a", {}, "exam.dropped"),
    "question_picture": ("c", {"text": "楼道里停着一辆车"}, "question.pictured"),
    "drop_question_picture": ("c", {}, "question.picture_dropped"),
    "exam_names": ("a", {"numbers": "<roster_number>"}, "exam.listed"),
    "drop_exam_name": ("a", {}, "exam.unlisted"),
    "exam_resit": ("a", {}, "exam.drafted"),
    "exam_ready": ("w", {"pledge": "on"}, "exam.ready"),
    "exam_again": ("w", {}, "exam.again"),
    "exam_try_out": ("w", {}, "exam.started"),
    "exam_allow": ("a", {"id": "<attempt>", "kind": "time", "minutes": "10", "reason": "停电"}, "exam.time_granted"),
    "exam_notice": ("a", {"territory": "<county>", "text": "请不要退出页面"}, "exam.notice_sent"),
    "exam_note": ("a", {"note-text": "看了手机"}, "exam.incident_noted"),
    "exam_ask": ("a", {"ask-measure": "close", "ask-reason": "代考"}, "exam.intervention_asked"),
    "exam_decide": ("a", {"agreed": "1"}, "exam.intervention_decided"),
    "exam_window": (
        "a",
        {"opens_at": "2026-09-16T09:00", "closes_at": "2026-09-18T10:00", "reason": "network"},
        "exam.window_moved",
    ),
    "courses_require": (
        "a",
        {"course": "<course_page>", "territory": "<county>", "due_on": "2026-12-01", "reason": "年度必修"},
        "courses.required",
    ),
    "courses_withdraw": ("a", {}, "courses.requirement_withdrawn"),
    "courses_hold": (
        "a",
        {
            "title": "训",
            "subject": "case",
            "mode": "onsite",
            "territory": "<county>",
            "place": "会议室",
            "starts_at": "2026-09-15T09:00",
            "ends_at": "2026-09-15T11:00",
            "hours": "2",
        },
        "courses.session_held",
    ),
    "courses_attendance": ("a", {}, "courses.attendance_recorded"),
    "end_mentor": ("a", {"on": "2026-09-16"}, "mentor.ended"),
    "assessment_settle": ("a", {"confirm": "1"}, "assessments.settled"),
}
# what needs a city of its own to succeed; the tests of these verbs send it, and the action is written in the verb
ELSEWHERE = {
    "account_login": "signed_in",
    "sign_in_who": "signed_in",
    "forgotten": "code.sent",
    "forgotten_password": "password.chosen",
    "notice": "notice.accepted",
    "my_data": "personal.copied",
    "forget_worker": "personal.forgotten",
    "mfa_activate_totp": "second_factor.set_up",
    "mfa_reauthenticate": "second_factor.recovery_code_used",
    "mfa_deactivate_totp": "second_factor.switched_off",
    "mfa_view_recovery_codes": "second_factor.codes_shown",
    "mfa_generate_recovery_codes": "second_factor.codes_renewed",
    "reset_second_factor": "second_factor.reset",
    "end_device": "session.ended",
    "end_other_devices": "session.others_ended",
    "split_township": "territory.split",
    "move_communities": "territory.move",
    "agreement": "agreement.signed",
    "correct_field": "correction.asked",
    "attempt": "exam.taken_over",
    "finish_lesson": "courses.lesson_finished",
    "act_on_workers": "batch.begun",
    "undo_batch": "batch.undone",
    "merge_territories": "territory.merge",
    "split_territory": "territory.split",
    "end_territory": "territory.end",
    "assign_grids": "grids.assign",
    "renumber_grids": "grids.renumber",
    "split_grid": "grids.split",
    "propose_worker": "worker.propose",
    "imports": "import.uploaded",
    "import_confirm": "import.confirmed",
    "import_resume": "import.resumed",
    "import_choose": "import.decided",
    "import_undo": "import.undo_begun",
    "new_exam": "exam.drafted",
    "edit_exam": "exam.drafted",
    "late_answers": "exam.late_accepted",
    "exam_rescue": "exam.rescued",
    "publish_exam": "exam.published",
    "courses_close": "courses.session_closed",
    "appoint_mentors": "mentor.appointed_listed",
    "assessment_draft": "assessments.drafted",
    "prepare_passwords": "passwords.prepared",
}
# what leaves no entry, and why
UNNOTED = {
    "account_reauthenticate": "the password once more, for some minutes; what is done with it is noted",
    "forgotten_code": "a code that fits leads on to the new password, which is noted; the rest is counted",
    "find_account": "leads to the account of a sign-in name; sent, so that the name stands in no address",
    "home": "answers a form by leading elsewhere; changes nothing",
    "cms_account": "a redirect",
    "cms_sign_in": "a redirect",
    "display": "a choice of colours and print size, kept in the browser",
    "exam_lane": "start and hand-in are noted; answers are a journal of their own: 7,280 people save every half minute",
    "study_beat": "the server's own witness of study time; what it amounts to is posted, and that is noted",
    "lesson_check": "a question that is not counted",
    "marking_next": "hands out an answer; a claim keeps who and when, and the marks are noted",
    "exam_verify": "looks a check code up; sent as a form, so that it stands in no address",
    "keep_view": "how somebody likes to see a list, for themselves",
    "rename_view": "the same",
    "drop_view": "the same",
    "exam_weigh": "asks for work behind the scenes; what is found is noted there",
}
# what is written by such forms
QUIET = {
    "django_session",
    "lms_auditentry",
    "lms_job",
    "lms_cache",
    "roster_savedview",
    "courses_lessonprogress",
    "courses_studyclock",
    "exams_answer",
    "mentors_claim",
    "usersessions_usersession",
}


HAN = re.compile("[一-鿿]")
WORDS = {**audit_words.actions(), **audit_words.subjects(), **audit_words.details()}


def sent(name: str, things: Things) -> dict[str, Any]:  # noqa: F811
    _who, data, _action = ACTS.get(name, ("", {}, ""))
    filled = {
        key: things[value[1:-1]] if isinstance(value, str) and value.startswith("<") else value
        for key, value in data.items()
    }
    return {key: things[value] for key, value in SENT.get(name, {}).items()} | filled


def persona(name: str) -> str:
    if name in ACTS:
        return ACTS[name][0]
    return next(one for one in "acwmteulyso" if one in EXISTS_FOR[name])


@pytest.fixture
def ready(things: Things, colleague: Worker, city: Any) -> Things:  # noqa: F811
    """The things of the matrix, as these forms need them."""
    Round.objects.filter(pk=things["pk"]).update(
        state=Round.DRAFT, settled_at=None
    )  # so that the newer one can be settled
    sheet = PasswordSheet.objects.get(pk=things["sheet"])
    PasswordSheet.objects.filter(pk=sheet.pk).update(slips=[[colleague.pk, colleague.number, "abcd-efgh-jkmn"]])
    User.objects.filter(pk=colleague.user_id).update(
        must_change_password=True, first_password_expires_at=sheet.expires_at
    )  # so that there is one to be handed out
    return {
        **things,
        "county": city.county.pk,
        "roster_number": colleague.number,
        "newest": max(Step.objects.values_list("pk", flat=True)),
        "course_page": CoursePage.objects.get().pk,
        "queries": {},
        "retire_grid:": {"grid": city.grids[2].pk},
    }


def postable() -> dict[str, URLPattern]:
    """Those that exist for somebody here; the sign-on of a city has tests of its own, as has the form that comes after a password."""
    there = {name: entry for name, entry in ours().items() if EXISTS_FOR.get(name)}
    return {**there, "sign_out": ours()["sign_out"]}


def test_what_is_sent_and_succeeds_leaves_its_entry(ready: Things, request: pytest.FixtureRequest) -> None:
    clients: dict[str, Client] = {}
    wrong, without, wordless, naming = [], [], set(), []
    for name, entry in postable().items():
        who = persona(name)
        client = clients[who] if who in clients else clients.setdefault(who, client_for(who, request))
        before = AuditEntry.objects.count()
        with CaptureQueriesContext(connection) as queries, transaction.atomic():
            data = sent(name, ready)
            answer = client.post(address(name, entry, ready), data)
            b"".join(answer.streaming_content) if answer.streaming else None
            entries = [] if connection.needs_rollback else list(AuditEntry.objects.order_by("pk")[before:])
            transaction.set_rollback(True)
        noted = [entry.action for entry in entries]
        wordless |= {word for entry in entries for word in words_of(entry) if word not in WORDS}
        naming += [
            str(entry.detail)
            for entry in entries
            if HAN.search(str(entry.detail)) or PERSONAL.search(str(entry.detail))
        ]
        if name in {"sign_in", "sign_out", "password"}:  # what they did to the session was not taken back
            clients.pop(who)
        if answer.status_code == 405:
            continue
        if name not in ACTS and name not in ELSEWHERE and name not in UNNOTED:
            without.append(name)
        if name in ACTS and ACTS[name][2] not in noted:
            wrong.append((name, answer.status_code, noted, errors(answer)))
        if loud(queries) and not noted and name not in ELSEWHERE:
            wrong.append((name, "wrote without a trace", loud(queries), ""))
    assert wrong == []
    assert not without, " ".join(without)
    assert wordless == set()
    assert naming == []  # codes, ids and figures; no name, no number of a person, no words that someone wrote


def words_of(entry: AuditEntry) -> set[str]:
    """What the auditor reads in place of codes: of the subject, and of every figure."""
    kind = entry.subject.partition(":")[0]
    return {entry.action, *([kind] if kind else []), *entry.detail}


def actions(before: int) -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)[before:])


def loud(queries: CaptureQueriesContext) -> set[str]:
    """The tables that were written to, but for those that need no entry."""
    written = re.compile(r'(?:INSERT INTO|UPDATE|DELETE FROM) "(\w+)"')
    found = {match[1] for one in queries.captured_queries if (match := written.match(one["sql"]))}
    return found - QUIET


def errors(answer: Any) -> Any:
    form = answer.context.get("form") if answer.context else None
    return dict(form.errors) if form is not None else ""


def test_what_is_noted_elsewhere_is_written_there() -> None:
    text = "\n".join(path.read_text() for path in sources() if path.stem != "audited")
    dynamic = ("worker.", "workers.", "territory.", "grids.")
    for action in ELSEWHERE.values():
        assert f'"{action}"' in text or action.startswith(dynamic), action
        assert action in audit_words.actions()


# --- exports, refusals, signals -----------------------------------------------------------------------------------

EXPORTS = {
    "coverage_xlsx": "coverage.exported",
    "step_scan": "scan.opened",
    "audit_xlsx": "audit.exported",
    "bulletin_xlsx": "bulletin.exported",
    "assessment_export": "personal.exported",
}


@pytest.mark.parametrize(("name", "action"), EXPORTS.items())
def test_what_is_taken_out_is_noted(name: str, action: str, ready: Things, request: Any) -> None:
    client = client_for("u" if name.startswith("audit") else "a", request)
    before = AuditEntry.objects.count()
    answer = client.get(address(name, ours()[name], ready), {"purpose": "assess"} if action.startswith("p") else {})
    b"".join(answer.streaming_content) if answer.streaming else None  # type: ignore[attr-defined]
    assert actions(before) == [action]
    noted = AuditEntry.objects.order_by("pk").last()
    assert noted is not None
    assert words_of(noted) <= set(WORDS)


def test_a_list_that_is_taken_out_is_noted(
    client_of: Callable[[User], Client], county_admin: User, worker: Worker
) -> None:
    answer = client_of(county_admin).get("/cms/workers/?export=xlsx&purpose=train")
    b"".join(answer.streaming_content) if answer.streaming else None  # type: ignore[attr-defined]
    noted = AuditEntry.objects.get(action="personal.exported")
    assert (noted.actor, noted.detail) == (county_admin, {"kind": "roster.worker", "rows": 1, "reason": "train"})


@pytest.mark.parametrize(
    ("persona", "url", "name"),
    [
        ("county_b_admin", "/cms/workers/inspect/{worker}/", "workers:inspect"),
        ("county_b_admin", "/cms/passwords/worker/{worker}/", "reset_worker"),
        ("outsider", "/exams/attempt/{attempt}/", "attempt"),
        ("worker", "/cms/workers/", "workers:index"),  # the back office as a whole
        ("township_admin", "/cms/ladder/{band}/", "post_band"),  # sent to the dashboard by Wagtail
        ("mentor", "/cms/workers/inspect/{worker}/", "workers:inspect"),
        ("superuser", "/cms/audit/{entry}/", "audit_entry"),
    ],
)
def test_what_was_refused_is_noted_and_shows_nothing(
    persona: str, url: str, name: str, ready: Things, request: Any, client_of: Callable[[User], Client]
) -> None:
    if persona == "superuser":
        user = User.objects.create_superuser("root", name="根", password=PASSWORD)
    else:
        found = request.getfixturevalue(persona)
        user = found if isinstance(found, User) else getattr(found, "worker", found).user
    client = client_of(user)
    before = AuditEntry.objects.count()
    client.get(url.format(**ready))
    assert actions(before) == ["access.refused"]
    noted = AuditEntry.objects.order_by("pk").last()
    assert noted is not None
    assert (noted.actor, noted.detail["url"]) == (user, name)
    assert set(noted.detail["ids"].values()) <= {ready["worker"], ready["attempt"], ready["band"], ready["entry"]}


def test_what_exists_and_what_does_not_are_noted_alike(
    client_of: Callable[[User], Client], county_b_admin: User, worker: Worker
) -> None:
    """Or the time of the answer would tell."""
    client = client_of(county_b_admin)
    client.get("/cms/workers/inspect/999999/")
    counts = []
    for pk in (worker.pk, 999_998):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/cms/workers/inspect/{pk}/").status_code == 404
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert [one.subject for one in AuditEntry.objects.filter(action="access.refused").order_by("pk")[1:]] == [
        f"roster.worker:{worker.pk}",
        "roster.worker:999998",
    ]


def test_nobody_floods_the_log(client_of: Callable[[User], Client], county_b_admin: User, outsider: Worker) -> None:
    client = client_of(county_b_admin)
    for pk in range(900_000, 900_030):
        client.get(f"/cms/workers/inspect/{pk}/")
    noted = AuditEntry.objects.filter(action="access.refused", actor=county_b_admin).order_by("pk")
    assert len(noted) == 20
    assert [one.detail.get("more") for one in noted][-2:] == [None, True]
    client_of(outsider.user).get("/cms/workers/")  # everybody has a count of their own
    assert AuditEntry.objects.filter(action="access.refused", actor=outsider.user).count() == 1


def test_what_was_mistyped_is_no_refusal(client_of: Callable[[User], Client], worker: Worker) -> None:
    before = AuditEntry.objects.count()
    for url in ["/no-such-page/", "/study/王桂兰/", "/media/images/none.png"]:
        assert client_of(worker.user).get(url).status_code == 404
    assert Client().get("/cms/workers/inspect/1/").status_code == 302  # a visitor is asked to sign in
    assert actions(before) == []


def test_signing_out_is_noted(client_of: Callable[[User], Client], worker: Worker) -> None:
    client_of(worker.user).post("/sign-out/")
    assert AuditEntry.objects.filter(action="signed_out", actor=worker.user).exists()


def test_what_wagtail_logs_is_noted(client_of: Callable[[User], Client], city: Any) -> None:
    root = User.objects.create_superuser("root", name="根", password=PASSWORD)
    picture = get_image_model().objects.create(title="王桂兰.png", file=get_test_image_file(filename="王桂兰.png"))
    before = AuditEntry.objects.count()
    client_of(root).post(f"/cms/images/{picture.pk}/delete/")
    (noted,) = AuditEntry.objects.order_by("pk")[before:]
    assert (noted.action, noted.actor, noted.subject) == ("wagtail.delete", root, f"wagtailimages.image:{picture.pk}")
    assert "王桂兰" not in str(noted.detail)
    before = AuditEntry.objects.count()
    page = Page.objects.get(depth=1).get_children().get(pk=Page.objects.filter(depth=2)[0].pk)
    page.save_revision(user=root, log_action=True).publish(user=root)
    assert actions(before) == ["wagtail.edit", "wagtail.publish"]


def test_groups_and_permissions_are_noted(worker: Worker) -> None:
    before = AuditEntry.objects.count()
    group = Group.objects.create(name="新组")
    permission = Permission.objects.get(codename="access_admin")
    group.permissions.add(permission)
    worker.user.groups.add(group)
    worker.user.groups.remove(group)
    User.objects.create_superuser("root", name="根", password=PASSWORD)
    noted = list(AuditEntry.objects.order_by("pk")[before:])
    assert [one.action for one in noted] == [*["permission.changed"] * 3, "account.superuser"]
    assert noted[0].detail == {"change": "added", "kind": "auth.permission", "ids": [permission.pk]}
    assert noted[1].subject == f"roster.user:{worker.user_id}"
    assert noted[2].detail["change"] == "removed"


# --- words, and nothing that names anybody ------------------------------------------------------------------------


@functools.cache
def noted_in_sources() -> set[str]:
    """The first argument of every audit.note; of one that is put together, its beginning."""
    found = set()
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"audit.note", "audit.write"}:
                match node.args[0]:
                    case ast.Constant(value=str(code)):
                        found.add(code)
                    case ast.JoinedStr(values=[ast.Constant(value=str(begins)), *_rest]):
                        found.add(f"{begins}*")
    return found


@pytest.mark.parametrize(
    "table",
    [
        exported.REASONS,
        steps.REASONS,
        unmasking.REASONS,
        dict(second_factor.Reason.choices),
        accounts.SUSPENDING,
        accounts.REOPENING,
        accounts.ENDING,
    ],
)
def test_a_reason_is_told_in_the_words_it_was_chosen_by(table: dict[str, Any]) -> None:
    """The log keeps codes of many lists under one name, so no two lists may mean different things by one code."""
    assert {code: audit_words.value(code, "reason") for code in table} == {
        code: str(words) for code, words in table.items()
    }


def test_every_action_has_a_name_in_words() -> None:
    named = audit_words.actions()
    nameless = {code for code in noted_in_sources() if not code.endswith("*") and code not in named}
    nameless |= {code for code in noted_in_sources() if not any(fnmatch(one, code) for one in named)}
    nameless |= {action for action, _label in registry.get_choices() if action not in named}
    assert nameless == set()
    assert len(noted_in_sources()) > 60
    assert all(HAN.search(str(words)) for words in named.values())
