"""What the public import commands share."""

import hashlib
import json
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from lms import audit, imports, judging
from lms.models import Outcome
from lms.outcomes import APPLIED, WAITING
from lms.refusal import Refused
from lms.resources import ERROR, Line, SheetResource

# the figures of a result as they are printed for a person; with --json the keys stand as they are
WORDS = {
    "rows": "读到的行",
    "new": "新增",
    "updated": "更新",
    "unchanged": "没有变化",
    "outside_300_500_households": "不在 300 到 500 户之间的网格",
    "new_people": "新的网格员",
    "assignments": "新的在岗",
    "mentors": "名册中的小教员",
    "people_with_two_grids": "兼任两个网格的人",
    "asked": "要由人决定的行",
    "skipped_rows": "略过的行",
    "errors": "错误",
    "warnings": "提醒",
    "undecided": "要在后台决定的行，没有导入",
    "absent": "在册而名单里没有的人",
}


class ImportCommand(BaseCommand):
    """Judge FILE as one kind of import; write it where the command says so; print what was found."""

    kind = ""
    # whether the command writes without being asked
    writes = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--json", action="store_true", help="print the result as JSON")
        if not self.writes:
            parser.add_argument("--apply", action="store_true", help="write; without it nothing is written")

    def handle(self, *args: Any, file: Path, json: bool, **options: Any) -> None:
        if not file.is_file():
            raise CommandError(f"没有这个文件：{file}")
        try:
            result = run_file(
                imports.resource_of(self.kind)(),
                file.read_bytes(),
                name=file.name,
                write=self.writes or options["apply"],
                now=timezone.now(),
            )
        except Refused as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.show(result, as_json=json)
        if not json and not self.writes and not options["apply"]:
            self.stdout.write("以上只是核对的结果，什么都没有写入。要导入，请加上 --apply。")

    def show(self, result: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(result, ensure_ascii=False, indent=1))
            return
        for name, value in result.items():
            self.stdout.write(f"{WORDS.get(name, name)}\t{len(value) if isinstance(value, list) else value}")
        for item in [*result["errors"], *result["undecided"], *result["warnings"]]:
            self.stdout.write(
                f"{item['sheet']}\t{item['row']}{item['column'] and '/' + item['column']}\t{item['code']}\t{item['message']}"
            )


def run_file(resource: SheetResource, data: bytes, *, name: str, write: bool, now: datetime) -> dict[str, Any]:
    """Judge a file and, with `write`, apply it, without staging; the result as the public commands print it."""
    reading = judging.read(resource, data, name=name, actor=None, now=now)
    lines = reading.lines
    result = {
        **resource.summary(lines),
        "skipped_rows": reading.skipped_rows,
        "errors": [item for line in lines if line.outcome == Outcome.WRONG for item in items(line, errors=True)],
        "warnings": [
            item
            for line in lines
            if line.outcome not in (Outcome.WRONG, *WAITING)
            for item in items(line, errors=False)
        ],
        "undecided": [item for line in lines if line.outcome in WAITING for item in items(line, errors=False)],
        "absent": len(reading.absent),
    }
    if write:
        plans = [line.plan for line in lines if line.outcome in APPLIED and line.plan]
        for start in range(0, len(plans), imports.CHUNK):
            with transaction.atomic():
                resource.apply(plans[start : start + imports.CHUNK], run=None, now=now)
        sha256 = hashlib.sha256(data).hexdigest()
        audit.note("import.applied", now=now, kind=resource.kind, sha256=sha256, counts=reading.counts)
    return result


def items(line: Line, *, errors: bool) -> Iterator[dict[str, Any]]:
    for note in line.notes:
        if (note.level == ERROR) == errors:
            yield {
                "sheet": line.sheet,
                "row": line.number,
                "code": note.code,
                "column": note.column,
                "message": note.message,
            }
