"""What a person who asks for their data gets of their identity app. Secrets are not data of theirs."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from identity.accounts.export import Fact, Record
from identity.accounts.models import User
from identity.upstream import flows
from identity.upstream.models import Transaction


def records(person: User) -> Iterator[Record]:
    """The link, and each thing that the app was asked."""
    connection = flows.connection_of(person)
    if connection is not None:
        yield [
            Fact("linked_at", _("Linked at"), connection.linked_at.isoformat()),
            Fact("open_id", _("How the provider calls you, to us alone"), connection.account.uid),
        ]
    for each in Transaction.objects.filter(person=person).order_by("made_at"):
        yield [
            Fact("kind", _("What the app was asked"), each.kind, Transaction.Kind(each.kind).label),
            Fact("outcome", _("What became of it"), each.outcome, Transaction.Status(each.outcome).label),
            Fact("made_at", _("Asked at"), each.made_at.isoformat()),
        ]
