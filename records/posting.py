"""What a list that posts to the ledger does once it has been judged: post, correct by reversing and posting anew, and take back."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from lms.models import ImportRun
from lms.refusal import Refused
from lms.resources import Applied
from records import ledger, shelf
from records.models import SkillRecord
from records.shelf import Claim, Held, Shelf
from roster import employment, reach
from roster.gazetteer import PlacedResource
from roster.models import Worker
from roster.places import covered


class PostingResource(PlacedResource):
    """A kind of list whose rows become records of one kind, under sources that begin with `prefix`."""

    posts = ""
    prefix = ""
    out_of: Decimal | None = None
    roles: tuple[str, ...] = ()

    def changes(self, held: Held, claim: Claim) -> list[list[str]]:
        """[[name, old, new], …] of what a claim would change in the record that is known of it."""
        raise NotImplementedError

    def alike(self, held: Held, claim: Claim) -> bool:
        """Whether a record of another source may be the same thing."""
        return False

    # --- applying ---------------------------------------------------------------------------------------------------

    def permit(self, plans: Sequence[dict[str, Any]], *, actor: Any) -> None:
        paths = reach.paths(actor, *self.roles)
        people = Worker.objects.filter(pk__in={plan["worker"] for plan in plans})
        if not all(covered(path, paths) for path in people.values_list("township__path", flat=True).distinct()):
            raise Refused(_("你的管辖范围变了，剩下的行没有导入。需要导入的，请联系上级管理员。"))

    def apply(self, plans: Sequence[dict[str, Any]], *, run: ImportRun | None, now: datetime) -> Applied:
        claims = [Claim.of(plan) for plan in plans]
        # of two lists at once the second sees what the first posted
        employment.hold_people(plan["worker"] for plan in plans)
        self.shelf = self.shelf_of(plans, claims)
        applied, entries = Applied(), {}
        for index, (plan, claim) in enumerate(zip(plans, claims, strict=True)):
            if sentence := self.overtaken(plan, claim):
                applied.overtaken[index] = sentence
                continue
            count = self.shelf.count(plan["worker"], claim.source)
            entries[index] = claim.entry(self.posts, plan["worker"], count=count, out_of=self.out_of)
        wrong = [plans[index]["replaces"] for index in entries if plans[index]["replaces"]]
        if wrong:
            ledger.reverse_many(wrong, by=run.actor if run else None, reason=_("按更正后的名单重新登记"), now=now)
        ledger.post_many(entries.values(), now=now)
        ids = ledger.ids(entries.values())
        for index, entry in entries.items():
            applied.done[index] = {"record": ids[entry.key], "instead_of": plans[index]["replaces"]}
        return applied

    def shelf_of(self, plans: Sequence[dict[str, Any]], claims: Sequence[Claim]) -> Shelf:
        days = [(claim.begin, claim.end) for claim in claims]
        return Shelf.of({plan["worker"] for plan in plans}, kind=self.posts, prefix=self.prefix, days=days)

    def overtaken(self, plan: dict[str, Any], claim: Claim) -> str:
        """Why a row may not go in any more, "" when all is as the preview saw it."""
        standing = self.shelf.standing(plan["worker"], claim.source)
        if (standing.pk if standing else None) != plan["replaces"]:
            if standing and not self.changes(standing, claim):
                return _("预览以后同一条已经登记了，没有再记。")
            return _("预览以后这条记录变过了，没有导入。请重新上传核对。")
        likes = self.shelf.by_worker.get(plan["worker"], ())
        if not standing and not plan["asked"] and any(self.alike(held, claim) for held in likes):
            return _("预览以后登记了一条可能是同一件事的，没有导入。请重新上传核对。")
        return ""

    # --- taking back ------------------------------------------------------------------------------------------------

    def standing(self, done: Sequence[dict[str, Any]]) -> dict[int, str]:
        records = [act["record"] for act in done]
        years = shelf.counted(records)
        gone = set(SkillRecord.objects.filter(reverses__in=records).values_list("reverses", flat=True))
        found = {}
        for index, record in enumerate(records):
            if record in gone:
                found[index] = _("这条后来已经更正或冲销，不用再撤回。")
            elif record in years:
                found[index] = _("%s年的考核已经审定，得分用到了这条，不能撤回。") % years[record]
        return found

    def undo(self, done: Sequence[dict[str, Any]], *, run: ImportRun, by: Any, now: datetime) -> dict[int, str]:
        """What was posted is reversed; of a correction the old figure is posted anew, since a reversal itself stays."""
        owners = SkillRecord.objects.filter(pk__in=[act["record"] for act in done])
        employment.hold_people(owners.values_list("worker_id", flat=True))
        stays = self.standing(done)
        going = [act for index, act in enumerate(done) if index not in stays]
        ledger.reverse_many([act["record"] for act in going], by=by, reason=_("撤回导入"), now=now)
        ledger.post_many(shelf.anew(act["instead_of"] for act in going if act["instead_of"]), now=now)
        return stays
