"""Who the rows of one person are in the roster, what they would do, and what only a person can say of them. Writes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lms.models import Outcome
from lms.resources import NONE, NOTHING, Line, Option, Question
from roster import known
from roster.known import Known
from roster.models import Grid, Posting, Territory, Worker, WorkerState
from roster.places import Map, covered

Plan = dict[str, Any]
Held = dict[int, Posting]
GONE = (WorkerState.LEFT, WorkerState.REASSIGNED)
RESERVED_NUMBER = lazy("身份证号和名册里的不同。改身份证号由县级以上管理员办理；登录号填错了的，请改好再传。")
MOST = 5  # so many possible people are offered at most


@dataclass
class Result:
    """What one row would do under one answer."""

    outcome: str
    plan: Plan
    changes: Sequence[list[str]] = NONE


@dataclass
class Matching:
    """Judges the rows of a list person by person. `seen` gathers who the list may have named."""

    map: Map
    paths: list[str]
    found: Known
    may_decide: bool = False  # who a person is: names, ID numbers, whether they are back (see `files.RESERVED`)
    seen: set[int] = field(default_factory=set)

    def judge(self, group: Sequence[Line]) -> None:
        """All rows of one person, in the order of the file, against what the roster holds."""
        plan = group[0].plan or {}
        matches = self.found.matches(plan)
        near = [] if matches or plan.get("number") else self.found.alike(plan["person"])
        self.seen |= {worker.pk for worker in [*matches, *near]}
        within = [worker for worker in matches if self.reaches(worker)]
        if matches and not within:
            for line in group:
                line.out_of_reach(_("这个人登记在你管辖范围以外。要调过来的，请由上级管理员导入。"))
            return
        wanted = self.wanted(group, plan["person"])
        if plan.get("number") and not matches:
            text = _("名册里没有登录号 %s。请核对，不知道登录号的留空。")
            for line in wanted.values():
                line.fault("number_unknown", text % plan["number"], "number")
        elif len(within) > 1:
            self.which(wanted, within)
        elif within:
            self.one(wanted, within[0])
        elif near := [worker for worker in near if self.reaches(worker)]:
            self.perhaps(wanted, near[:MOST])
        else:
            self.settle(wanted, None)

    def wanted(self, group: Sequence[Line], person: dict[str, Any]) -> dict[int, Line]:
        """The rows by grid, without those that say the same again or give the number another name."""
        wanted: dict[int, Line] = {}
        for line in group:
            plan = line.plan or {}
            if plan["person"]["name"] != person["name"]:
                text = _("这个身份证号在第 %(row)s 行是另一个姓名。请核对是谁填错了。")
                line.fault("name_differs", text % {"row": group[0].number}, "name")
            elif plan["grid"] in wanted:
                line.remark("duplicate_row", _("同一个人、同一个网格，表里前面已经有了。"))
                line.outcome = Outcome.UNCHANGED
            else:
                wanted[plan["grid"]] = line
        return wanted

    def reaches(self, worker: Worker) -> bool:
        """Whether a known person, with all grids held now, is the uploader's to change."""
        held = self.found.postings.get(worker.pk, {})
        township = self.map.by_id.get(worker.township_id) or worker.township
        places = [township.path, *(posting.grid.community.path for posting in held.values())]
        return all(covered(path, self.paths) for path in places)

    # --- what is clear ----------------------------------------------------------------------------------------------

    def settle(self, wanted: dict[int, Line], worker: Worker | None) -> None:
        results = self.results(wanted, worker)
        for grid, line in wanted.items():
            result = results[grid]
            line.outcome, line.plan, line.shown["changes"] = result.outcome, result.plan, result.changes
        self.which_month(wanted, worker)

    def results(self, wanted: dict[int, Line], worker: Worker | None, **also: Any) -> dict[int, Result]:
        """
        What the rows of one person do, by grid, if they are this worker (None: someone new); the first carries what changes in the person.

        `also` goes into each plan; `person` in it replaces what the list says of the person.
        """
        held = self.found.postings.get(worker.pk, {}) if worker else {}
        patch, flags = also.pop("person", {}), also
        staying = set(wanted) & set(held)
        found, expects = {}, (*held, *wanted)
        for place, (grid, line) in enumerate(wanted.items()):
            person = (line.plan or {})["person"]
            plan = {**(line.plan or {}), **flags, "person": {**person, **patch} if patch else person}
            was = known.differences(worker, plan["person"]) if worker and place == 0 else NOTHING
            plan |= {"worker": worker.pk if worker else None, "was": was, "expects": expects, "close": NONE}
            plan["stands"] = worker.township_id if worker and place == 0 else None
            changes: Sequence[list[str]] = known.told(worker, was, plan["person"], self.map) if was else NONE
            outcome = self.outcome(plan, held, place == 0, bool(staying), bool(changes))
            if outcome == Outcome.MOVED:
                plan["close"] = [posting.pk for posting in held.values()]
                old = "、".join(full_name(posting.grid, posting.grid.community) for posting in held.values())
                changes = [[_("网格"), old or _("没有"), line.shown["facts"][1]], *changes]
            found[grid] = Result(outcome, plan, changes)
        return found

    def outcome(self, plan: Plan, held: Held, first: bool, staying: bool, changes: bool) -> str:
        if plan["worker"] is None:
            return Outcome.NEW if first else Outcome.SECOND_GRID
        if plan["grid"] in held:
            return Outcome.UPDATED if changes or (first and plan.get("rehire")) else Outcome.UNCHANGED
        return Outcome.MOVED if first and not staying else Outcome.SECOND_GRID

    # --- what a person must say -------------------------------------------------------------------------------------

    def one(self, wanted: dict[int, Line], worker: Worker) -> None:
        """The list means somebody known; a name that differs, or somebody who has gone, is asked about."""
        if not wanted:
            return
        person = next(iter(wanted.values())).plan["person"]  # type: ignore[index]
        gone = worker.state in GONE
        if not self.may_decide and other_number(worker, person):
            for line in wanted.values():
                line.fault("id_number_differs", RESERVED_NUMBER, "id_number")
        elif person["name"] != worker.name:
            text = _("这个身份证号（登录号）在名册里是“%s”。请核对是不是同一个人、哪个名字对；填错号码的，请改好再传。")
            rename = _("是同一个人，改名为“%s”") % person["name"]
            keep = _("是同一个人，仍叫“%s”") % worker.name
            options = [("keep", keep, self.results(wanted, worker, rehire=gone, person={"name": worker.name}))]
            if self.may_decide:
                options.insert(0, ("rename", rename, self.results(wanted, worker, rehire=gone)))
            self.ask(wanted, "name_differs", text % worker.name, options if self.may_decide or not gone else [])
        elif gone:
            text = _("这个人在名册里已退出，系统不会自动恢复。")
            again = (
                _("请先核实，再选是否重新上岗。") if self.may_decide else _("请先核实，再请县级管理员办理重新上岗。")
            )
            options = [("rehire", _("重新上岗"), self.results(wanted, worker, rehire=True))]
            self.ask(wanted, "worker_left", text + again, options if self.may_decide else [])
        else:
            self.settle(wanted, worker)

    def which(self, wanted: dict[int, Line], workers: Sequence[Worker]) -> None:
        """Several people of this name and mobile number, and no ID number to tell them apart."""
        options = [(f"w{worker.pk}", self.described(worker), self.results(wanted, worker)) for worker in workers[:MOST]]
        text = _("名册里有几个同名同手机号的人，没有身份证号分不清是谁。请选。")
        self.ask(wanted, "person_ambiguous", text, options)

    def perhaps(self, wanted: dict[int, Line], workers: Sequence[Worker]) -> None:
        """Someone alike is known: asked, never merged."""
        wanted_person = (next(iter(wanted.values())).plan or {})["person"]
        options = [
            (f"w{worker.pk}", _("就是这个人：%s") % self.described(worker), self.results(wanted, worker))
            for worker in workers
            if worker.state not in GONE and (self.may_decide or not other_number(worker, wanted_person))
        ]
        options.append(("new", _("不是，是另一个人，新增"), self.results(wanted, None, separate=True)))
        text = _("名册里有同名的人，身份证号或手机号对不上。请核对是不是同一个人。")
        self.ask(wanted, "person_alike", text, options, outcome=Outcome.DUPLICATE)

    def truncated(self, line: Line, plan: Plan, head: str) -> None:
        """An ID number that a spreadsheet has cut: whoever has this name and its first figures is offered, and nobody is taken for it."""
        workers = self.found.by_head(plan["person"]["name"], head)
        workers = [worker for worker in workers if worker.state not in GONE and self.reaches(worker)][:MOST]
        self.seen |= {worker.pk for worker in workers}
        if not workers:
            return
        line.plan, line.key = plan, plan["key"]
        wanted = {plan["grid"]: line}
        options = [
            (f"w{worker.pk}", _("就是这个人：%s") % self.described(worker), self.results(wanted, worker))
            for worker in workers
        ]
        line.ask(self.question("id_number_truncated", _("名册里有同名、身份证号前 15 位相同的人。"), options, line))

    def which_month(self, wanted: dict[int, Line], worker: Worker | None) -> None:
        """2024.1 as a number is January or October: the year alone goes in unless a person knows the month."""
        for line in list(wanted.values())[:1]:
            joined = line.values.get("joined")
            person = (line.plan or {}).get("person", {})
            if not joined or "date_ambiguous" not in joined.codes or not person:
                return
            year = joined.date.year
            if worker and known.coarser(worker, person, "joined_on"):
                return
            options = [
                ("year", _("只记 %s 年") % year, self.results(wanted, worker)),
                *(
                    (
                        code,
                        _("%(year)s 年 %(month)s 月") % {"year": year, "month": month},
                        self.in_month(wanted, worker, date(year, month, 1)),
                    )
                    for code, month in (("january", 1), ("october", 10))
                ),
            ]
            text = _("上岗时间写的是数字 %s.1，可能是 1 月，也可能是 10 月。") % year
            line.ask(self.question("date_ambiguous", text, options, line, taken="year"))

    def in_month(self, wanted: dict[int, Line], worker: Worker | None, day: date) -> dict[int, Result]:
        return self.results(wanted, worker, person={"joined_on": day.isoformat(), "joined_precision": "month"})

    def ask(
        self,
        wanted: dict[int, Line],
        code: str,
        text: str,
        options: list[tuple[str, str, dict[int, Result]]],
        *,
        outcome: str = Outcome.CONFLICT,
    ) -> None:
        """Ask the same of all rows of the person; until it is answered none goes in."""
        for line in wanted.values():
            line.remark(code, text)
            line.ask(self.question(code, text, options, line))
            line.outcome, line.shown["changes"] = outcome, []

    def question(
        self, code: str, text: str, options: list[tuple[str, str, dict[int, Result]]], line: Line, taken: str = ""
    ) -> Question:
        grid = (line.plan or {})["grid"]
        made = [Option(name, label, at[grid].outcome, at[grid].plan, at[grid].changes) for name, label, at in options]
        return Question(code, text, made, taken)

    def described(self, worker: Worker) -> str:
        """Enough of a known person to tell them by: masked numbers and where they are."""
        held = self.found.postings.get(worker.pk, {}).values()
        grids = "、".join(full_name(posting.grid, posting.grid.community) for posting in held)
        facts = [worker.name, worker.masked_id_number, worker.masked_mobile, grids]
        return " ".join(filter(None, facts))


def other_number(worker: Worker, person: dict[str, Any]) -> bool:
    """Whether the list gives somebody another ID number than the roster has."""
    return bool(worker.id_number and person["id_number"] and worker.id_number != person["id_number"])


@lru_cache(maxsize=10_000)
def joined(community: str, grid: str) -> str:
    return f"{community} · {grid}"


def full_name(grid: Grid, community: Territory) -> str:
    return joined(community.name, grid.name)
