"""Lists that post to the ledger: what past training and work results have in common. A kind says which columns it has and what a row claims.

A row is held against the ledger: known and the same is unchanged; known and different is a correction, which reverses the old record
and posts a new one; what may be the same under another name is asked. Undoing reverses what was posted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lms import sheets
from lms.models import Outcome
from lms.refusal import Refused
from lms.resources import ColumnField, Line, Option, Question
from records import shelf
from records.posting import PostingResource
from records.shelf import Claim, Held, Shelf
from roster import finding, identity, reach
from roster.finding import Clues, Found
from roster.gazetteer import in_county
from roster.judges import SENTENCES, NameJudge
from roster.models import Worker
from roster.rosterfile import RosterResource


@dataclass
class Verdict:
    """What a claim would do to one worker's record."""

    outcome: str
    plan: dict[str, Any] | None = None
    changes: list[list[str]] = field(default_factory=list)
    question: Question | None = None


class RecordResource(PostingResource):
    """A kind of list whose rows become records. Subclasses add columns, `claims`, `facts`, `changes` and `alike`."""

    undo_says = lazy("记上的冲销；更正过的，先冲销，再按原来的记上。每一笔都留在技能档案里。")
    questions = {
        "record_differs": (
            lazy("已登记，数不一样"),
            [("keep", lazy("都保留原来的")), ("replace", lazy("都按表里的更正"))],
        ),
        "record_alike": (
            lazy("疑似重复"),
            [("leave", lazy("都是同一件事，不再记")), ("post", lazy("都是另外的事，也记上"))],
        ),
        "person_ambiguous": (lazy("分不清是谁"), []),
        "date_ambiguous": (lazy("1 月还是 10 月"), [("month-1", lazy("都是 1 月")), ("month-10", lazy("都是 10 月"))]),
    }

    name = ColumnField(
        "姓名",
        "网格员姓名",
        "学员姓名",
        "参训人员",
        judge=NameJudge(),
        samples=("张示例", "李示例"),
        hint=lazy("与名册上一样。"),
    )
    id_number = ColumnField(
        "身份证号",
        "身份证号码",
        "公民身份号码",
        "证件号码",
        "身份证",
        "证件号",
        judge=finding.NumberLeftJudge(),
        samples=("421202199003079978", "421202198506129987"),
        hint=lazy("身份证号、手机号、登录号写一样，就能认出是谁。"),
    )
    mobile = ColumnField(
        "手机号",
        "手机号码",
        "联系电话",
        "联系方式",
        "电话",
        "手机",
        judge=finding.MobileLeftJudge(),
        samples=("15400000001", "15400000002"),
        hint=lazy("没有身份证号的，写名册上的手机号。"),
    )
    number = ColumnField(
        "登录号",
        "网格员编号",
        "人员编号",
        "账号",
        judge=finding.RosterNumberJudge(),
        samples=("", ""),
        hint=lazy("名册上的登录号，W 加 6 位数字。"),
    )

    @classmethod
    def allowed(cls, user: Any) -> bool:
        return reach.has(user, *cls.roles)

    @classmethod
    def missing(cls) -> str:
        return "" if Worker.objects.exists() else _("名册里还没有人。请先导入%s。") % RosterResource.title

    @classmethod
    def seen_by(cls, user: Any) -> Q:
        return reach.within_paths("place", reach.paths(user, *cls.roles))

    # --- what a kind says -------------------------------------------------------------------------------------------

    def claims(self, line: Line) -> list[Claim]:
        """What the row says happened; faults where it cannot be read, several where it can be read in several ways."""
        raise NotImplementedError

    def facts(self, line: Line, claim: Claim | None) -> list[str]:
        """What the preview shows beside the name, after who it is."""
        raise NotImplementedError

    def asked_of_alike(self, what: str) -> str:
        """The question where something alike is known; `what` names it."""
        raise NotImplementedError

    def corrects_by_itself(self) -> bool:
        """Whether a corrected figure goes in unless somebody says no; else it is asked."""
        return False

    def titles(self, tables: Sequence[sheets.Table]) -> None:
        """For a kind that reads something over its tables."""

    # --- judging ----------------------------------------------------------------------------------------------------

    def prepare(self, *, actor: Any, now: datetime) -> None:
        if sentence := self.missing():
            raise Refused(sentence)
        self.paths = reach.paths(actor, *self.roles) if actor else [""]
        self.today = timezone.localdate(now)

    def judge(self, lines: list[Line], *, tables: list[sheets.Table]) -> None:
        self.titles(tables)
        clues = [clues_of(line) for line in lines]
        index = finding.Index.among(clues, paths=self.paths)
        found = [index.find(one) for one in clues]
        claimed = [self.claims(line) for line in lines]
        workers = {worker.pk for one in found for worker in one.workers}
        days = [(claim.begin, claim.end) for claims in claimed for claim in claims]
        self.shelf = Shelf.of(workers, kind=self.posts, prefix=self.prefix, days=days)
        self.settled = shelf.settled_years(workers)
        # what the rows above have claimed, by worker
        self.above: dict[int, list[tuple[Line, Claim]]] = {}
        for line, who, one, claims in zip(lines, clues, found, claimed, strict=True):
            line.label = who.name
            line.shown["facts"] = [who.shown, *self.facts(line, claims[0] if len(claims) == 1 else None)]
            self.judge_one(line, one, claims)

    def judge_one(self, line: Line, found: Found, claims: list[Claim]) -> None:
        if found.code == "out_of_reach":
            line.out_of_reach(str(finding.SENTENCES["out_of_reach"]))
            return
        self.say_who(line, found)
        if line.wrong or not claims:
            return
        ways = [(worker, claim) for worker in found.workers for claim in claims]
        if len(ways) > 1 or not found.sure:
            self.ask_which(line, ways)
            return
        ((worker, claim),) = ways
        self.decide(line, worker, claim)

    def say_who(self, line: Line, found: Found) -> None:
        """Why nobody is found; of a damaged number that something else made up for, a remark."""
        number, mobile = line.values["id_number"], line.values.get("mobile") or identity.Mobile()
        damaged = {**dict.fromkeys(number.codes, "id_number"), **dict.fromkeys(mobile.codes, "mobile")}
        if found.sure:
            for code, name in damaged.items():
                line.remark(code, _("这个号码有误，是按别的号码认出来的。请顺便改正。"), name)
        elif damaged and found.code in {"id_missing", "person_unknown"}:
            code, name = next(iter(damaged.items()))
            line.fault(code, finding.SENTENCES.get(code) or SENTENCES[code], name)
        elif found.code and line.label:
            line.fault(found.code, finding.SENTENCES[found.code], "name")

    def decide(self, line: Line, worker: Worker, claim: Claim) -> None:
        above = self.above.setdefault(worker.pk, [])
        line.key = f"{worker.pk}/{claim.source}"
        if twin := next(((row, other) for row, other in above if other.source == claim.source), None):
            self.twice(line, claim, *twin)
            return
        verdict = self.verdict(worker, claim, above)
        line.area = in_county(worker.township.path)
        line.outcome, line.plan, line.question = verdict.outcome, verdict.plan, verdict.question
        line.shown["changes"] = verdict.changes
        if verdict.outcome == Outcome.NEW and (worker.pk, claim.on.year) in self.settled:
            text = _("%s年的考核已经审定。这条只记进档案，不改变考核结果。")
            line.remark("year_settled", text % claim.on.year)
        above.append((line, claim))

    def twice(self, line: Line, claim: Claim, first: Line, other: Claim) -> None:
        if claim.amount == other.amount:
            line.remark("duplicate_row", _("和第 %s 行是同一条，只记一次。") % first.number)
            return
        line.fault("row_differs", _("和第 %s 行是同一条，数却不一样。请核对后只留对的一行。") % first.number)

    def verdict(self, worker: Worker, claim: Claim, above: list[tuple[Line, Claim]]) -> Verdict:
        """Held against what the ledger and the rows above know of the worker."""
        standing = self.shelf.standing(worker.pk, claim.source)
        plan = {"worker": worker.pk, **claim.plan(), "replaces": standing.pk if standing else None, "asked": False}
        if standing:
            changes = self.changes(standing, claim)
            return self.correction(worker, claim, plan, changes) if changes else Verdict(Outcome.UNCHANGED)
        like = next((held for held in self.shelf.by_worker.get(worker.pk, ()) if self.alike(held, claim)), None)
        if like:
            what = _("%(day)s的“%(title)s”") % {"day": like.day.isoformat(), "title": like.title}
            return self.double(plan, self.asked_of_alike(what))
        row = next((row for row, other in above if self.alike(as_held(other), claim)), None)
        if row:
            return self.double(plan, self.asked_of_alike(_("表里第 %s 行") % row.number))
        return Verdict(Outcome.NEW, plan)

    def correction(self, worker: Worker, claim: Claim, plan: dict[str, Any], changes: list[list[str]]) -> Verdict:
        settled = (worker.pk, claim.on.year) in self.settled
        if self.corrects_by_itself() and not settled:
            return Verdict(Outcome.UPDATED, plan, changes)
        text = _("这条已经登记过，数不一样。更正会冲销原来那条，按表里的重新登记。")
        if settled:
            text = _("这条已经登记过，数不一样，而且%s年的考核已经审定。更正只改档案，不改变考核结果。") % claim.on.year
        told = "，".join(_("%(name)s由 %(old)s 改为 %(new)s") % dict(zip(TOLD, row, strict=True)) for row in changes)
        options = [
            Option("keep", _("保留原来的"), Outcome.UNCHANGED),
            Option("replace", _("按表里的更正：%s") % told, Outcome.UPDATED, plan, changes),
        ]
        return Verdict(Outcome.CONFLICT, changes=changes, question=Question("record_differs", text, options))

    def double(self, plan: dict[str, Any], text: str) -> Verdict:
        options = [
            Option("leave", _("是同一件事，不再记"), Outcome.UNCHANGED),
            Option("post", _("是另外一件事，也记上"), Outcome.NEW, {**plan, "asked": True}),
        ]
        return Verdict(Outcome.DUPLICATE, question=Question("record_alike", text, options))

    def ask_which(self, line: Line, ways: list[tuple[Worker, Claim]]) -> None:
        """The row can mean several people, or two months: each is an option with what it would do. Without an answer it stays out."""
        people = {worker.pk for worker, _claim in ways}
        # several people, or one who is not sure; else the day is not
        which = len(people) > 1 or len(ways) == 1
        options = []
        for worker, claim in ways:
            verdict = self.verdict(worker, claim, [])
            label = " · ".join(filter(None, [finding.told(worker) if which else "", claim.label]))
            code = f"w{worker.pk}-{claim.begin:%Y%m%d}" if which else f"month-{claim.begin.month}"
            if verdict.question:
                # asked twice at once nobody understands: what differs or is alike is left as it is
                label, verdict = _("%s（档案里已有，不再记）") % label, Verdict(Outcome.UNCHANGED)
            options.append(Option(code, label, verdict.outcome, verdict.plan, verdict.changes))
        text = _("名册里有几个人对得上，或者号码不全。请选是哪一个。") if which else unclear_date()
        line.outcome = Outcome.CONFLICT
        line.question = Question("person_ambiguous" if which else "date_ambiguous", text, options)
        line.key = f"{sorted(people)}/{line.label}/{[claim.source for _worker, claim in ways]}"

    # --- figures ----------------------------------------------------------------------------------------------------

    def known_in(self, areas: Sequence[str]) -> dict[str, int]:
        return {area: Worker.objects.listed().within([area]).count() for area in areas}

    def summary(self, lines: Iterable[Line]) -> dict[str, Any]:
        good = [line for line in lines if not line.wrong]
        asked = [line for line in good if line.question]
        return {
            "rows": len(good),
            "new": sum(line.outcome == Outcome.NEW for line in good),
            "updated": sum(line.outcome == Outcome.UPDATED for line in good),
            "unchanged": sum(line.outcome == Outcome.UNCHANGED for line in good),
            "asked": [
                {"sheet": line.sheet, "row": line.number, "code": line.question.code, "message": line.question.text}
                for line in asked
                if line.question
            ],
        }


TOLD = ("name", "old", "new")


def clues_of(line: Line) -> Clues:
    values = line.values
    number = values.setdefault("id_number", identity.IdNumber())
    mobile = values.get("mobile") or identity.Mobile()
    mobiles = (mobile.first, *mobile.others) if mobile.first else ()
    return Clues(values.get("name", ""), number.value, number.head, mobiles, values.get("number", ""))


def unclear_date() -> str:
    return _("日期被表格存成了数字，分不清是 1 月还是 10 月。请选一个。")


def as_held(claim: Claim) -> Held:
    return Held(0, claim.source, claim.title, claim.amount, claim.subject, claim.mode, claim.begin, False)
