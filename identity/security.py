"""The security log: one line for whatever was refused because somebody may be up to no good.

It is an ordinary log under a name of its own, so that a collector can keep it apart. Events are documented in
docs/operations.md. Nobody is named in it: `pseudonym` tells two lines of one person apart from those of another.
"""

import hashlib
import hmac
from typing import TYPE_CHECKING

import structlog
from django.conf import settings

if TYPE_CHECKING:
    from identity.accounts.models import User

logger = structlog.get_logger("ferry.security")


def pseudonym(person: "User | None") -> str:
    """Twelve hexadecimal digits that stand for the person in the log, or `nobody`; keyed, so that none can be tried."""
    if person is None:
        return "nobody"
    return hmac.new(settings.SECRET_KEY.encode(), b"security-log:" + person.pk.bytes, hashlib.sha256).hexdigest()[:12]
