"""What pages say of the way to the identity app: each end that is none has its next step."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from identity.upstream.models import Transaction

Text = str | Promise
Kind, Status = Transaction.Kind, Transaction.Status


class Trouble(NamedTuple):
    """A title, what it means and what to do now."""

    title: Text
    text: Text
    tone: str = "error"


TROUBLES: dict[str, Trouble] = {
    Status.CANCELLED: Trouble(
        _("You stopped in the app"), _("Nothing was sent, and nothing has changed. Begin again when you like."), "info"
    ),
    Status.REJECTED: Trouble(
        _("You refused in the app"),
        _("Nothing was sent. Was it not you who began? Then all is well: nobody got in. If it was, begin again."),
    ),
    Status.TIMED_OUT: Trouble(
        _("The time for the app is over"),
        _("A request waits ten minutes at the most, for your safety. Begin again and have your phone at hand."),
        "waiting",
    ),
    Status.FAILED: Trouble(
        _("The app’s answer could not be used"),
        _("It is not your fault, and nothing has changed. Begin again; if it happens twice, use another way."),
    ),
    Status.DISOWNED: Trouble(
        _("Somebody else approved this"),
        _("It was refused, and nothing of yours was shown. Begin again, and scan the code with your own phone."),
    ),
    "unknown": Trouble(
        _("We do not know this answer"),
        _("The link is incomplete, or too old. Nothing has changed. Begin again on this device."),
    ),
    "replayed": Trouble(
        _("This answer was used already"),
        _("Each approval in the app counts once. If you are not signed in yet, begin again."),
    ),
    "expired": Trouble(
        _("This answer came too late"), _("An approval counts for ten minutes. Nothing has changed. Begin again.")
    ),
    "other_browser": Trouble(
        _("You began in another browser"),
        _("Go back to the browser or device where you pressed the button. Did you not press one? Then close this page:"
          " somebody may have wanted to get into your account."),
    ),
    "other_person": Trouble(
        _("Somebody else approved this"),
        _("It was refused, and nothing of yours was shown. Begin again, and scan the code with your own phone."),
    ),
    "unreachable": Trouble(
        _("The identity app cannot be reached"),
        _("Its provider does not answer just now. Try again in a few minutes, or use another way."),
        "waiting",
    ),
    "refused": Trouble(
        _("The identity app did not accept this"),
        _("Nothing has changed. Sign in with the app once more, then try again."),
    ),
    "sign_in_again": Trouble(
        _("Sign in with the app once more"), _("It was last used too long ago for this. Then try again."), "waiting"
    ),
    "not_connected": Trouble(
        _("Your account has no identity app yet"), _("Link the app to your account first. That takes a minute."), "info"
    ),
    "linked_elsewhere": Trouble(
        _("This app belongs to another account"),
        _("It signs in to another account at Ferry already. Sign in with it there, or unlink it there first."),
    ),
}  # fmt: skip
TITLES: dict[str, Text] = {
    Kind.SIGN_IN: _("Sign in with your identity app"),
    Kind.CONNECT: _("Link your identity app"),
    Kind.REAUTHENTICATE: _("Prove once more that it is you"),
    Kind.PROFILE: _("Get your details from the app"),
    Kind.FORM_FILLING: _("Get your details from the app"),
    Kind.STEP_UP: _("Prove once more that it is you"),
    Kind.SIGNATURE: _("Sign in the app"),
}
DONE: dict[str, Text] = {
    Kind.PROFILE: _("Your details have arrived."),
    Kind.FORM_FILLING: _("Your details have arrived."),
    Kind.SIGNATURE: _("The document is signed."),
}


def masked(name: str) -> str:
    """Enough of a name for its owner to know it, and for nobody else: CHAN T** M**, 陳**."""
    first, *rest = name.split()
    if not rest:
        return first[:1] + "*" * max(len(first) - 1, 1)
    return " ".join([first, *(part[:1] + "*" * max(len(part) - 1, 1) for part in rest)])
