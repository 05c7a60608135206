"""What can go wrong on the way to the national identity and back."""


class UpstreamError(Exception):
    """Base of them all; `reason` is a word for the log and for choosing what the page says."""

    reason = "failed"


class Unreachable(UpstreamError):
    """The provider does not answer, is in trouble, or answers what nobody can read: later it may."""

    reason = "unreachable"


class Refused(UpstreamError):
    """The provider says no, with a code of its own."""

    reason = "refused"

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NotConnected(UpstreamError):
    """The account has no identity app linked to it."""

    reason = "not_connected"


class SignInAgain(UpstreamError):
    """The app was last used too long ago for this: the person signs in with it once more."""

    reason = "sign_in_again"


class NotSeen(UpstreamError):
    """There is no such request: the state was made up, or forgotten since."""

    reason = "unknown"


class Replayed(UpstreamError):
    """It was answered, or used, before."""

    reason = "replayed"


class Expired(UpstreamError):
    """It came too late."""

    reason = "expired"


class OtherBrowser(UpstreamError):
    """It belongs to another browser than the one that brings it."""

    reason = "other_browser"


class OtherPerson(UpstreamError):
    """Whoever approved it is somebody else."""

    reason = "other_person"


class MixedUp(UpstreamError):
    """State, ticket and request do not belong together."""

    reason = "mixed_up"


class NotGenuine(UpstreamError):
    """Signature or seal are not the provider's."""

    reason = "forged"


class OnlyWay(UpstreamError):
    """The app is the only way to sign in to the account."""

    reason = "only_way"
