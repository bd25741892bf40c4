"""The product's settings with an environment of their own, so that a developer's .env and data never reach a test."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

HOME = Path(tempfile.mkdtemp(prefix="xuetang-test-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
for folder in ("static", "media", "private"):
    (HOME / folder).mkdir()

ENVIRONMENT = {
    "DEBUG": "0",
    "VAR_DIR": str(HOME),
    "SECRET_KEY": "only-for-tests-only-for-tests-only-for-tests-only-for-tests",
    "PERSONAL_DATA_KEYS": "b25seS1mb3ItdGVzdHMtb25seS1mb3ItdGVzdHMtMDE=",
    "LOOKUP_KEY": "only-for-tests",
    "AUDIT_KEY": "",
    "AUDIT_DAYS": "400",
    "ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
    "SITE_URL": "http://localhost:8000",
    "DATABASE_URL": os.environ.get("TEST_DATABASE_URL") or f"sqlite:///{HOME / 'db.sqlite3'}",
    "REDIS_URL": "",
    "MEDIA_BUCKET": "",
    "MEDIA_ENDPOINT_URL": "",
    "HTTPS": "0",
    "BEHIND_PROXY": "0",
    "JOB_PATIENCE_SECONDS": "30",
    "LOG_LEVEL": "INFO",
    "SITE_NAME": "网格学堂",
    "ISSUING_BODY": "咸宁市委社会工作部",
    "CERTIFICATE_FONT": "",
    # the tests of it switch it on
    "REQUIRE_SECOND_FACTOR": "0",
    "OIDC_SERVER_URL": "",
    "CODE_CHANNELS": "",
}
os.environ.update(ENVIRONMENT)

from lms.settings import *  # noqa: E402, F403
from lms.settings import DATABASE, LOGGING, SQLITE, STORAGES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
# a manifest would have to be collected first
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
CELERY_TASK_ALWAYS_EAGER = CELERY_TASK_EAGER_PROPAGATES = True
# still formatted and seen by caplog, but not on the terminal
LOGGING = {**LOGGING, "handlers": {"stderr": {"class": "logging.NullHandler", "formatter": "json"}}}
if SQLITE:
    # a test database need not survive a power cut
    DATABASE["OPTIONS"]["init_command"] = DATABASE["OPTIONS"]["init_command"].replace("FULL", "OFF")
