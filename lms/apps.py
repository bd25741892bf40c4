from django.apps import AppConfig


class Ground(AppConfig):
    name = "lms"

    def ready(self) -> None:
        from lms import (
            audit_signals,
            deployment,  # noqa: F401  registers its checks
            translations,
        )

        audit_signals.listen()
        translations.remember()
