"""Back-office screens of evidence: bringing in what a phone could not send, and looking up a check code."""

from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from exams.claims import intake, late_screens, rescue
from exams.day import saving, sheets, verifying
from exams.marks import tally
from exams.models import Attempt, Exam
from lms import uploads
from lms.refusal import Refused
from roster import reach
from roster.asking import Asking
from roster.models import Duty, User

ADMINS = reach.only(Duty.EXAMS)
MOST_FILES, MOST_TEXT = 30, 200_000


class Files(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files; each is looked at by itself, so that a bad one stops no other."""

    widget = Files(attrs={"multiple": True, "accept": ".wgx"})

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        files = data if isinstance(data, list | tuple) else [data] if data else []
        if len(files) > MOST_FILES:
            raise forms.ValidationError(_("一次最多交 %d 个文件，请分几次交。") % MOST_FILES)
        return list(files)


class RescueForm(forms.Form):
    backups = FilesField(
        label=gettext_lazy("备份文件"),
        required=False,
        help_text=gettext_lazy("名字像“作答备份-….wgx”，可以一次选几个。"),
    )
    codes = forms.CharField(
        label=gettext_lazy("二维码里的文字"),
        required=False,
        max_length=MOST_TEXT,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "autocomplete": "off"}),
        help_text=gettext_lazy("用任何扫码工具扫那台手机上的二维码，把扫出的文字都贴进来，一行一张，先后不限。"),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not data.get("backups") and not (data.get("codes") or "").strip():
            raise forms.ValidationError(_("请选备份文件，或者贴上二维码里的文字。"))
        return data


@dataclass
class Look:
    """One backup as the page shows it before it is brought in."""

    name: str
    sentence: str = ""  # why it cannot be brought in
    attempt: Attempt | None = None
    one: rescue.Rescued | None = None
    lines: list[tuple[int, str, str, str]] = field(default_factory=list)  # number, stem, on the server, on the phone
    same: int = 0
    sealed: str = ""

    @property
    def device(self) -> str:
        """Whether the phone is the one that holds the attempt."""
        assert self.one is not None
        assert self.attempt is not None
        same = self.one.device == self.attempt.device
        return _("就是作答的那台设备") if same else _("不是现在登记的作答设备，由管理员决定是否计入")


@ADMINS
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def exam_rescue(request: Asking) -> HttpResponse:
    """Upload or paste; then what is in it beside what the server has; then bring in."""
    if request.method == "POST" and "bring" in request.POST:
        return brought(request)
    form = RescueForm(request.POST or None, request.FILES or None)
    looks = looked_at(request.user, form.cleaned_data) if request.method == "POST" and form.is_valid() else []
    context = {
        "form": form,
        "looks": looks,
        "ready": any(look.sealed for look in looks),
        "page_title": _("作答备份"),
        "header_icon": "upload",
    }
    return render(request, "exams/cms_rescue.html", context, status=422 if form.errors else 200)


def looked_at(user: User, sent: dict[str, Any]) -> list[Look]:
    files = [(uploads.safe_name(file.name or ""), file.read(rescue.LARGEST + 1)) for file in sent["backups"]]
    return [look(user, name, one, data) for name, one, data in rescue.many(files, sent["codes"])]


def look(user: User, name: str, one: rescue.Rescued | Refused, data: bytes) -> Look:
    if isinstance(one, Refused):
        return Look(name, one.sentence)
    attempt = within(user, one)
    if attempt is None:
        return Look(name, unknown())
    found = Look(name, attempt=attempt, one=one, sealed=b64encode(data).decode())
    sheet, places = (
        sheets.of(attempt.exam_id),
        {pk: (number, order) for number, (pk, order) in enumerate(attempt.paper, 1)},
    )
    stands = {row.item_id: row.value for row in saving.answers(attempt.pk)}
    for given in one.answers:
        item = sheet.items.get(given.item_id)
        if item is None or given.item_id not in places:
            return Look(name, _("备份里的题和这个人的试卷对不上，交不进去。"))
        try:
            stored = item.clean(given.value)
        except Refused as refusal:
            return Look(name, refusal.sentence)
        number, order = places[given.item_id]
        if stored == stands.get(given.item_id, ""):
            found.same += 1
            continue
        now = late_screens.spoken(item, order, stands.get(given.item_id, ""))
        found.lines.append((number, item.content["stem"], now, late_screens.spoken(item, order, stored)))
    found.lines.sort()
    return found


def unknown() -> str:
    return _("找不到这份备份的答卷，或者不在你的管辖范围。请核对是不是别处的考生。")


def within(user: User, one: rescue.Rescued) -> Attempt | None:
    """The attempt, if it is this admin's to deal with; the unknown and what is out of reach are the same."""
    mine = tally.attempts_within(user).filter(exam__published_at__isnull=False)
    return mine.select_related("worker__township", "exam").filter(pk=one.attempt).first()


def brought(request: Asking) -> HttpResponse:
    """Bring in what was shown; each is opened and judged anew, and one that fails stops no other."""
    for sealed in request.POST.getlist("sealed")[: MOST_FILES * 2]:
        try:
            one = rescue.opened(b64decode(sealed, validate=True))
            attempt = within(request.user, one)
            if attempt is None:
                messages.error(request, unknown())
                continue
            done = intake.bring_in(one, attempt, by=request.user, now=request.now)
        except Refused as refusal:
            messages.error(request, refusal.sentence)
        except (ValueError, Http404):
            messages.error(request, rescue.damaged().sentence)
        else:
            say(request, done)
    return redirect("exam_rescue")


def say(request: Asking, done: intake.Brought) -> None:
    words = {"name": done.attempt.worker.name, "n": done.counted, "kept": done.kept, "refused": done.refused}
    said = [_("%(name)s的备份已交进来：%(n)d 题计入或者早已保存。") % words]
    if done.kept:
        said.append(_("%(kept)d 题等人决定，请到这场考试的“迟到的答案”里办。") % words)
    if done.refused:
        said.append(_("%(refused)d 题没有收下。") % words)
    (messages.warning if done.kept or done.refused else messages.success)(request, "".join(said))


# --- check codes


class VerifyForm(forms.Form):
    who = forms.CharField(
        label=gettext_lazy("登录号或交卷回执号"),
        max_length=40,
        error_messages={"required": gettext_lazy("请填登录号或者交卷回执号。")},
    )
    exam = forms.ModelChoiceField(
        label=gettext_lazy("考试"),
        queryset=Exam.objects.none(),
        required=False,
        empty_label=gettext_lazy("（填了回执号可以不选）"),
        error_messages={"invalid_choice": gettext_lazy("没有这场考试，请重新选。")},
    )
    code = forms.CharField(
        label=gettext_lazy("核对码"),
        max_length=40,
        help_text=gettext_lazy("四组，每组四位，例如 ABCD-2345-EFGH-67IJ。"),
        error_messages={"required": gettext_lazy("请填核对码。")},
    )


@ADMINS
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def exam_verify(request: Asking) -> HttpResponse:
    """Which save a check code was given for. Sent as a form, so that no code stands in an address."""
    form = VerifyForm(request.POST or None, initial={"who": request.GET.get("receipt", "")})
    field: Any = form.fields["exam"]
    field.queryset = Exam.objects.published().touching(reach.paths(request.user)).order_by("-opens_at")
    context = {"form": form, "page_title": _("核对码"), "header_icon": "check"}
    if request.method == "POST" and form.is_valid():
        context |= answer(request.user, form.cleaned_data)
    return render(request, "exams/cms_verify.html", context, status=422 if form.errors else 200)


def answer(user: User, said: dict[str, Any]) -> dict[str, Any]:
    """What the page says: whose, and what was saved when; or that the code is not of this attempt."""
    rows = tally.attempts_within(user, said["exam"]).select_related("worker__township", "exam")
    who = said["who"].strip()
    tries = list(rows.filter(receipt=who.upper())) or list(
        rows.filter(worker__number__iexact=who).order_by("-number") if said["exam"] else []
    )
    if not tries:
        return {"nobody": True}
    for attempt in tries:
        if found := verifying.find(attempt, said["code"]):
            return {"attempt": attempt, **told(attempt, found)}
    return {"attempt": tries[0], "wrong": True}


def told(attempt: Attempt, found: verifying.Whole) -> dict[str, Any]:
    entry, sheet = found.entry, sheets.of(attempt.exam_id)
    order: list[int] = next((order for pk, order in attempt.paper if pk == entry.item_id), [])
    item = sheet.items[entry.item_id]
    newest = next((row for row in saving.answers(attempt.pk) if row.item_id == entry.item_id), None)
    return {
        "found": entry,
        "number": verifying.number_of(attempt, entry.item_id),
        "stem": item.content["stem"],
        "value": late_screens.spoken(item, order, found.value),
        "stands": newest is not None and newest.value == found.value,
    }
