from django.apps import AppConfig


class RosterConfig(AppConfig):
    name = "roster"

    def ready(self) -> None:
        from roster import (
            checks,  # noqa: F401 - registers them
            failed,  # noqa: F401  it listens for sign-ins that failed
            notices,  # noqa: F401  it listens for sign-ins
        )
