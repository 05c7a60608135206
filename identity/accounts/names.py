"""Whom a name typed at sign-in means."""

from allauth.account.models import EmailAddress
from django.db.models import Case, Exists, IntegerField, OuterRef, Q, Value, When

from identity.accounts.models import User

LONGEST = 254  # characters of an e-mail address (RFC 5321 section 4.5.3.1.3); longer ones mean nobody


def person_named(name: str) -> User | None:
    """The person with this verified e-mail address, else with this user name, else with this unverified address.

    Always one query, whether there is such a person or not. Whoever verified an address goes first, so that nobody
    can stand in their way by taking it as a user name or by typing it into a sign-up.
    """
    name = name.strip()
    if not name or len(name) > LONGEST or "\0" in name:
        return None
    addresses = EmailAddress.objects.filter(user=OuterRef("pk"), email=name.lower())
    verified, unverified = Exists(addresses.filter(verified=True)), Exists(addresses.filter(verified=False))
    by_address = Q(pk__in=EmailAddress.objects.filter(email=name.lower()).values("user"))
    rank = Case(
        When(verified, then=Value(0)),
        When(Q(username__iexact=name), then=Value(1)),
        When(unverified, then=Value(3)),
        default=Value(2),
        output_field=IntegerField(),
    )
    candidates = User.objects.filter(Q(username__iexact=name) | Q(email__iexact=name) | by_address)
    return candidates.annotate(rank=rank).order_by("rank", "-date_joined").first()
