"""What a person is asked to sign: the form as it stands, for whom they act, and whether it is still what they read."""

import uuid

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from identity.accounts.models import User
from identity.mandates import acting
from identity.signing import flows
from identity.signing.models import SignedDocument
from services.forms.errors import Invalid
from services.forms.models import Draft
from services.gateway import flows as gateway


def prepare(request: HttpRequest, draft: Draft) -> SignedDocument:
    """A document of the form as it stands now. Raises forms.errors.Invalid, and NoSeal."""
    person = _person(request)
    return flows.prepare(person, _content(request, draft, person))


def of(request: HttpRequest, key: uuid.UUID) -> SignedDocument:
    """The person's own. Raises Http404, for other people's too."""
    found = SignedDocument.objects.filter(pk=key, person=_person(request)).first()
    if found is None:
        raise Http404("no such document of this person")
    return found


def is_current(request: HttpRequest, draft: Draft, document: SignedDocument) -> bool:
    """Whether the form still says what the document says, for the same person."""
    try:
        said = _content(request, draft, _person(request))
    except Invalid:
        return False
    return bool(flows.text_of(document.pk, said) == document.content)


def refused(reason: str) -> str:
    """Why a signature does not count, and what to do."""
    said = {
        "expired": _("Your signature is too old: it counts for half an hour. Nothing was sent. Please sign once more."),
        "used": _("This signature was used already. Nothing was sent again. Look under “My calls”, or sign once more."),
        "other_document": _("The form was changed since you began to sign. Look it over and sign it as it stands now."),
    }
    return said.get(reason) or _("This signature could not be used, and nothing was sent. Please sign once more.")


def _content(request: HttpRequest, draft: Draft, person: User) -> dict[str, object]:
    return gateway.to_sign(
        draft.version, draft.data, person=person, mandate=acting.of(request), caller=draft.caller
    )  # fmt: skip


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # LoginRequiredMiddleware
    return request.user
