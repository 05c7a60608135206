"""A person's calls: the receipt, the answer as it comes, and the list of them all."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from identity.accounts.limits import unattended
from identity.signing import pdf, seal
from identity.signing.errors import NoSeal, NoTimeStamp
from portal.web import receipt_pdf, shared, sheet, troubles
from portal.web.templatetags.ferry import moment
from portal.web.wording import wording
from services import languages
from services.gateway import (
    acting,
    deadlines,
    history,
    proof,
    reach,
    receipts,
    retention,
    shown,
    signed,
    story,
    withdrawal,
)
from services.gateway.errors import NoProofKey
from services.gateway.models import Attempt, ServiceCall

PAGE_SIZE = 10  # a screenful or two on a phone
SLOW_AFTER = timedelta(seconds=10)
TONES = {
    "completed": "success",
    "rejected": "error",
    "failed": "error",
    "waiting": "waiting",
    "in_doubt": "waiting",
    "withdrawn": "info",
    "accepted": "info",
    "delivering": "info",
}
REPEATED = {"rejected", "withdrawn"}  # after which a person may want to send the form once more
LINES = {"records": 4}  # kind of an answer's item -> lines that it takes, if not one
MOST_LINES = 6  # for which the style sheet has a height
# The picture of a status that has none of its own; a refusal is an answer that arrived.
CROSSINGS = {"rejected": "completed", "failed": "problem", "in_doubt": "delivering"}


@dataclass(frozen=True)
class Progress:
    """How a call stands, as the page shows and follows it."""

    call: ServiceCall
    steps: list[story.Step]
    answer: story.Answer | None
    is_slow: bool
    is_parked: bool  # nothing is expected soon: the counter is closed, or a batch answers later
    can_withdraw: bool
    polls: bool

    @property
    def tone(self) -> str:
        return TONES[self.call.status]

    @property
    def crossing(self) -> str:
        if self.call.status == ServiceCall.Status.WAITING and self.call.trouble == "batch":
            return "accepted"  # its batch has not left
        return CROSSINGS.get(self.call.status, self.call.status)

    @property
    def again_url(self) -> str:
        """The form with these answers, where sending them once more is the person's next step."""
        is_over = self.call.status in REPEATED or self.call.closed_at is not None
        address = reverse("web:function-form", args=[self.call.function.code])
        return f"{address}?again={self.call.receipt}" if is_over else ""

    @property
    def message(self) -> str:
        return story.status_message(self.call)

    @property
    def rows(self) -> int:
        """How many lines the answer will most likely have, so that its place can be kept."""
        good = [rule.get("items", []) for rule in self.call.version.answer_map if rule["outcome"] == "completed"]
        counts = [sum(LINES.get(item.get("kind", ""), 1) for item in items) for items in good]
        return min(max(counts, default=0), MOST_LINES)

    @property
    def face(self) -> str:
        """Another text means that there is something new to show."""
        asks = "" if self.call.is_final else f"{'poll' if self.polls else 'live'}-{'slow' if self.is_slow else ''}"
        return f"{self.call.status}-{len(self.steps)}-{asks}-{'back' if self.can_withdraw else ''}"

    @property
    def interval(self) -> int:
        """Seconds until the page asks again by itself."""
        age = timezone.now() - self.call.accepted_at
        if self.is_parked:  # an answer that comes by webhook may come soon
            return 10 if self.call.status == ServiceCall.Status.WAITING and age < timedelta(minutes=2) else 60
        return 2 if age < SLOW_AFTER else 5 if age < timedelta(minutes=1) else 30

    @property
    def trigger(self) -> str:
        """For htmx: the department's news, or the clock."""
        if self.polls or self.is_parked:
            return f"every {max(self.interval, 4)}s"
        seconds_left = (self.call.accepted_at + SLOW_AFTER - timezone.now()).total_seconds()
        return "sse:status" if self.is_slow else f"sse:status, load delay:{max(seconds_left, 0) + 0.2:.1f}s"


@login_not_required
@never_cache
@require_safe
def call_list(request: HttpRequest) -> HttpResponse:
    """Every call of the person, and those that this browser made before signing in."""
    number = _page_number(request)
    seen = reach.of(request)
    callers = seen.callers
    total, lines = history.page(seen, offset=(number - 1) * PAGE_SIZE, limit=PAGE_SIZE)
    if not lines and number > 1:  # an address kept from when there was more, or made up
        return redirect("web:calls")
    if not lines and not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    page = Paginator(range(total), PAGE_SIZE).page(number)
    context = {"page": page, "calls": _lines(lines), "troubles": troubles.told(callers) if lines else []}
    return shared.answer(
        request, _list_frame(languages.current()), render_to_string("web/call_list.html#list", context, request)
    )


@lru_cache(maxsize=len(languages.CODES))
def _list_frame(language: str) -> str:
    """The list's page without anybody's calls, in the language of this request: it changes with a release only."""
    return shared.page("web/call_list.html", {"content_place": shared.CONTENT_PLACE})


@login_not_required
@never_cache
@require_safe
def call_page(request: HttpRequest, receipt: str) -> HttpResponse:
    """The receipt, and the answer on the same page as soon as it is there."""
    try:
        call = own_call(request, receipt)
    except Http404:
        if request.user.is_authenticated:
            raise
        return redirect_to_login(request.get_full_path())  # a session that ran out: their receipt waits behind it
    context = _receipt(call) | {
        "progress": _progress(call, polls=False, may_withdraw=reach.of(request).may_withdraw(call)),
        "is_signed_in": request.user.is_authenticated,
        "troubles": troubles.told([call.caller], receipt=call.receipt),
    }
    return render(request, "web/call.html", context)


@login_not_required
@never_cache
@unattended
@require_safe
def call_part(request: HttpRequest, receipt: str) -> HttpResponse:
    """What changes of the receipt page; 204 while it looks as the page that asks says it does."""
    call = own_call(request, receipt)
    may_withdraw = reach.of(request).may_withdraw(call)
    progress = _progress(call, polls="polls" in request.GET, may_withdraw=may_withdraw)
    seen = request.GET.get("seen", "")
    if seen == progress.face:
        return HttpResponse(status=204)
    is_news = seen.partition("-")[0] != call.status
    return render(request, "web/call.html#now", {"call": call, "progress": progress, "is_news": is_news})


@login_not_required
@never_cache
@require_safe
def call_pdf(request: HttpRequest, receipt: str) -> HttpResponse:
    call = own_call(request, receipt)
    receipt_of = _receipt(call)
    gone = [sheet.Row("", _("What was sent"), receipt_of["kept"])] if call.blanked_at else None
    paper = receipt_pdf.write(
        call,
        gone or receipt_of["rows"],
        story.answer(call),
        deadline=receipt_of["deadline"],
        signature=receipt_of["signed"],
    )
    return _document(paper, "application/pdf", f'inline; filename="{call.receipt}.pdf"')


@login_not_required
@never_cache
@require_safe
def call_sealed(request: HttpRequest, receipt: str) -> HttpResponse:
    """The same paper, sealed with a time stamp, and with the person's own signature inside if they gave one."""
    call = _whole(own_call(request, receipt))
    receipt_of = _receipt(call)
    paper = receipt_pdf.write(
        call, receipt_of["rows"], story.answer(call), deadline=receipt_of["deadline"], signature=receipt_of["signed"]
    )
    inside = receipt_of["signed"].jws if receipt_of["signed"] else None
    try:
        sealed = pdf.seal(paper, reason=f"{_('Receipt')} {call.receipt}", statement=inside)
    except NoSeal as error:
        raise Http404("this portal has no seal") from error
    except NoTimeStamp:
        return render(request, "web/no_time_stamp.html", {"call": call}, status=503)
    return _document(sealed, "application/pdf", f'attachment; filename="{call.receipt}.sealed.pdf"')


@login_not_required
@never_cache
@require_safe
def call_signature(request: HttpRequest, receipt: str) -> HttpResponse:
    """The form as the person signed it: their own signature under the portal's seal."""
    found = signed.of(_whole(own_call(request, receipt)))
    if found is None or found.jws is None:
        raise Http404("nobody signed this")
    content = json.dumps(found.jws).encode()
    return _document(content, proof.MEDIA_TYPE, f'attachment; filename="{receipt}.signature.json"')


@login_not_required
@never_cache
@require_safe
def call_sent(request: HttpRequest, receipt: str) -> HttpResponse:
    """Byte for byte the text whose SHA-256 the receipt shows."""
    call = _whole(own_call(request, receipt))
    text = receipts.canonical(call.receipt, call.function.code, call.payload)
    return _document(text, "application/json", f'attachment; filename="{call.receipt}.json"')


@login_not_required
@never_cache
@require_safe
def call_proof(request: HttpRequest, receipt: str) -> HttpResponse:
    """The call as the portal vouches for it, signed."""
    call = _whole(own_call(request, receipt))
    try:
        signed = proof.prove(call, timezone.now())
    except NoProofKey as error:
        raise Http404("this portal signs no proofs") from error
    return _document(json.dumps(signed).encode(), proof.MEDIA_TYPE, f'attachment; filename="{call.receipt}.proof.json"')


_NAMES = [languages.column("name", code) for code in languages.CODES]
_MAX_PAGE = 100_000


def _page_number(request: HttpRequest) -> int:
    """The page asked for; the first one for whatever is no number of a page."""
    asked = request.GET.get("page", "")
    return min(int(asked), _MAX_PAGE) if asked.isascii() and asked.isdecimal() and len(asked) < 9 and int(asked) else 1


def _lines(lines: Iterable[history.Line]) -> list[dict[str, object]]:
    """What the list says of each. Rows and tags are made the cheap way: people come here to look again and again."""
    place, language = reverse("web:calls"), languages.current()
    return [
        {
            "url": f"{place}{line.receipt}/",  # what reverse() would say, once for all
            "name": _named(language, *line.names),
            "department": _named(language, *line.department),
            "moment": moment(line.accepted_at),
            "tag": _tag(language, line.status),
            "made_by": acting.label(line.mandate),
        }
        for line in lines
    ]


@lru_cache(maxsize=2_000)
def _named(language: str, *names: str) -> SafeString:
    """Of a service or a department, its names in the order of _NAMES."""
    return wording(SimpleNamespace(**dict(zip(_NAMES, names, strict=True))), language=language).html()


@lru_cache(maxsize=50)
def _tag(language: str, status: str) -> str:
    """In that language, which is the one of this request."""
    said = ServiceCall.Status(status).label
    return render_to_string("components/tag.html", {"text": said, "tone": TONES[status]})


def _own(request: HttpRequest) -> QuerySet[ServiceCall]:
    return reach.of(request).calls()


def own_call(request: HttpRequest, receipt: str) -> ServiceCall:
    """Raises Http404, for other people's receipts too."""
    number = receipts.normalise(receipt)
    found = _own(request).select_related("function__department", "version", "backend").filter(receipt=number).first()
    if number is None or found is None:
        reach.note_stranger(request, number)
        raise Http404("no such receipt among the caller's own")
    shown.read(request, found)
    return found


def _whole(call: ServiceCall) -> ServiceCall:
    """Raises Http404 once what was sent is deleted."""
    if call.blanked_at:
        raise Http404("what was sent is deleted")
    return call


def _progress(call: ServiceCall, *, polls: bool, may_withdraw: bool) -> Progress:
    now = timezone.now()
    is_closed = call.status == ServiceCall.Status.ACCEPTED and call.trouble == "closed" and call.due_at > now
    is_parked = is_closed or call.status == ServiceCall.Status.WAITING
    attempts = list(call.attempts.all())
    return Progress(
        call=call,
        steps=_steps(call, attempts),
        answer=story.answer(call),
        is_slow=not call.is_final and not is_parked and now - call.accepted_at >= SLOW_AFTER,
        is_parked=is_parked,
        can_withdraw=may_withdraw and not withdrawal.obstacle(call, attempts),
        polls=polls,
    )


def _steps(call: ServiceCall, attempts: list[Attempt]) -> list[story.Step]:
    """The timeline, without the sentence that the answer's place says already."""
    message = story.status_message(call)
    return [replace(step, detail="") if step.detail == message else step for step in story.timeline(call, attempts)]


def _receipt(call: ServiceCall) -> dict[str, Any]:
    names = {pk: file["name"] for pk, file in call.payload["files"].items()}
    accepted_at = timezone.localtime(call.accepted_at)
    return {
        "call": call,
        "name": wording(call.version),
        "department": wording(call.function.department).html(),
        "rows": [] if call.blanked_at else sheet.rows(call.version.form, call.payload["form"], file_names=names),
        "kept": _kept(call),
        "groups": [call.sent_sha256[start : start + 4] for start in range(0, 64, 4)],
        "made_by": acting.label(call.mandate),
        "signed": None if call.blanked_at else signed.of(call),
        "can_seal": seal.is_configured(),
        "deadline": deadlines.say_proof(deadline, call.accepted_at) if (deadline := deadlines.of_call(call)) else "",
        "has_proof": not call.blanked_at and proof.keyring().signer is not None,
        "exact_time": _("%(moment)s, Hong Kong time") % {"moment": f"{accepted_at:%Y-%m-%d %H:%M:%S}"},
    }


def _kept(call: ServiceCall) -> str:
    """Until when what was sent is kept, or that it is gone."""
    if call.blanked_at:
        return _("What you sent was deleted on %(date)s, as promised. Your receipt stays.") % {
            "date": sheet.say_day(timezone.localdate(call.blanked_at))
        }
    end = retention.ends_at(call)
    if end is None:
        days = call.version.retention_days or call.function.department.retention_days
        return _("Ferry deletes what you sent %(days)s days after the call has ended; your receipt stays.") % {
            "days": days
        }
    return _("Ferry deletes what you sent on %(date)s, or once it is not needed any more; your receipt stays.") % {
        "date": sheet.say_day(timezone.localdate(max(end, timezone.now())))
    }


def _document(content: bytes, media_type: str, disposition: str) -> HttpResponse:
    return HttpResponse(content, content_type=media_type, headers={"Content-Disposition": disposition})
