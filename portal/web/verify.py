"""Checking a signed document, for whoever holds one. No sign-in, and nothing of it is kept."""

import json
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from identity import signatures
from identity.security import logger, pseudonym
from identity.signing import verification
from identity.signing.errors import NotReadable
from portal.web.stale_tokens import tells_stale_token
from services.gateway import proof

Json = dict[str, Any]


class Upload(forms.Form):
    """One file."""

    document = forms.FileField(max_length=255, required=False)


@login_not_required
@never_cache
@tells_stale_token
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest, *, is_stale: bool = False) -> HttpResponse:
    """The place to choose a file, and what there is to say of it. An old token is no hindrance: nothing is changed."""
    if request.method != "POST":
        return render(request, "web/verify.html", {})
    upload = request.FILES.get("document")
    try:
        if upload is None or isinstance(upload, list):
            raise NotReadable("empty")
        if (upload.size or 0) > verification.MOST_BYTES:
            raise NotReadable("too_large")
        found, sealed = _check(upload.read(verification.MOST_BYTES + 1))
    except NotReadable as error:
        return render(request, "web/verify.html", {"error": _unreadable(error.reason)}, status=422)
    if found is None or found.state != "whole":
        logger.warning("document_not_genuine", kind=found.kind if found else "proof", person=pseudonym(None))
    context = {
        "found": found,
        "proof": sealed,
        "state": found.state if found else "changed",
        "text": json.dumps(found.document, ensure_ascii=False, indent=2, sort_keys=True)
        if found and found.document
        else "",
    }
    return render(request, "web/verify.html", context)


def _check(content: bytes) -> tuple[verification.Verdict | None, Json | None]:
    """What is found, and the call's proof if that is what it is; neither for a proof that was changed."""
    signed = _as_proof(content)
    if signed is None:
        return verification.check(content), None
    if not proof.keyring().is_signed(signed, kind=proof.TYPE):
        return None, None
    told: Json = json.loads(signatures.decode(signed["payload"]))
    inner = told.get("signature")
    if inner:
        return verification.form(inner["jws"]), told
    return verification.Verdict("proof", "whole"), told


def _as_proof(content: bytes) -> Json | None:
    """The signed bundle, if it says that it is one (services/gateway/proof.py)."""
    try:
        signed = json.loads(content)
        head = json.loads(signatures.decode(signed["protected"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return signed if isinstance(head, dict) and head.get("typ") == proof.TYPE else None


def _unreadable(reason: str) -> str:
    said = {
        "empty": _("Choose a file first."),
        "too_large": _("The file is too large. A document from here is smaller than 5 MB."),
        "unsigned": _("There is no signature in this file, so nothing can be said of it. Ask for the sealed document."),
    }
    return said.get(reason) or _("This is no document that we can read: it is damaged, or of another kind.")
