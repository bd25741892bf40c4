from django.apps import AppConfig


class GroundConfig(AppConfig):
    name = "lms"

    def ready(self) -> None:
        from lms import deployment  # noqa: F401  registers its checks
