"""What can be wrong with a mandate, or with its use."""

# Why a mandate cannot be used: it was never theirs, is not in force, or does not go so far. `mixed_up` is a form
# that was opened for another person than the one for whom the session acts now.
REASONS = (
    "unknown", "not_accepted", "not_yet", "expired", "ended", "outside_function", "outside_act", "mixed_up",
)  # fmt: skip


class MandateError(Exception):
    """Any of the below."""


class NotUsable(MandateError):
    """The mandate cannot be used for this, now. `reason` is one of REASONS; `mandate` is given to its own agent."""

    def __init__(self, reason: str, mandate: object = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.mandate = mandate


class NotYours(MandateError):
    """It is not for this person to decide."""


class NotOpen(MandateError):
    """It was decided already, or is over."""


class TooMany(MandateError):
    """The person has many open asks, or tried too often."""


class WrongCode(MandateError):
    """The code is not right, was used, or has run out."""


class WrongLimits(MandateError):
    """The limits are none, or go further than this person may go."""
