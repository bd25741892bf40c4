"""All settings, all from the environment; a bad value stops the start with its name. `.env.example` lists every one."""

import logging
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from environs import Env, validate
from kombu import Exchange, Queue

from lms import strength

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
# empty: made from LOOKUP_KEY, which cannot be changed either
AUDIT_KEY: str = env.str("AUDIT_KEY", "")
AUDIT_DAYS: int = env.int("AUDIT_DAYS", 400, validate=validate.Range(min=180))
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
CODE_CHANNELS: list[str] = env.list("CODE_CHANNELS", ["roster.codes.Console"] if DEBUG else [])
EMAIL = env.dj_email_url("EMAIL_URL", "smtp://127.0.0.1:25")
DEFAULT_FROM_EMAIL: str = env.str("EMAIL_FROM", "webmaster@localhost")
JOB_PATIENCE_SECONDS: float = env.float("JOB_PATIENCE_SECONDS", 30)
# how long personal data stay (docs/personal-data.md): in days
LEFT_WORKER_DAYS: int = env.int("LEFT_WORKER_DAYS", 1095, validate=lambda v: v >= 0)
IMPORT_ORIGINAL_DAYS: int = env.int("IMPORT_ORIGINAL_DAYS", 90, validate=lambda v: v >= 0)
EXAM_JOURNAL_DAYS: int = env.int("EXAM_JOURNAL_DAYS", 1095, validate=validate.Range(min=180))
JOB_DAYS: int = env.int("JOB_DAYS", 90, validate=lambda v: v >= 7)
UNMASK_PER_HOUR: int = env.int("UNMASK_PER_HOUR", 30, validate=lambda v: v > 0)
REQUIRE_SECOND_FACTOR: bool = env.bool("REQUIRE_SECOND_FACTOR", True)
OIDC_SERVER_URL: str = env.str("OIDC_SERVER_URL", "").rstrip("/")
OIDC_CLIENT_ID: str = env.str("OIDC_CLIENT_ID", "")
OIDC_CLIENT_SECRET: str = env.str("OIDC_CLIENT_SECRET", "")
OIDC_NAME: str = env.str("OIDC_NAME", "统一身份认证")
OIDC_CLAIM: str = env.str("OIDC_CLAIM", "preferred_username")
OIDC_SECOND_FACTOR: list[str] = env.list("OIDC_SECOND_FACTOR", [])
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
    "lms.middleware.security_headers",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "lms.middleware.one_clock",
    "lms.middleware.plain_addresses",
    "roster.refused.noted",
    "allauth.account.middleware.AccountMiddleware",
    "roster.idle.not_left_alone",
    "roster.middleware.first_things_first",
    "roster.gate.Gate",
]

ROOT_URLCONF = "lms.urls"
WSGI_APPLICATION = "lms.wsgi.application"
# what is answered beside the middleware, by how its address begins (docs/decisions/0020-exam-day.md)
LANES = {"/exams/sit/": "exams.day.lane.application"}

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "lms.folding.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
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
    {"NAME": f"roster.passwordrules.{rule}"} for rule in ("LongEnough", "Mixed", "NotCommon", "NotAboutYou")
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
# A city's own sign-on (`roster.sign_on`). Which person an identity belongs to is decided there, and nothing the city says is stored.
SOCIALACCOUNT_ADAPTER = "roster.sign_on.SignOnAdapter"
SOCIALACCOUNT_STORE_TOKENS = False

SESSION_ENGINE = "lms.sessions"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# scripts of ours take the token from the form; no script needs the cookie
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
if HTTPS:
    # a name that no other host of the domain and no plain http can write
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
CSRF_FAILURE_VIEW = "lms.views.csrf_failure"
CSRF_TRUSTED_ORIGINS = [SITE_URL]
# the proxy in front does it too; what it lets through by plain http is sent away here, but for the probes of its own
SECURE_SSL_REDIRECT = HTTPS and BEHIND_PROXY
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"  # `lms.policy` lets the back office frame itself
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
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage" if DEBUG else "lms.statics.Named"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_NUMBER_FILES = 20
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
IMPORT_MAX_BYTES = 20 * 1024 * 1024
# what a request may weigh, by the beginning of its address; the first that fits counts. Films come in as documents.
LARGEST_BODIES = {
    "/cms/documents/": 512 * 1024 * 1024,
    "/cms/": 32 * 1024 * 1024,
    "/": DATA_UPLOAD_MAX_MEMORY_SIZE,
}

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
    "let go of what is kept no longer": {"task": "lms.tasks.retain", "schedule": 3600.0},
    "forget old guesses and codes": {"task": "roster.tasks.forget", "schedule": 3600.0},
    "link what was noted": {"task": "lms.tasks.link_audit", "schedule": 10.0},
    "close overdue attempts": {"task": "exams.tasks.close_overdue", "schedule": 20.0},
    "look for odd answers": {"task": "exams.tasks.weigh_closed", "schedule": 3600.0},
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
WAGTAILIMAGES_MAX_IMAGE_PIXELS = 40_000_000
# what is sent is looked into, and a picture drawn anew, whichever of Wagtail's ways it comes in by
WAGTAILIMAGES_IMAGE_FORM_BASE = "lms.upload_forms.ImageForm"
WAGTAILDOCS_DOCUMENT_FORM_BASE = "lms.upload_forms.DocumentForm"
WAGTAILDOCS_INLINE_CONTENT_TYPES: list[
    str
] = []  # a document is kept or opened elsewhere; nothing of it is shown in our house
WAGTAILEMBEDS_FINDERS: list[dict] = []  # no page of ours is fetched from elsewhere
WAGTAILSEARCH_BACKENDS = {"default": {"BACKEND": "wagtail.search.backends.database"}}

IMPORT_EXPORT_USE_TRANSACTIONS = False  # our own chunks own their transactions
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True

FIRST_PASSWORD_DAYS = 30
EMAIL_BACKEND, EMAIL_HOST, EMAIL_PORT = EMAIL["EMAIL_BACKEND"], EMAIL["EMAIL_HOST"], EMAIL["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = EMAIL["EMAIL_HOST_USER"], EMAIL["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL, EMAIL_TIMEOUT = EMAIL["EMAIL_USE_TLS"], EMAIL["EMAIL_USE_SSL"], 10

# an error report, wherever it goes, holds no number and no name: neither in its text nor in what stood in variables and forms
DEFAULT_EXCEPTION_REPORTER = "lms.reporting.Reporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "lms.reporting.Filter"

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

if OIDC_SERVER_URL and not (OIDC_CLIENT_ID and OIDC_CLIENT_SECRET):
    raise ValueError("OIDC_SERVER_URL needs OIDC_CLIENT_ID and OIDC_CLIENT_SECRET")
if urlsplit(SITE_URL).scheme not in {"http", "https"}:
    raise ValueError("SITE_URL must begin with http:// or https://")
if HTTPS and not DEBUG:
    strength.insist(SECRET_KEY=[SECRET_KEY], LOOKUP_KEY=[LOOKUP_KEY], PERSONAL_DATA_KEYS=PERSONAL_DATA_KEYS)
