"""What the public import commands share."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from lms import imports
from lms.refusal import Refused


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
            result = imports.run_file(
                imports.resource_of(self.kind)(),
                file.read_bytes(),
                name=file.name,
                write=self.writes or options["apply"],
                now=timezone.now(),
            )
        except Refused as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.show(result, as_json=json)

    def show(self, result: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(result, ensure_ascii=False, indent=1))
            return
        for name, value in result.items():
            if not isinstance(value, list):
                self.stdout.write(f"{name}\t{value}")
        for item in [*result["errors"], *result["warnings"]]:
            self.stdout.write(
                f"{item['sheet']}\t{item['row']}{item['column'] and '/' + item['column']}\t{item['code']}\t{item['message']}"
            )
