"""Two departments' sites on Django: one with mozilla-django-oidc, one with Authlib's client. Run as a program.

From the environment: KIND (mozilla or authlib), ISSUER, CLIENT_ID, CLIENT_SECRET, PORT and FOLDER (for its database).
"""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from wsgiref.simple_server import make_server

import django
import requests
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import include, path
from django.utils.html import escape

KIND, ISSUER, PORT = os.environ["KIND"], os.environ["ISSUER"], os.environ["PORT"]
HERE = f"http://127.0.0.1:{PORT}"
SCOPE = "openid profile offline_access"
FOUND = requests.get(f"{ISSUER}/.well-known/openid-configuration", timeout=10).json()


def show(said: object) -> HttpResponse:
    """Any answer, for a test to read."""
    return HttpResponse(f'<pre id="answer">{escape(json.dumps(said))}</pre>')


def bye(request: HttpRequest) -> HttpResponse:
    """Where a log-out comes back to."""
    return show({"path": request.path, "state": request.GET.get("state")})


def configure() -> None:
    """A site of its own: sessions in a file, a cookie that does not clash with the portal's on the same host."""
    settings.configure(
        SECRET_KEY="of-a-test",
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["127.0.0.1"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(Path(os.environ["FOLDER"]) / "site.sqlite3"),
            }
        },
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            *(["mozilla_django_oidc"] if KIND == "mozilla" else []),
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        SESSION_COOKIE_NAME=f"site_{PORT}",
        SESSION_SERIALIZER="django.contrib.sessions.serializers.JSONSerializer",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        **(MOZILLA if KIND == "mozilla" else {}),
    )


MOZILLA: dict[str, Any] = {
    "AUTHENTICATION_BACKENDS": ["mozilla_django_oidc.auth.OIDCAuthenticationBackend"],
    "OIDC_RP_CLIENT_ID": os.environ["CLIENT_ID"],
    "OIDC_RP_CLIENT_SECRET": os.environ["CLIENT_SECRET"],
    "OIDC_RP_SCOPES": "openid email profile",
    "OIDC_RP_SIGN_ALGO": "RS256",
    "OIDC_OP_JWKS_ENDPOINT": FOUND["jwks_uri"],
    "OIDC_OP_AUTHORIZATION_ENDPOINT": FOUND["authorization_endpoint"],
    "OIDC_OP_TOKEN_ENDPOINT": FOUND["token_endpoint"],
    "OIDC_OP_USER_ENDPOINT": FOUND["userinfo_endpoint"],
    "OIDC_OP_LOGOUT_URL_METHOD": f"{__name__}.end_session",
    "OIDC_USE_PKCE": True,
    "OIDC_TOKEN_USE_BASIC_AUTH": True,
    "OIDC_STORE_ID_TOKEN": True,
    "LOGIN_REDIRECT_URL": "/me",
    "LOGIN_REDIRECT_URL_FAILURE": "/failed",
    "LOGOUT_REDIRECT_URL": "/bye",
}


def end_session(request: HttpRequest) -> str:
    """mozilla-django-oidc asks for the provider's address of a log-out."""
    asked = {
        "id_token_hint": request.session["oidc_id_token"],
        "post_logout_redirect_uri": f"{HERE}/bye",
        "state": "back-again",
    }
    return f"{FOUND['end_session_endpoint']}?{urlencode(asked)}"


def me(request: HttpRequest) -> HttpResponse:
    """Whom mozilla-django-oidc signed in, with a button to log out: it takes a POST."""
    from django.middleware.csrf import get_token

    person = request.user
    said = json.dumps({"signed_in": person.is_authenticated, "email": getattr(person, "email", "")})
    form = (
        '<form method="post" action="/oidc/logout/">'
        f'<input type="hidden" name="csrfmiddlewaretoken" value="{get_token(request)}"><button>Log out</button></form>'
    )
    return HttpResponse(f'<pre id="answer">{escape(said)}</pre>{form}')


def mozilla_urls() -> list[Any]:
    """As its documentation says."""
    return [path("oidc/", include("mozilla_django_oidc.urls")), path("me", me), path("failed", bye), path("bye", bye)]


def authlib_urls() -> list[Any]:
    """Authlib's integration for Django, by discovery."""
    from authlib.integrations.django_client import OAuth

    oauth = OAuth()
    oauth.register(
        "ferry",
        client_id=os.environ["CLIENT_ID"],
        client_secret=os.environ["CLIENT_SECRET"],
        server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
        client_kwargs={"scope": SCOPE, "code_challenge_method": "S256"},
    )
    kept: dict[str, Any] = {}

    def login(request: HttpRequest) -> HttpResponse:
        found: HttpResponse = oauth.ferry.authorize_redirect(request, f"{HERE}/callback", prompt="consent")
        return found

    def callback(request: HttpRequest) -> HttpResponse:
        token = oauth.ferry.authorize_access_token(request)  # checks state, nonce, signature and at_hash
        kept.update(token)
        userinfo = oauth.ferry.userinfo(token=token)
        again = oauth.ferry._get_oauth_client(**oauth.ferry.load_server_metadata()).refresh_token(
            FOUND["token_endpoint"], refresh_token=token["refresh_token"]
        )
        refreshed = again["access_token"] != token["access_token"]
        return show({"claims": token["userinfo"], "userinfo": userinfo, "refreshed": refreshed})

    def logout(request: HttpRequest) -> HttpResponse:
        found: HttpResponse = oauth.ferry.logout_redirect(
            request, post_logout_redirect_uri=f"{HERE}/bye", id_token_hint=kept["id_token"], state="back-again"
        )
        return found

    return [path("login", login), path("callback", callback), path("logout", logout), path("bye", bye)]


def ready(request: HttpRequest) -> HttpResponse:
    return redirect("/bye")


configure()
django.setup()
urlpatterns = [path("", ready), *(mozilla_urls() if KIND == "mozilla" else authlib_urls())]

if __name__ == "__main__":
    import sys

    sys.modules["django_site"] = sys.modules[__name__]
    call_command("migrate", verbosity=0)
    make_server("127.0.0.1", int(PORT), get_wsgi_application()).serve_forever()
