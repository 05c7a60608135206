"""What becomes of a person's sign-ins at departments' sites when they delete their account."""

from django.utils.translation import gettext_lazy as _

from identity.accounts import closing
from identity.accounts.models import User
from identity.provider.models import PairwiseSubject, TokenFamily


def register() -> None:
    """Called once, when the app is ready."""
    closing.register("sites", erase=erase, erased=[_("Your log-ins at departments' sites")])


def erase(person: User) -> None:
    """Every code and token, and the names by which sites knew the person: a new account is somebody new to them."""
    TokenFamily.objects.filter(person=person).delete()
    PairwiseSubject.objects.filter(person=person).delete()
