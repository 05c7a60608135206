"""Every address of the portal, asked by every role for other people's objects; a new address needs a line of its own.

The lines are in every_address.txt: who may, then the pattern, then an address where the pattern gives none.

open            anybody; what they get depends on nobody's being signed in, or is nobody's in particular
signed-in       whoever is signed in, for themselves; others are led to the log-in
own             the citizen alone; for anybody else there is no such thing
own-post        the same by a post; a link leads back to the person's own list
nobody-here     a right that none of these roles has by itself, or an officer's own work
department      officers of the department; citizens are refused, others find nothing
officers        officers, for their own department
department+ops  operations too
desk            any staff, each with their own department's rows
operations      operations alone
A star after it: there is nothing of the kind here that even those who may would find.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.signals import request_finished
from django.db import close_old_connections, transaction
from django.urls import URLResolver, get_resolver
from django.utils import translation

from tests.portal.every_address import MARK, NAME, ROLES, Scene, build

LINES = [line.split() for line in Path(__file__).with_name("every_address.txt").read_text().splitlines()]
LOG_IN = ("/accounts/login/", "/admin/login/")
SERVED = {200, 204, 302, 303, 400, 409, 410, 422}
MODELS = {  # of the admin, with who may see the list
    "registry/servicefunction", "gateway/servicecall", "registry/change", "registry/backend", "auth/group",
    "account/emailaddress", "mfa/authenticator", "socialaccount/socialapp", "socialaccount/socialtoken",
    "socialaccount/socialaccount", "usersessions/usersession",
}  # fmt: skip
OF_A_MODEL = re.compile(r"admin/(\w+/\w+)/(?:(?:add/)|(?:<path:object_id>/(?:history/|delete/|change/)?))?")
MAY: dict[str, set[str]] = {
    "open": set(ROLES),
    "signed-in": set(ROLES) - {"nobody"},
    "own": {"citizen"},
    "own-post": {"citizen"},
    "nobody-here": {"officer"},
    "department": {"officer", "approver"},
    "department+ops": {"officer", "approver", "ops"},
    "officers": {"officer", "approver", "stranger"},
    "desk": {"officer", "approver", "stranger", "ops"},
    "operations": {"ops"},
}


def patterns(resolver: Any, before: str = "") -> Iterator[str]:
    for each in resolver.url_patterns:
        place = f"{before}{each.pattern}"
        if isinstance(each, URLResolver):
            yield from patterns(each, place)
        else:
            yield place


def test_every_address_has_its_line() -> None:
    with translation.override("en"):
        found = set(patterns(get_resolver()))
    of_models = {match[1] for place in found if (match := OF_A_MODEL.fullmatch(place)) and match[1] in MODELS}
    listed = {line[1] if len(line) > 1 else "" for line in LINES}
    others = {place for place in found if not ((match := OF_A_MODEL.fullmatch(place)) and match[1] in MODELS)}
    assert (sorted(others - listed), sorted(listed - others), of_models) == ([], [], MODELS)


def asked(scene: Scene, role: str, method: str, address: str) -> tuple[int, str, str]:
    """Status, where it leads, and its text; nothing of it stays."""
    browser = scene.browsers[role]
    cookies = {name: morsel.value for name, morsel in browser.cookies.items()}
    with transaction.atomic():
        answer: Any = getattr(browser, method)(address)
        if answer.streaming:
            close(answer)
        text = "" if answer.streaming else answer.content.decode(errors="replace")
        policy = answer.headers.get("Content-Security-Policy", "")
        transaction.set_rollback(True)
    for name, value in cookies.items():
        browser.cookies[name] = value
    assert_strict(policy, address)
    return answer.status_code, answer.headers.get("Location", ""), text


def close(answer: Any) -> None:
    """Events hold a place until they are; as Django's own client does it, the connection stays open."""
    request_finished.disconnect(close_old_connections)
    answer.close()
    request_finished.connect(close_old_connections)


def assert_strict(policy: str, address: str) -> None:
    """No inline script anywhere; the admin alone evaluates expressions and styles inline (portal/desk/security.py)."""
    sources = {name: set(rest) for name, *rest in (part.split() for part in policy.split(";"))}
    assert "'unsafe-inline'" not in sources["script-src"], address
    assert sources["object-src"] == sources["base-uri"] == sources["frame-ancestors"] == {"'none'"}, address
    assert "unsafe" not in policy or address.startswith("/admin/"), address
    assert {"report-uri", "report-to"} <= sources.keys(), address


def complaint(who: str, role: str, status: int, to: str, text: str) -> str:
    """What is wrong with this answer for this role, if anything."""
    if status >= 500 and status != 503:  # 503: what seals documents is not there in these tests
        return f"{status}"
    may_read = role == "citizen" or (who == "department" and role in MAY[who])  # who looks is on record
    if not may_read and (NAME in text or MARK in text):
        return "shows what is the citizen's"
    is_refused = status in {401, 403, 404, 405} or to.startswith(LOG_IN)
    if role not in MAY[who] and not is_refused:
        return f"{status} {to} for somebody who may not"
    return ""


@pytest.mark.parametrize("role", ROLES)
def test_nobody_reaches_what_is_not_theirs(db: None, role: str) -> None:
    scene, wrong, reached = build(), [], set()
    for marked, *place in LINES:
        who = marked.rstrip("*")
        address = place[1] if len(place) > 1 else scene.address(place[0] if place else "")
        for method in ("post",) if who == "own-post" else ("get", "post"):
            status, to, text = asked(scene, role, method, address)
            if said := complaint(who, role, status, to, text):
                wrong.append(f"{method} {address} ({who}): {said}")
            if status in SERVED and not to.startswith(LOG_IN):
                reached.add(address)
        if role in MAY[who] and who not in {"open", "nobody-here"} and marked == who and address not in reached:
            wrong.append(f"{address} ({who}): not even for somebody who may")
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize("role", ROLES)
def test_the_admin_shows_rows_to_staff_with_the_right_alone(db: None, role: str) -> None:
    scene, who = build(), "open" if role in MAY["desk"] else "department"
    for model in sorted(MODELS):
        is_ours = model.startswith(("registry/", "gateway/"))
        for page in ("", "add/", "1/", "1/change/", "1/delete/", "1/history/"):
            for method in ("get", "post"):
                status, to, text = asked(scene, role, method, f"/admin/{model}/{page}")
                assert not complaint(who, role, status, to, text), (model, page, method, status)
                assert is_ours or status in {302, 403, 404}, (model, page, method, status)
