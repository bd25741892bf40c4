import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")

app = Celery("lms")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)  # a job's lines carry the id of the request that asked for it


@setup_logging.connect
def keep_djangos_logging(**_: Any) -> None:
    """Having a receiver is what stops Celery from putting its own handlers in place of ours."""
