"""Noting that a person's data leaves."""

from collections.abc import Iterable
from datetime import datetime

from identity import statements
from identity.accounts.models import User
from identity.consent.models import Disclosure


def disclose(
    *,
    person: User | None,
    recipient: str,
    recipient_names: dict[str, str],
    purpose_names: dict[str, str],
    fields: Iterable[str],
    receipt: str,
    at: datetime,
) -> Disclosure:
    """Write the log's line; call it in the transaction of the act, so that neither stands without the other."""
    line = Disclosure(
        person=person,
        recipient=recipient,
        recipient_names=recipient_names,
        purpose_names=purpose_names,
        fields=sorted(fields),
        receipt=receipt,
        at=at,
    )
    statements.insert(line)
    return line
