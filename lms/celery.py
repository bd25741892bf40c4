import gc
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_process_init
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")

app = Celery("lms")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)  # a job's lines carry the id of the request that asked for it


@setup_logging.connect
def keep_djangos_logging(**_: Any) -> None:
    """Having a receiver is what stops Celery from putting its own handlers in place of ours."""


@worker_process_init.connect
def settle(**_: Any) -> None:
    """
    What has been loaded stays for good, and the rows of a list are many and short-lived: the collector looks at the first no more, and
    at the others less often. It cost a tenth of an import.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
