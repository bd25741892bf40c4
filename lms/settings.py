"""All settings, all from the environment; a bad value stops the start with its name. `.env.example` lists every one."""

import logging
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from environs import Env
from kombu import Exchange, Queue

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env(eager=False)
env.read_env(str(BASE_DIR / ".env"), recurse=False)

DEBUG: bool = env.bool("DEBUG", False)
# where an installation keeps everything that is not code: database, uploads, queue, secrets made at first start
VAR_DIR = Path(env.str("VAR_DIR", str(BASE_DIR / "var"))).resolve()
SECRET_KEY: str = env.str("SECRET_KEY")
# newest first; the rest can still be read
PERSONAL_DATA_KEYS: list[str] = env.list("PERSONAL_DATA_KEYS")
LOOKUP_KEY: str = env.str("LOOKUP_KEY")
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
SITE_URL: str = env.str("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
DATABASE_URL: str = env.str("DATABASE_URL", f"sqlite:///{VAR_DIR / 'db.sqlite3'}")
REDIS_URL: str = env.str("REDIS_URL", "")
MEDIA_BUCKET: str = env.str("MEDIA_BUCKET", "")
MEDIA_ENDPOINT_URL: str = env.str("MEDIA_ENDPOINT_URL", "")
HTTPS: bool = env.bool("HTTPS", SITE_URL.startswith("https://"))
BEHIND_PROXY: bool = env.bool("BEHIND_PROXY", False)
LOG_LEVEL: str = env.str("LOG_LEVEL", "INFO", validate=lambda v: v in {"DEBUG", "INFO", "WARNING", "ERROR"})
SITE_NAME: str = env.str("SITE_NAME", "网格学堂")
ISSUING_BODY: str = env.str("ISSUING_BODY", "咸宁市委社会工作部")
CERTIFICATE_FONT: str = env.str("CERTIFICATE_FONT", "")
CERTIFICATE_PREFIX: str = env.str("CERTIFICATE_PREFIX", "咸网培")
JOB_PATIENCE_SECONDS: float = env.float("JOB_PATIENCE_SECONDS", 30)
DATABASE = env.dj_db_url("DATABASE_URL", f"sqlite:///{VAR_DIR / 'db.sqlite3'}")
env.seal()

INSTALLED_APPS = [
    # from the top of the house to the ground: a template or command found first wins
    "mentors",
    "exams",
    "courses",
    "records",
    "roster",
    "lms",
    "import_export",
    "wagtail.contrib.settings",
    "wagtail.embeds",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "django_tasks",
    "taggit",
    "modelcluster",
    "django_structlog",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "lms.middleware.security_headers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "lms.middleware.one_clock",
    "lms.middleware.plain_addresses",
    "allauth.account.middleware.AccountMiddleware",
    "roster.middleware.first_things_first",
    "roster.gate.Gate",
]

ROOT_URLCONF = "lms.urls"
WSGI_APPLICATION = "lms.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "lms.context.display",
            ],
        },
    },
]

SQLITE = DATABASE["ENGINE"].endswith("sqlite3")
DATABASES = {"default": DATABASE}
# connecting costs more than most queries (SQLite pragmas, PostgreSQL's back-end start)
DATABASE["CONN_MAX_AGE"] = None
DATABASE["CONN_HEALTH_CHECKS"] = not SQLITE
if SQLITE:
    # FULL: an acknowledged answer survives a power cut. IMMEDIATE: no "database is locked" when a read turns into a write.
    DATABASE["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA mmap_size=134217728;"
            "PRAGMA cache_size=-32000;PRAGMA temp_store=MEMORY;PRAGMA journal_size_limit=67108864;"
        ),
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "lms_cache"},
}

AUTH_USER_MODEL = "roster.User"
AUTHENTICATION_BACKENDS = ["roster.signin.Backend"]
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
PASSWORD_HASHERS = ["roster.signin.Argon2idHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "roster.signin.NotAboutYouValidator"},
]
# Sign-in goes through allauth: its stages (a second factor), its sessions, a city's own sign-on. Nobody registers by themselves, and
# nobody is known by an e-mail address. Its counters do not know that two people share a telephone: ours stand in `roster.signin`.
ACCOUNT_ADAPTER = "roster.entrance.AccountAdapter"
MFA_ADAPTER = "roster.entrance.SecondFactorAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": None}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = SITE_NAME
MFA_TOTP_TOLERANCE = 1  # a phone's clock may be half a minute off
MFA_RECOVERY_CODES_SHOW_ONCE = True

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "lms.views.csrf_failure"
CSRF_TRUSTED_ORIGINS = [SITE_URL]
SECURE_SSL_REDIRECT = False  # the proxy in front does it; a second redirect here would loop
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "SAMEORIGIN"  # Wagtail's page preview is a frame of our own
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "lms" / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = ["lms.formats"]

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
MEDIA_URL = "/media/"
MEDIA_ROOT = VAR_DIR / "media"
PRIVATE_ROOT = VAR_DIR / "private"
S3: dict[str, Any] = {
    "BACKEND": "storages.backends.s3.S3Storage",
    "OPTIONS": {
        "bucket_name": MEDIA_BUCKET,
        "endpoint_url": MEDIA_ENDPOINT_URL or None,
        "file_overwrite": False,
        # pictures are served by us, behind sign-in, so the bucket needs no public address
        "custom_domain": f"{urlsplit(SITE_URL).netloc}/media",
        "url_protocol": f"{urlsplit(SITE_URL).scheme}:",
    },
}
STORAGES = {
    "default": S3 if MEDIA_BUCKET else {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # uploads with personal data: never under a public address, whatever serves the media
    "private": {**S3, "OPTIONS": {**S3["OPTIONS"], "location": "private", "default_acl": "private"}}
    if MEDIA_BUCKET
    else {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": PRIVATE_ROOT, "base_url": None, "file_permissions_mode": 0o600},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
IMPORT_MAX_BYTES = 20 * 1024 * 1024

# Background work: the truth is a Job row; the broker only wakes a worker (docs/decisions/0003-jobs-are-rows.md).
QUEUE_DIR = VAR_DIR / "queue"
CELERY_BROKER_URL = REDIS_URL or "filesystem://localhost//"
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"visibility_timeout": 300, "unacked_restore_interval": 5, "unacked_restore_throttle": 1}
    if REDIS_URL
    else {
        "data_folder_in": str(QUEUE_DIR / "messages"),
        "data_folder_out": str(QUEUE_DIR / "messages"),
        "control_folder": str(QUEUE_DIR / "control"),
        "store_processed": False,
        "polling_interval": 0.2,
    }
)
CELERY_TASK_QUEUES = [Queue("lms", Exchange("lms"), routing_key="lms")]
CELERY_TASK_DEFAULT_QUEUE = CELERY_TASK_DEFAULT_EXCHANGE = CELERY_TASK_DEFAULT_ROUTING_KEY = "lms"
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    "send lost jobs again": {"task": "lms.tasks.sweep", "schedule": 10.0},
    "close overdue attempts": {"task": "exams.tasks.close_overdue", "schedule": 20.0},
}
TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}

WAGTAIL_SITE_NAME = SITE_NAME
WAGTAILADMIN_BASE_URL = SITE_URL
WAGTAILADMIN_LOGIN_URL = WAGTAIL_FRONTEND_LOGIN_URL = "/sign-in/"
WAGTAIL_PASSWORD_MANAGEMENT_ENABLED = WAGTAIL_EMAIL_MANAGEMENT_ENABLED = False
WAGTAIL_PASSWORD_RESET_ENABLED = False
WAGTAIL_I18N_ENABLED = False
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_ENABLE_WHATS_NEW_BANNER = False
WAGTAIL_GRAVATAR_PROVIDER_URL = None
WAGTAIL_USER_TIME_ZONES = [TIME_ZONE]
WAGTAILADMIN_PERMITTED_LANGUAGES = [("zh-hans", "简体中文")]
WAGTAILDOCS_SERVE_METHOD = "serve_view"
WAGTAILDOCS_EXTENSIONS = ["pdf", "docx", "xlsx", "pptx", "txt", "mp4", "vtt"]
WAGTAILIMAGES_EXTENSIONS = ["jpg", "jpeg", "png", "webp"]
WAGTAILIMAGES_MAX_UPLOAD_SIZE = 8 * 1024 * 1024
WAGTAILEMBEDS_FINDERS: list[dict] = []  # no page of ours is fetched from elsewhere
WAGTAILSEARCH_BACKENDS = {"default": {"BACKEND": "wagtail.search.backends.database"}}

IMPORT_EXPORT_USE_TRANSACTIONS = False  # our own chunks own their transactions
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True

FIRST_PASSWORD_DAYS = 30

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "lms.logs.formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"level": "INFO"},
        "django.request": {"level": "ERROR"},
        "django.server": {"level": "WARNING"},
        "celery": {"level": "WARNING"},
        "kombu": {"level": "ERROR"},
        "django_tasks": {"level": "WARNING"},
        "wagtail": {"level": "WARNING"},
    },
}
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_USER_ID_FIELD = "pk"
# one line when a request ends; what beat starts every ten seconds is no news
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = DJANGO_STRUCTLOG_CELERY_DEFAULT_LOG_LEVEL = logging.DEBUG

if urlsplit(SITE_URL).scheme not in {"http", "https"}:
    raise ValueError("SITE_URL must begin with http:// or https://")
