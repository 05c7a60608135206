"""One running portal with several web workers and PostgreSQL, sites registered there, and a table of the checks.

Everything is asked over HTTP. CONFORMANCE_VAR=var runs the checks against a portal that runs already with that state
folder, in seconds; nothing of it is stopped, but it gets a few sites, people and a new signing key.
"""

import json
import os
import secrets
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey

from tests.conformance.browser import Browser
from tests.conformance.checks import LEVELS
from tests.conformance.listening import Listener, listening
from tests.conformance.site import Site
from tests.stack import Stack, running

BACK = "https://site.example.hk/Callback"
BYE = "https://site.example.hk/bye"
ALL = "openid profile email address phone offline_access"
PEOPLE = ("walker", "leaver", "climber", "reader")  # whose sessions may end; the citizen's never does
SITES: dict[str, dict[str, Any]] = {  # what differs from a plain confidential site of td
    "main": {"redirect_uris": [BACK, f"{BACK}?keep=this"], "post_logout_redirect_uris": [BYE, f"{BYE}?keep=this"]},
    "sibling": {},
    "stranger": {"department": "rvd"},
    "post": {"method": "client_secret_post", "alg": "ES256"},
    "key": {"method": "private_key_jwt", "alg": "ES256"},
    "public": {"method": "none"},
    "par": {"method": "private_key_jwt", "require_pushed_authorization_requests": True},
    "dpop": {"dpop_bound_access_tokens": True},
    "logout": {"post_logout_redirect_uris": [BYE]},
    "asking": {},
    "english": {},
}
# What two officers do at the desk for each site, and people do on the sign-up page.
PREPARE = """
import json
from allauth.mfa.models import Authenticator
from identity.accounts.models import User
from services.registry import demonstration_clients as clients
given = json.loads({given!r})
Authenticator.objects.filter(user__username__in=given["people"]).delete()
for name in given["people"]:
    if not User.objects.filter(username=name).exists():
        User.objects.create_user(name, f"{{name}}@example.hk", f"ferry-{{name}}", assurance="basic")
sites = given["sites"].items()
print(json.dumps({{name: clients.ensure(values.pop("client_id"), values)[1] for name, values in sites}}))
"""
Sites = dict[str, Site]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "check(name, standard, section, level): what a conformance check is one of")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if mark := item.get_closest_marker("check"):
            item.user_properties += [*mark.kwargs.items()]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How many checks of each strength hold, and by name those that do not."""
    counts = {level: {"passed": 0, "failed": 0} for level in LEVELS}
    failed: list[str] = []
    for report in [report for kind in ("passed", "failed", "error") for report in terminalreporter.stats.get(kind, [])]:
        facts = dict(getattr(report, "user_properties", []))
        if "level" not in facts or (report.when != "call" and report.passed):
            continue
        counts[facts["level"]][report.outcome] += 1
        if report.failed:
            failed.append(f"  {facts['level']:6} {facts['name']} ({facts['standard']} {facts['section']})")
    if not any(sum(each.values()) for each in counts.values()):
        return
    terminalreporter.section("conformance")
    terminalreporter.write_line(f"{'':6} {'passed':>7} {'failed':>7}")
    for level, each in counts.items():
        terminalreporter.write_line(f"{level:6} {each['passed']:>7} {each['failed']:>7}")
    for line in failed:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything that `make run` starts, on ports of its own, or what runs already."""
    if folder := os.environ.get("CONFORMANCE_VAR"):
        var = Path(folder)
        words = dict(word.split("=", 1) for word in shlex.split((var / "environment").read_text(encoding="utf-8")))
        yield Stack(None, f"http://127.0.0.1:{words['PORT']}", "", var, var / "start.txt")  # type: ignore[arg-type]
        return
    with running(tmp_path_factory.mktemp("portal")) as stack:
        yield stack


@pytest.fixture(scope="session")
def listener() -> Iterator[Listener]:
    """Where a site hears of log-outs."""
    with listening() as found:
        yield found


@pytest.fixture(scope="session")
def sites(portal: Stack, listener: Listener) -> Sites:
    """The registered sites by name."""
    made: Sites = {}
    registered: dict[str, dict[str, Any]] = {}
    for name, facts in SITES.items():
        values = {"redirect_uris": [BACK], "scopes": [*ALL.split(), "calls"], "department": "td", **facts}
        method, alg = values.pop("method", "client_secret_basic"), values.pop("alg", "RS256")
        key = ECKey.generate_key("P-256", {"kid": name, "use": "sig"}) if method == "private_key_jwt" else None
        site = Site(portal.url, f"{name}-{secrets.token_hex(4)}", BACK, method=method, alg=alg, key=key)
        words = {f"name_{language}": f"Site {name} {language}" for language in ("en", "zh_hant", "zh_hans")}
        why = {f"purpose_{language}": f"To try {name} {language}" for language in ("en", "zh_hant", "zh_hans")}
        registered[name] = {
            "client_id": site.client_id, "token_endpoint_auth_method": method, "id_token_signed_response_alg": alg,
            "jwks": {"keys": [key.as_dict(private=False)]} if key else None,
            "backchannel_logout_uri": listener.url if name == "logout" else "", **words, **why, **values,
        }  # fmt: skip
        made[name] = site
    script = PREPARE.format(given=json.dumps({"people": PEOPLE, "sites": registered}))
    given = json.loads(portal.manage("shell", "-c", script).strip().splitlines()[-1])
    for name, site in made.items():
        site.secret = given[name]
    return made


@pytest.fixture(scope="session")
def site(sites: Sites) -> Site:
    """A plain confidential site."""
    return sites["main"]


@pytest.fixture(scope="session")
def citizen(portal: Stack) -> Browser:
    """The citizen's browser, signed in before anything else, who proves themselves nowhere again."""
    browser = Browser(portal.url)
    browser.sign_in("citizen")
    return browser


@pytest.fixture(scope="session")
def walker(portal: Stack) -> Browser:
    """Somebody else's browser, signed in."""
    browser = Browser(portal.url)
    browser.sign_in("walker")
    return browser


@pytest.fixture
def arriving(portal: Stack) -> Callable[[str], Browser]:
    """Signs somebody in, in a browser of their own."""

    def made(person: str) -> Browser:
        browser = Browser(portal.url)
        browser.sign_in(person)
        return browser

    return made


@pytest.fixture
def nobody(portal: Stack) -> Browser:
    """A browser in which nobody is signed in."""
    return Browser(portal.url)
