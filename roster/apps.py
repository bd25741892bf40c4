from django.apps import AppConfig


class RosterConfig(AppConfig):
    name = "roster"

    def ready(self) -> None:
        from roster import notices  # noqa: F401  it listens for sign-ins
