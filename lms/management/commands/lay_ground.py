from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone

from lms import floors


class Command(BaseCommand):
    help = "Lay what a new installation starts with: agreement, skills, this year's schemes, courses, questions. What is there stays."

    def handle(self, *args: Any, **options: Any) -> None:
        # `script/server` has made it; after a bare `migrate` it is missing
        call_command("createcachetable", verbosity=0)
        for module in floors.modules("ground"):
            for line in module.lay(now=timezone.now()):
                self.stdout.write(line)
