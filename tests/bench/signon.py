"""Whole sign-ons a second through our provider, django-allauth's own, and django-oauth-toolkit's with OpenID Connect.

The person is signed in and allowed the site before; a flow is authorize, token and userinfo, with PKCE and an ID token
in RS256. All three are served by the same web server with the same settings, and keep their rows in the same
PostgreSQL; 16 people go round on as many connections. The two others run as they come: without consent records,
disclosure log, pairwise subjects or encrypted profiles.
"""

import json
import os
import secrets
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

import psycopg
import requests
from joserfc.jwk import RSAKey

from portal.launch.processes import web_server
from portal.launch.state import MARK
from tests.bench import processor
from tests.bench.citizen import Citizen
from tests.bench.sign_on_load import CHALLENGE, REDIRECT_URI, Provider, rate
from tests.bench.table import Line, at_least
from tests.ports import free_port
from tests.stack import REPOSITORY, Stack

PEOPLE = 16  # as many connections
ROUNDS = 5
SECONDS = 3.0
AIM = 1.0
OTHERS = {  # name -> settings, and its endpoints: authorization, token, userinfo
    "django-allauth": (
        "tests.bench.providers.allauth", "/identity/o/authorize", "/identity/o/api/token", "/identity/o/api/userinfo",
    ),
    "django-oauth-toolkit": ("tests.bench.providers.toolkit", "/o/authorize/", "/o/token/", "/o/userinfo/"),
}  # fmt: skip
SCOPES = {"identity alone": "openid", "with name and e-mail": "openid profile email"}
# Run beside the portal: two sites, and people whose profile is filled.
PREPARE = """
import json
from datetime import date
from identity.accounts.models import User
from identity.profile import flows as profile
from services.registry import demonstration_clients as clients
languages = ("en", "zh_hant", "zh_hans")
words = {{f"{{kind}}_{{language}}": "Bench" for kind in ("name", "purpose") for language in languages}}
facts = {{"department": "td", "redirect_uris": [{redirect_uri!r}], **words}}
clients.ensure("public", {{**facts, "token_endpoint_auth_method": "none"}})
secret = clients.ensure("confidential", {{**facts, "token_endpoint_auth_method": "client_secret_basic"}})[1]
for number in range({people}):
    name = f"person{{number}}"
    person = User.objects.create_user(name, f"{{name}}@example.hk", f"ferry-{{name}}", assurance="basic")
    known = {{"name_en": "CHAN Tai Man", "name_zh": "陳大文", "date_of_birth": "1988-06-15", "sex": "M"}}
    for field, value in known.items():
        profile.store(person, field, value, source="immd", checked_on=date(2026, 1, 20))
print(json.dumps(secret))
"""


def run(stack: Stack, citizen: Citizen) -> list[Line]:
    """A line for each of the others, by what is asked for and how the client proves itself."""
    citizen.hang_up()
    with ExitStack() as running:
        others = [running.enter_context(_other(stack, name, *facts)) for name, facts in OTHERS.items()]
        providers = [_ours(stack), *others]
        lines = []
        for said, scope in SCOPES.items():
            lines += _compare(stack, providers, f"sign-ons, {said}", scope)
        measure, scope = "sign-ons, client with a secret", SCOPES["identity alone"]
        return lines + _compare(stack, providers, measure, scope, with_secret=True)


@dataclass
class _Measured:
    """What one provider did, round by round: flows a second, and milliseconds of processor time for a flow."""

    rates: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)


def _compare(
    stack: Stack, providers: list[Provider], measure: str, scope: str, *, with_secret: bool = False
) -> list[Line]:
    """Each round measures everyone once, so that all share good and bad moments."""
    measured = {provider.name: _Measured() for provider in providers}
    for _ in range(ROUNDS):
        for provider in providers:
            before = processor.spent(stack.var)
            per_second, flows = rate(provider, scope, with_secret=with_secret, seconds=SECONDS)
            measured[provider.name].rates.append(per_second)
            measured[provider.name].costs.append((processor.spent(stack.var) - before) * 1000 / flows)
    ours, *others = measured
    return [line for other in others for line in _lines(measure, other, measured[ours], measured[other])]


def _lines(measure: str, other: str, mine: _Measured, theirs: _Measured) -> list[Line]:
    """Rates compared round by round; the processor time beside them holds on a busy machine too."""
    ratio = statistics.median(one / another for one, another in zip(mine.rates, theirs.rates, strict=True))
    rates = statistics.median(mine.rates), statistics.median(theirs.rates)
    cost, limit = statistics.median(mine.costs), statistics.median(theirs.costs)
    return [
        at_least(measure, *rates, ratio, AIM, unit="/s", of=other),
        Line(f"{measure}: processor", f"{cost:.1f} ms", f"{limit:.1f} ms {other}", f"{limit / cost:.0%}"),
    ]


def _ours(stack: Stack) -> Provider:
    script = PREPARE.format(redirect_uri=REDIRECT_URI, people=PEOPLE)
    secret = json.loads(stack.manage("shell", "-c", script).strip().splitlines()[-1])
    sessions = [_signed_in(stack, f"person{number}") for number in range(PEOPLE)]
    return Provider(
        "Ferry", stack.url, "/sso/authorize", "/sso/token", "/sso/userinfo", sessions, "public", "confidential", secret
    )


def _signed_in(stack: Stack, name: str) -> dict[str, str]:
    """The cookies of somebody who signed in and allowed both sites everything that will be asked for."""
    session = requests.Session()
    page = session.get(f"{stack.url}/accounts/login/", timeout=30)
    form = {"login": name, "password": f"ferry-{name}", "csrfmiddlewaretoken": _hidden(page, "csrfmiddlewaretoken")}
    session.post(f"{stack.url}/accounts/login/", form, timeout=30).raise_for_status()
    for client in ("public", "confidential"):
        asked = {
            "response_type": "code", "client_id": client, "redirect_uri": REDIRECT_URI, "prompt": "consent",
            "scope": SCOPES["with name and e-mail"], "code_challenge": CHALLENGE, "code_challenge_method": "S256",
        }  # fmt: skip
        page = session.get(f"{stack.url}/sso/authorize", params=asked, timeout=30)
        form = {name: _hidden(page, name) for name in ("csrfmiddlewaretoken", "request")} | {"action": "grant"}
        answer = session.post(f"{stack.url}/sso/consent", form, allow_redirects=False, timeout=30)
        assert "code=" in answer.headers["Location"], answer.headers["Location"]
    return {name: value for name, value in session.cookies.items() if value}


def _hidden(page: requests.Response, name: str) -> str:
    before = f'name="{name}" value="'
    assert before in page.text, f"no {name} at {page.url}: {page.text[:500]}"
    return page.text.split(before, 1)[1].split('"', 1)[0]


@contextmanager
def _other(stack: Stack, name: str, module: str, authorize: str, token: str, userinfo: str) -> Iterator[Provider]:
    """Another provider on a port and a database of its own."""
    ours = stack.environment()
    parts = urlsplit(ours["DATABASE_URL"])
    database = f"bench_{module.rpartition('.')[2]}"
    with psycopg.connect(ours["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {database}")
        connection.execute(f"CREATE DATABASE {database}")
    env: dict[str, str] = {
        **{key: ours[key] for key in ("SECRET_KEY", "REDIS_URL", "PATH", "HOME") if key in ours},
        MARK: str(stack.var),  # counts its processor time with the portal's, which rests meanwhile
        "DJANGO_SETTINGS_MODULE": module,
        "BENCH_DATABASE_URL": str(urlunsplit(parts._replace(path=f"/{database}"))),
        "BENCH_PRIVATE_KEY": RSAKey.generate_key(2048, auto_kid=False).as_pem(private=True).decode(),
    }
    secret = secrets.token_urlsafe(32)
    prepared = subprocess.run(
        [sys.executable, "-m", "tests.bench.providers.prepare", str(PEOPLE), REDIRECT_URI, secret],
        cwd=REPOSITORY, env=env, check=True, capture_output=True, text=True,
    )  # fmt: skip
    sessions = json.loads(prepared.stdout.strip().splitlines()[-1])
    port = free_port()
    log = stack.var / "log" / f"{database}.log"
    command = [sys.executable, "-m", *web_server(port, "tests.bench.providers.wsgi:application")]
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=REPOSITORY, env=env, stdout=output, stderr=output, start_new_session=True
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process, log)
        yield Provider(name, url, authorize, token, userinfo, sessions, "public", "confidential", secret)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=20)


def _wait(url: str, process: "subprocess.Popen[bytes]", log: object) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"it stopped; see {log}")
        try:
            requests.get(f"{url}/.well-known/openid-configuration", timeout=5)
        except requests.ConnectionError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError(f"it did not start; see {log}")
