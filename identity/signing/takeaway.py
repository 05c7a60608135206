"""What a person who asks for their data gets of what they signed, and what stays when their account is deleted."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from identity.accounts.export import Fact, Record
from identity.accounts.models import User
from identity.signing.models import SignedDocument


def records(person: User) -> Iterator[Record]:
    """Each document that was signed, with the proof of it as long as that may be kept."""
    for each in SignedDocument.objects.filter(person=person, signed_at__isnull=False).order_by("-signed_at"):
        yield [
            Fact("signed_at", _("Signed at"), each.signed_at and each.signed_at.isoformat()),
            Fact("reference", _("Number"), each.reference),
            Fact("sha256", _("Fingerprint (SHA-256)"), each.sha256),
            Fact("jws", _("Your signature (JSON)"), each.jws),
        ]


def erase(person: User) -> None:
    """What led to nothing; a signature that a call took goes with what was sent."""
    SignedDocument.objects.filter(person=person, used_at=None).delete()
