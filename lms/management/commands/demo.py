import json
import time
from argparse import ArgumentParser
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from lms import floors
from lms.demo import City


class Command(BaseCommand):
    help = (
        "Build the demo city by the product's own verbs, floor by floor from the ground. Only into an empty database."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--scale", type=float, default=1.0, help="share of the real city, e.g. 0.1")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--json", action="store_true", help="print the logins as JSON")

    def handle(self, *args: Any, scale: float, seed: int, json: bool, **options: Any) -> None:
        if not 0.02 <= scale <= 2:
            raise CommandError("--scale 应是 0.02 到 2 之间的数：实际规模的多少倍。")
        if apps.get_model("roster", "Territory").objects.exists():
            raise CommandError("库里已经有一座城市。演示城市只能建在空库里，请换一个空库。")
        # `script/server` has made it; after a bare `migrate` it is missing
        call_command("createcachetable", verbosity=0)
        started = time.monotonic()
        city = City(scale=scale, seed=seed, now=timezone.now(), say=lambda text: self.say(text, started))
        for module in floors.modules("demo"):
            module.build(city)
        self.report(city, as_json=json)

    def say(self, text: str, started: float) -> None:
        self.stderr.write(f"[{time.monotonic() - started:6.1f} s] {text}", style_func=str)

    def report(self, city: City, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps([vars(login) for login in city.logins], ensure_ascii=False, default=str))
            return
        for login in city.logins:
            self.stdout.write(f"{login.role}\t{login.username}\t{login.password}\t{login.note}")
