from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from lms import personal, personal_page

PAGE = Path("docs/personal-data.md")


class Command(BaseCommand):
    help = "Write docs/personal-data.md from what the models declare. Refuses while something is undeclared."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; fail where the page is another")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        if missing := personal.undeclared():
            raise CommandError("\n".join(missing))
        path, text = settings.BASE_DIR / PAGE, personal_page.page()
        if not check:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            raise CommandError(f"{PAGE} 和声明不一致，请运行 manage.py personal_data。")
        self.stdout.write(
            f"{PAGE}：{sum(bool(one.holds) for one in personal.all_declared().values())} 个模型有个人信息。"
        )
