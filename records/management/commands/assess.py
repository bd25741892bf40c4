import json
from argparse import ArgumentParser
from collections import Counter
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Avg
from django.utils import timezone
from django.utils.translation import gettext as _

from lms.refusal import Refused
from records import assessments, quota
from records.models import Round
from records.scheme import UNGRADED, cents
from roster.models import Territory


class Command(BaseCommand):
    help = "Draft the yearly assessment from the ledger, for every county or for one, as a new version."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("year", type=int)
        parser.add_argument("--county", default="", help="name of one county, with or without 县, 市 or 区")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, year: int, county: str, json: bool, **options: Any) -> None:
        now = timezone.now()
        rounds = []
        try:
            for scheme in assessments.default_schemes(year):
                for one in self.counties(county):
                    rounds.append(report(assessments.draft(scheme, one, by=None, now=now)))
        except Refused as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.print_json(year, rounds) if json else self.print_lines(rounds)

    def counties(self, name: str) -> list[Territory]:
        counties = list(Territory.objects.counties())
        if name:
            counties = [one for one in counties if name in (one.name, one.stem)]
        if not counties:
            raise CommandError(_("没有找到叫这个名字的县（市、区），请核对名称。"))
        return counties

    def print_json(self, year: int, rounds: list[dict[str, Any]]) -> None:
        grades: Counter[str] = Counter()
        for one in rounds:
            grades.update(one["grades"])
        whole = {"year": year, "workers": sum(grades.values()), "grades": grades, "rounds": rounds}
        self.stdout.write(json.dumps(whole, ensure_ascii=False))

    def print_lines(self, rounds: list[dict[str, Any]]) -> None:
        for one in rounds:
            if not one["workers"]:
                self.stdout.write(_("%(county)s %(employment)s：没有参评的人") % one)
                continue
            grades = "，".join(f"{grade} {count}" for grade, count in one["grades"].items())
            self.stdout.write(
                _(
                    "%(county)s %(employment)s 第 %(version)s 版：%(workers)s 人，平均 %(mean)s 分；%(grades)s；%(quota)s"
                )
                % {**one, "grades": grades}
            )


def report(drafted: Round) -> dict[str, Any]:
    """What a round holds, in figures: how many of each grade, the mean score, and the sum of the quota."""
    grades = Counter(drafted.assessments.values_list("grade", flat=True))
    mean = drafted.assessments.aggregate(mean=Avg("score"))["mean"]
    limit = quota.places(sum(grades.values()) - grades[UNGRADED], drafted.scheme.excellent_share)
    return {
        "county": drafted.county.name,
        "employment": drafted.scheme.get_employment_display(),
        "version": drafted.version,
        "workers": sum(grades.values()),
        "grades": dict(grades.most_common()),
        "mean": None if mean is None else str(cents(Decimal(mean))),
        "quota": limit.sentence,
    }
