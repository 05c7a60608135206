"""What can be wrong with a signature, a seal or a time stamp."""

# Why a signature cannot be used: there is none yet, it is somebody else's, was made over another document or for
# nobody who may sign, was used before, or is too old.
REASONS = ("unknown", "not_signed", "not_trusted", "other_person", "other_document", "used", "expired")


class SigningError(Exception):
    """Any of the below."""


class SignatureRefused(SigningError):
    """The signature does not count for this. `reason` is one of REASONS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NoSeal(SigningError):
    """This portal has no seal: FERRY_SEAL names no key."""


class NoTimeStamp(SigningError):
    """The time stamping authority gave none."""


class NotReadable(SigningError):
    """It is no document that can be checked. `reason`: empty, too_large, unknown, unsigned."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
