"""What browsers report about the content security policy: taken, made harmless, counted (CSP3 section 5).

    Reporting-Endpoints: policy="/policy-reports"
    Content-Security-Policy: …; report-uri /policy-reports; report-to policy

Anybody can send anything here, so nothing is believed: each report becomes the name of one of our pages, a directive
that exists, and a keyword or an origin. The same three are one row with a count. There are at most MOST rows.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from csp.constants import HEADER
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from identity.accounts import networks
from identity.statements import first_row
from portal.control.models import PolicyReport

ADDRESS = "/policy-reports"
ENDPOINTS = f'policy="{ADDRESS}"'
MOST = 500  # kinds that are kept
MOST_BYTES = 16_384  # of one message
MOST_IN_ONE = 10  # reports of one message
A_MINUTE = {"one": 30, "all": 600}  # messages of one network, and of all
KEPT = timedelta(days=30)  # since a kind was reported last
SHOWN = timedelta(days=7)
DIRECTIVES = frozenset({
    "default-src", "script-src", "script-src-elem", "script-src-attr", "style-src", "style-src-elem", "style-src-attr",
    "img-src", "font-src", "connect-src", "media-src", "object-src", "frame-src", "child-src", "worker-src",
    "manifest-src", "base-uri", "form-action", "frame-ancestors",
})  # fmt: skip
KEYWORDS = frozenset({"inline", "eval", "wasm-eval", "data", "blob", "self"})
EXTENSIONS = ("chrome-extension", "moz-extension", "safari-extension", "safari-web-extension", "ms-browser-extension")

_COUNT = """
INSERT INTO control_policyreport (digest, view, directive, blocked, count, first_at, last_at)
SELECT %(digest)s::varchar, %(view)s, %(directive)s, %(blocked)s, 1, %(now)s::timestamptz, %(now)s::timestamptz
WHERE (SELECT count(*) FROM control_policyreport) < %(most)s
   OR EXISTS (SELECT FROM control_policyreport WHERE digest = %(digest)s::varchar)
ON CONFLICT (digest) DO UPDATE
SET count = least(control_policyreport.count::bigint + 1, 2147483647), last_at = excluded.last_at
RETURNING 1
"""


@dataclass(frozen=True)
class Violation:
    """What is left of a report."""

    view: str
    directive: str
    blocked: str


class ReportingEndpoints:
    """Middleware that tells browsers where the endpoint of the policy's `report-to` is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if HEADER in response:
            response["Reporting-Endpoints"] = ENDPOINTS
        return response


@csrf_exempt  # browsers send these by themselves, without cookies or tokens
@login_not_required
@require_POST
def take(request: HttpRequest) -> HttpResponse:
    """Always 204: whoever sends nonsense learns nothing, and no browser tries again."""
    raw = request.read(MOST_BYTES + 1)
    if len(raw) <= MOST_BYTES and not _is_too_often(request):
        for violation in set(read(raw)):
            keep(violation)
    return HttpResponse(status=204)


def read(raw: bytes) -> Iterable[Violation]:
    """The violations of one message in either format: `application/csp-report` or `application/reports+json`."""
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        return []
    reports = said if isinstance(said, list) else [said]
    found = [_violation(each) for each in reports[:MOST_IN_ONE] if isinstance(each, dict)]
    return [each for each in found if each is not None]


def keep(violation: Violation) -> None:
    """Count it; what nobody reported for a month goes."""
    now = timezone.now()
    digest = hashlib.sha256("\0".join(astuple(violation)).encode()).hexdigest()
    values = {"digest": digest, "view": violation.view, "directive": violation.directive, "blocked": violation.blocked}
    PolicyReport.objects.filter(last_at__lt=now - KEPT).delete()
    first_row(_COUNT, {**values, "now": now, "most": MOST})


def recent() -> QuerySet[PolicyReport]:
    """What was reported in the last days, most often first."""
    return PolicyReport.objects.filter(last_at__gt=timezone.now() - SHOWN).order_by("-count", "-last_at")


def _violation(report: dict[str, Any]) -> Violation | None:
    body = report.get("csp-report") or report.get("body")
    if not isinstance(body, dict):
        return None
    told = {name: str(value)[:2_000] for name, value in body.items() if isinstance(value, str)}
    directive = told.get("effectiveDirective") or told.get("effective-directive") or told.get("violated-directive", "")
    directive = directive.partition(" ")[0]
    source = told.get("sourceFile") or told.get("source-file", "")
    blocked = _origin(told.get("blockedURL") or told.get("blocked-uri", ""))
    if directive not in DIRECTIVES or not blocked or source.startswith(EXTENSIONS) or blocked.startswith(EXTENSIONS):
        return None  # an extension of a browser breaks its own user's pages, not ours
    return Violation(_view(told.get("documentURL") or told.get("document-uri", "")), directive, blocked)


def _origin(address: str) -> str:
    """A keyword, or scheme and host: what stands behind them may be somebody's."""
    if address in KEYWORDS:
        return address
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").encode("idna").decode()
    except (ValueError, UnicodeError):
        return ""
    if not parts.scheme:
        return ""
    if parts.scheme in {"data", "blob"}:
        return parts.scheme
    return f"{parts.scheme}://{host}"[:120] if host else f"{parts.scheme}:"[:120]


def _view(address: str) -> str:
    """Which of our pages it was; the address itself may hold a receipt."""
    try:
        parts = urlsplit(address)
        is_ours = parts.hostname in settings.ALLOWED_HOSTS
        return resolve(parts.path).view_name[:100] or "unknown" if is_ours else "unknown"
    except (ValueError, Resolver404):
        return "unknown"


def _is_too_often(request: HttpRequest) -> bool:
    keys = {f"policy-reports:{networks.of(request)}": A_MINUTE["one"], "policy-reports:all": A_MINUTE["all"]}
    return any([_one_more(key) > most for key, most in keys.items()])


def _one_more(key: str) -> int:
    cache.add(key, 0, 60)
    try:
        return cache.incr(key)
    except ValueError:  # it was forgotten this moment, or the cache is away
        return 1
