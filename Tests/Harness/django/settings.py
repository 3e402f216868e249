"""A Django site with nothing but django-oauth-toolkit; what differs from run to run is in the JSON file that $TOKEND_TEST_SITE names."""
import json
import os
import pathlib

SITE = json.loads(pathlib.Path(os.environ["TOKEND_TEST_SITE"]).read_text(encoding="utf-8"))

SECRET_KEY = SITE["secret_key"]
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "urls"
LOGIN_URL = "/login/"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages", "oauth2_provider"]
MIDDLEWARE = [
    "witness.Witness", "django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware", "django.contrib.messages.middleware.MessageMiddleware"]
# also for client secrets; the usual one takes half a second of a core for each request
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": SITE["database"],
                         "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE"}}}
LOGIN_PAGE = """<form method="post">{% csrf_token %}{{ form.as_p }}<input type="hidden" name="next" value="{{ next }}"><button>Log in</button></form>"""
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": {
    "context_processors": ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
                           "django.contrib.messages.context_processors.messages"],
    "loaders": [("django.template.loaders.locmem.Loader", {"registration/login.html": LOGIN_PAGE}),
                "django.template.loaders.app_directories.Loader"]}}]
LOGGING = {"version": 1, "disable_existing_loggers": False, "handlers": {"console": {"class": "logging.StreamHandler"}},
           "root": {"handlers": ["console"], "level": "INFO"}}
OAUTH2_PROVIDER = {
    "OIDC_ENABLED": True,
    "OIDC_RSA_PRIVATE_KEY": SITE["signing_key"],
    "OIDC_RP_INITIATED_LOGOUT_ENABLED": True,
    "SCOPES": {"openid": "Who you are", **{scope: scope for scope in SITE["scopes"]}},
    "DEFAULT_SCOPES": SITE["scopes"][:1],
    "PKCE_REQUIRED": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "OIDC_TOKEN_ENDPOINT_AUTH_METHODS_SUPPORTED": ["client_secret_basic", "client_secret_post", "none"],
    "ACCESS_TOKEN_EXPIRE_SECONDS": SITE["lifetime"],
    "ID_TOKEN_EXPIRE_SECONDS": 600,
    "REFRESH_TOKEN_EXPIRE_SECONDS": 3600,
    "ROTATE_REFRESH_TOKEN": SITE["rotates"],
    # the server has no use for the one beside the other: within the grace period a reuse is none
    "REFRESH_TOKEN_REUSE_PROTECTION": SITE["rotates"] and not SITE["grace"],
    "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": SITE["grace"],
}
