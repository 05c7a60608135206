"""All settings, from the environment; the table of variables is in docs/settings.md."""

from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy

from portal import beat, environment
from portal.desk import theme

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = Path(environment.text("FERRY_VAR", str(BASE_DIR / "var")))

# --- Safety -------------------------------------------------------------------------------------
DEBUG = environment.flag("DEBUG", default=False)
SECRET_KEY = environment.text("SECRET_KEY")
FERRY_DATA_KEYS = environment.words("FERRY_DATA_KEYS")  # Fernet keys, newest first
FERRY_INDEX_KEYS = environment.words("FERRY_INDEX_KEYS")  # base64url, newest first: identity/profile/index.py
FERRY_PROOF_KEYS = environment.words("FERRY_PROOF_KEY")  # Ed25519, base64url, newest first: services/gateway/proof.py
FERRY_DISCLOSURE_KEYS = environment.words("FERRY_DISCLOSURE_KEY")  # the same: identity/consent/checkpoints.py
if not SECRET_KEY or not FERRY_DATA_KEYS:
    raise ImproperlyConfigured("Set SECRET_KEY and FERRY_DATA_KEYS (make run keeps its own in var/secrets.env).")
PORT = environment.number("PORT", 8000)
BASE_URL = environment.text("BASE_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
IS_HTTPS = urlsplit(BASE_URL).scheme == "https"
ALLOWED_HOSTS = [*environment.words("ALLOWED_HOSTS"), urlsplit(BASE_URL).hostname, "127.0.0.1", "localhost"]
CSRF_TRUSTED_ORIGINS = [BASE_URL]
SESSION_COOKIE_NAME = "ferry_session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "portal.web.errors.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
if environment.flag("TRUST_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "report-uri": ["/policy-reports"],
        "report-to": ["policy"],
    }
}
METRICS_TOKEN = environment.text("METRICS_TOKEN")  # empty: anyone who reaches the port may read /metrics

# --- The house ----------------------------------------------------------------------------------
INSTALLED_APPS = [
    "portal.desk",  # before the admin, of whose templates it replaces one
    "unfold",
    "unfold.contrib.forms",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "portal.web",  # before allauth, whose templates it replaces
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    "django_htmx",
    "template_partials",
    "csp",
    "identity.accounts",
    "identity.profile",
    "identity.consent",
    "identity.mandates",
    "identity.provider",
    "identity.upstream",
    "identity.signing",
    "services.registry",
    "services.forms",
    "services.gateway",
    "services.search",
    "services.consolidation",
    "portal.control",
    "portal.api",
    "portal.sso",
]
MIDDLEWARE = [
    "portal.watch.correlation.Correlation",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.web.language.RememberLanguage",
    "portal.web.pagecache.SignedOutPageCache",
    "portal.control.policy_reports.ReportingEndpoints",
    "csp.middleware.CSPMiddleware",
    "portal.desk.security.AdminPolicy",
    "portal.sso.security.ReturnToClients",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.web.limits.RequestSizeGuard",
    "portal.web.entrance.SignInAndComeBack",
    "identity.accounts.second_factor.StaffSecondFactor",
    "allauth.account.middleware.AccountMiddleware",
    "identity.accounts.limits.NoteUse",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.web.for_another.RefuseSpentMandates",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
            ],
        },
    }
]

# --- Database, broker, cache ----------------------------------------------------------------------
DATABASES = {
    "default": environment.database(
        environment.text("DATABASE_URL", "postgresql://ferry@127.0.0.1/ferry"),
        pool_size=environment.number("DATABASE_POOL_SIZE", 16),
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = environment.text("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "portal.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 1},
        "TIMEOUT": 300,
    }
}
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 1,
    "socket_timeout": 30,
    "visibility_timeout": 3600,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_IGNORE_RESULT = True  # the database is the truth
CELERY_TASK_PUBLISH_RETRY = False  # a doorbell that does not ring is found by the sweeper
CELERY_TASK_DEFAULT_QUEUE = "chores"
CELERY_TASK_ROUTES = {"gateway.deliver_waiting": {"queue": "calls"}, "gateway.exchange_batch": {"queue": "calls"}}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE = beat.SCHEDULE

# --- Languages and time -------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hant", "繁體中文"), ("zh-hans", "简体中文")]
LANGUAGE_COOKIE_NAME = "ferry_language"
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_AGE = 31_536_000
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Asia/Hong_Kong"
USE_TZ = True

# --- Consent and disclosures -----------------------------------------------------------------------
ASK_WHY_WORKING_DAYS = environment.number("ASK_WHY_WORKING_DAYS", 10)  # until a person's "why?" has to be answered

# --- Sign-in ------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["identity.accounts.backends.AccountBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "identity.accounts.passwords.ContextWordsValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = reverse_lazy("web:home")
LOGOUT_REDIRECT_URL = ACCOUNT_LOGOUT_REDIRECT_URL = reverse_lazy("web:home")
ACCOUNT_ADAPTER = "identity.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]  # a user name would tell who has an account
ACCOUNT_SIGNUP_FORM_CLASS = "identity.accounts.kinds.KindForm"
VISITOR_DAYS = environment.number("VISITOR_DAYS", 180)  # from opening a visitor's account to its end
ACCOUNT_EMAIL_VERIFICATION = "mandatory"  # of whoever opens an account: identity/accounts/stages.py
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600  # seconds
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGIN_BY_CODE_ENABLED = ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_RATE_LIMITS = {  # wrong passwords: identity/accounts/attempts.py; login_failed counts codes of a second step
    "login": "300/m/ip", "login_failed": "300/m/ip,5/5m/key", "signup": "20/m/ip", "reauthenticate": "30/m/user",
    "request_login_code": "60/m/ip,3/m/key,10/h/key", "reset_password": "60/m/ip,3/m/key,10/h/key",
}  # fmt: skip
ALLAUTH_TRUSTED_PROXY_COUNT = environment.number("TRUSTED_PROXY_COUNT", 0)
MFA_ADAPTER = "identity.accounts.factors.FactorAdapter"
MFA_SUPPORTED_TYPES = ["webauthn", "totp", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_RATE_LIMITS = {"webauthn_login": "300/m/ip"}
MFA_FORMS = {
    "add_webauthn": "identity.accounts.factor_forms.PasskeyForm",
    "login_webauthn": "identity.accounts.factor_forms.PasskeyLoginForm",
    "authenticate_webauthn": "identity.accounts.factor_forms.PasskeyStepForm",
    "reauthenticate_webauthn": "identity.accounts.factor_forms.PasskeyAgainForm",
    "authenticate": "identity.accounts.factor_forms.CodeForm",
    "reauthenticate": "identity.accounts.factor_forms.CodeAgainForm",
}
SECOND_FACTOR_URL = reverse_lazy("web:account-security")
STAFF_PATHS = ("/admin/", "/control/")
STAFF_NEED_SECOND_FACTOR = environment.flag("STAFF_NEED_SECOND_FACTOR", default=False)
RECOVERY_WAIT_HOURS = environment.number("RECOVERY_WAIT_HOURS", 72)
ACCOUNT_SESSION_REMEMBER = False
SESSION_ENGINE = "identity.accounts.sessions"
SIGNED_IN_SECONDS = environment.number("SIGNED_IN_SECONDS", 8 * 3600)  # of a session: identity/accounts/limits.py
SIGNED_IN_IDLE_SECONDS = environment.number("SIGNED_IN_IDLE_SECONDS", 3600)
PLUS_SECONDS = environment.number("PLUS_SECONDS", 3600)  # of what a session proves beyond `basic`
PLUS_IDLE_SECONDS = environment.number("PLUS_IDLE_SECONDS", 1800)
STEP_UP_URL = "web:account-prove"
VISIT_OVER_URL = "web:account-visit-over"
SESSION_COOKIE_AGE = SIGNED_IN_SECONDS
OPERATIONS_EMAIL = environment.text("OPERATIONS_EMAIL", "")  # gets the daily list of what failed
EMAIL_BACKEND = environment.text("EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend")
EMAIL_FILE_PATH = VAR / "mail"  # where mails lie until there is a server to send them
EMAIL_HOST, EMAIL_PORT = environment.text("EMAIL_HOST", "localhost"), environment.number("EMAIL_PORT", 25)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = environment.text("EMAIL_HOST_USER"), environment.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS, EMAIL_TIMEOUT = environment.flag("EMAIL_USE_TLS", default=False), 10
DEFAULT_FROM_EMAIL = environment.text("EMAIL_FROM", "Ferry <no-reply@localhost>")

# --- Departments' own sites -----------------------------------------------------------------------
_ON_LOOPBACK = urlsplit(BASE_URL).hostname in {"127.0.0.1", "localhost"}  # a demonstration: everything is on it
PROVIDER_ALLOWS_LOOPBACK = environment.flag("PROVIDER_ALLOWS_LOOPBACK", default=_ON_LOOPBACK)

# --- Provider for departments ---------------------------------------------------------------------
DEMO_CLIENT_SECRET = environment.text("DEMO_CLIENT_SECRET")  # of the demonstration's clients; else made and shown once
PROVIDER_CLIENT_RATE = environment.number(
    "PROVIDER_CLIENT_RATE", 12_000
)  # requests of one client a minute, at one endpoint

# --- Pages --------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "portal.web.bundles.BundleFinder",  # one stylesheet and one script from many small files
]
STORAGES = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}
WHITENOISE_MAX_AGE = 3600
WHITENOISE_KEEP_ONLY_HASHED_FILES = True  # halves the compressing of a first start
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # bytes of a form without its files
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1500  # a form of a hundred questions in three languages, at the desk
FILE_UPLOAD_MAX_BYTES = 5 * 1024 * 1024  # bytes of one file a citizen sends
REQUEST_MAX_BYTES = 8 * 1024 * 1024  # bytes of a whole request; larger ones are refused unread

# --- API ----------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["portal.api.reading.AccessToken", "portal.api.reading.Session"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["portal.api.reading.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "portal.api.problems.problem_response",
    "DEFAULT_THROTTLE_RATES": {
        "read": environment.text("API_READ_RATE", "1200/min"),
        "call": environment.text("API_CALL_RATE", "120/min"),
        "hook": environment.text("API_HOOK_RATE", "1200/min"),
    },
}
API_MAX_STREAMS = environment.number("API_MAX_STREAMS", 12)  # of events, in one web process
SPECTACULAR_SETTINGS = {
    "TITLE": "Ferry 一渡通",
    "DESCRIPTION": "Find public services, carry them out, and follow each call to its answer.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "StepStateEnum": ["done", "missed", "current", "todo", "problem"],
        "FunctionStateEnum": ["published", "suspended"],
    },
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": r"/api/v1",
}

# --- Gateway ------------------------------------------------------------------------------------
TWINS_URL = environment.text("TWINS_URL", f"http://127.0.0.1:{environment.number('TWINS_PORT', 8100)}")
_twins = urlsplit(TWINS_URL)  # one port for each kind of wire, side by side: services/twins/ports.py
TWINS_RECORDS_URL = f"tcp://{_twins.hostname}:{(_twins.port or 8100) + 1}"
TWINS_SFTP_URL = f"sftp://{_twins.hostname}:{(_twins.port or 8100) + 2}"
TWINS_TLS_URL = f"https://{_twins.hostname}:{(_twins.port or 8100) + 3}"
GATEWAY_BACKEND_KEPT_SECONDS = 5.0  # so long a change of a backend takes to reach every worker
GATEWAY_CALLS_AT_ONCE = environment.number("GATEWAY_CALLS_AT_ONCE", 600)  # in one worker process
GATEWAY_RETRY_FIRST_SECONDS = 1.0
GATEWAY_RETRY_CAP_SECONDS = 600.0
GATEWAY_MAX_ATTEMPTS = 8
GATEWAY_MAX_LOOKUPS = 40

# --- Identities from elsewhere (docs/identity-upstream.md) ---------------------------------------------
SOCIALACCOUNT_ADAPTER = "identity.upstream.adapter.SocialAccountAdapter"
SOCIALACCOUNT_EMAIL_REQUIRED = False  # the provider's key for a person is enough
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_REAUTHENTICATION_REQUIRED = False  # who links or unlinks is asked by identity.accounts.step_up
UPSTREAM_URL = environment.text(
    "UPSTREAM_URL", f"http://{_twins.hostname}:{(_twins.port or 8100) + 4}"
).rstrip("/")  # fmt: skip
UPSTREAM_NAMES = environment.words("UPSTREAM_NAMES")  # of the app, in the order of LANGUAGES
UPSTREAM_CLIENT_ID = environment.text("UPSTREAM_CLIENT_ID", "ferry")
UPSTREAM_CLIENT_SECRET = environment.text("UPSTREAM_CLIENT_SECRET")
UPSTREAM_PRIVATE_KEY = environment.text("UPSTREAM_PRIVATE_KEY")
UPSTREAM_KEY_WRAPPING = environment.text("UPSTREAM_KEY_WRAPPING", "OAEP-SHA256")
UPSTREAM_SCOPE = environment.words("UPSTREAM_SCOPE", "eidapi_auth,eidapi_profiles,eidapi_formFilling,eidapi_sign")
UPSTREAM_TRUST_FILE = environment.text("UPSTREAM_TRUST_FILE", str(VAR / "twins" / "identity" / "authority.pem"))
FERRY_SEAL = environment.words("FERRY_SEAL")  # key and certificates, DER in base64: identity/signing/seal.py
FERRY_SEAL_TRUST_FILE = environment.text("FERRY_SEAL_TRUST_FILE")
FERRY_TSA_URL = environment.text("FERRY_TSA_URL", f"{UPSTREAM_URL}/time-stamps")
FERRY_TSA_TRUST_FILE = environment.text("FERRY_TSA_TRUST_FILE", UPSTREAM_TRUST_FILE)
OPENID_UPSTREAM_URL = environment.text("OPENID_UPSTREAM_URL")
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "APPS": [
            {
                "provider_id": environment.text("OPENID_UPSTREAM_ID", "openid"),
                "name": environment.text("OPENID_UPSTREAM_NAME", urlsplit(OPENID_UPSTREAM_URL).hostname or ""),
                "client_id": environment.text("OPENID_UPSTREAM_CLIENT_ID", "ferry"),
                "secret": environment.text("OPENID_UPSTREAM_CLIENT_SECRET"),
                "settings": {
                    "server_url": OPENID_UPSTREAM_URL,
                    "assurance": environment.text("OPENID_UPSTREAM_ASSURANCE", "none"),
                },
            }
        ]
        if OPENID_UPSTREAM_URL
        else []
    }
}

# --- Admin --------------------------------------------------------------------------------------
UNFOLD = theme.UNFOLD

# --- Traces: off unless there is a collector to send them to ---------------------------------------
TRACES_ENDPOINT = environment.text("OTEL_EXPORTER_OTLP_ENDPOINT").rstrip("/")
TRACED_SHARE = environment.share("OTEL_TRACES_SAMPLER_ARG", 1.0)

# --- Log: events and facts, never contents (see portal/watch/logs.py) ------------------------------
LOGGING_CONFIG = "portal.watch.logs.configure"
LOG_FORMAT = environment.text("LOG_FORMAT", "text")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "portal.watch.logs.formatter", "shape": LOG_FORMAT}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": environment.text("LOG_LEVEL", "INFO")},
    "loggers": {
        "asyncssh": {"level": "WARNING"},  # lower ones write the names of files and people
        "authlib": {"level": "WARNING"},  # its debug level writes tokens
        "celery": {"level": "WARNING"},
        "django.db.backends": {"level": "WARNING"},  # its debug level writes statements with their values
        "django.server": {"level": "WARNING"},
        "django.template": {"level": "WARNING"},  # its debug level writes values that a page left out
        "urllib3": {"level": "ERROR"},  # its warnings write addresses with queries
        "zeep": {"level": "WARNING"},  # its debug level writes whole envelopes
    },
}
