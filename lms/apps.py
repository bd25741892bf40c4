from django.apps import AppConfig


class Ground(AppConfig):
    name = "lms"

    def ready(self) -> None:
        from lms import audit_signals

        audit_signals.listen()
