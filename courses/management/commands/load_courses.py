from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from courses import loading


class Command(BaseCommand):
    help = "Make the catalog and the courses that come with the product. What is there already stays as it is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--renew", action="store_true", help="write a new version of every page that comes with us")

    def handle(self, *args: Any, renew: bool, **options: Any) -> None:
        written = loading.load(renew=renew, say=lambda text: self.stderr.write(text))
        self.stdout.write(f"{written} lessons written")
