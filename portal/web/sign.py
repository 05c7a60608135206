"""Signing a form: what exactly is signed, the way to the identity app, and what goes once it is signed."""

import json
import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from identity.accounts.callers import callers_of
from identity.accounts.models import User
from identity.mandates import acting as session
from identity.signing import flows
from identity.signing.errors import SignatureRefused
from identity.signing.models import SignedDocument
from identity.upstream import client
from identity.upstream import flows as app
from identity.upstream.errors import SignInAgain, UpstreamError
from identity.upstream.provider import name as app_name
from portal.web import doing, review, signatures, upstream
from services import languages
from services.forms.models import Draft
from services.gateway import acting
from services.gateway.models import ServiceCall
from services.registry.models import ServiceFunction


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def function_sign(request: HttpRequest, code: str, key: uuid.UUID) -> HttpResponse:
    """The document, character for character; a post puts it into the app, which leads back here once it is signed."""
    function, document = doing.function_of(code), signatures.of(request, key)
    if document.used_at is not None:
        return _sent(document)
    draft = doing.draft_of(function, callers_of(request))
    if draft is None:
        return redirect("web:function-form", function.code)
    if turned_away := doing.turn_away(request, function, draft.version):
        return turned_away
    if not signatures.is_current(request, draft, document):
        return _changed(request, function)
    try:
        if request.method == "POST":
            return _ask(request, function, draft, document)
        document = flows.collect(document)
    except SignatureRefused as refused:
        return _refusal(request, function, refused)
    return _page(request, function, draft, document)


def _page(request: HttpRequest, function: ServiceFunction, draft: Draft, document: SignedDocument) -> HttpResponse:
    connection = app.connection_of(document.person)
    context = {
        "function": function,
        "version": draft.version,
        "department": function.department.name,
        "made_by": acting.label(session.of(request)),
        "document": document,
        "text": json.dumps(json.loads(document.text), ensure_ascii=False, indent=2, sort_keys=True),
        "groups": [document.sha256[start : start + 4] for start in range(0, 64, 4)],
        "app": app_name(),
        "is_offered": client.is_configured(),
        "connection": connection,
        "here": request.path,
        "draft": draft,
        "seen": review.fingerprint(draft, doing.clean_now(request, draft.version, draft.data))
        if document.signed_at
        else "",
    }
    return render(request, "web/function_sign.html", context)


def _ask(request: HttpRequest, function: ServiceFunction, draft: Draft, document: SignedDocument) -> HttpResponse:
    assert isinstance(request.user, User)
    try:
        asked = flows.ask(
            document, name=draft.version.name, service=draft.version.name, department=function.department.name,
            next=request.path, language=languages.current(),
        )  # fmt: skip
    except SignInAgain:
        return upstream.again(request, next=request.path)
    except UpstreamError as error:
        return upstream.trouble(request, error.reason)
    return redirect("web:upstream-transaction", asked.pk)


def _sent(document: SignedDocument) -> HttpResponse:
    """Signed and sent before: a page that was kept open, or the browser's button."""
    if ServiceCall.objects.filter(receipt=document.reference).exists():
        return redirect("web:call", document.reference)
    return redirect("web:calls")


def _changed(request: HttpRequest, function: ServiceFunction) -> HttpResponse:
    return review.look_over(request, function, notice=signatures.refused("other_document"), status=409)


def _refusal(request: HttpRequest, function: ServiceFunction, refused: SignatureRefused) -> HttpResponse:
    """The form as it stands, and why the signature does not count."""
    return review.look_over(request, function, notice=signatures.refused(refused.reason), status=409)
