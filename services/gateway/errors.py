"""What can be wrong with a call before it is accepted, or with a decision about it afterwards."""


class GatewayError(Exception):
    """Any of the below."""


class NotAvailable(GatewayError):
    """The function cannot be called now. `code` is that of story.Availability, `message` is for the person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class AssuranceTooLow(GatewayError):
    """The function asks for a surer sign-in than this one. `needed` is a level of identity.accounts."""

    def __init__(self, needed: str) -> None:
        super().__init__(f"assurance {needed} is needed")
        self.needed = needed


class SignatureNeeded(GatewayError):
    """The function takes only what the person has signed. `function` is its code."""

    def __init__(self, function: str = "") -> None:
        super().__init__("a signature is needed")
        self.function = function


class IdempotencyConflict(GatewayError):
    """The key was used before, for something else."""


class NotSettleable(GatewayError):
    """The call is not in a state in which a human may retry or close it."""


class ExchangeFailed(GatewayError):
    """The files of a batch backend could not be exchanged; nothing is lost by trying again. Technical, no contents."""


class NotWithdrawable(GatewayError):
    """The call has left, or may have. `code` is that of withdrawal.obstacle, `message` is for the person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class NoProofKey(GatewayError):
    """This portal has no key to sign proofs with."""


class HookError(GatewayError):
    """A webhook that changed nothing; the message is for the department's engineers, without contents."""


class NotSigned(HookError):
    """Nobody who may speak for the backend has signed it, or it is too old."""


class NotUnderstood(HookError):
    """It is signed, but does not say anything that we can use."""


class UnknownReceipt(HookError):
    """It speaks of a call that never went to this backend."""


class NotDelivered(HookError):
    """It speaks of a call that has not been sent yet."""


class NotYours(GatewayError):
    """The person may not decide about calls of this department."""


class MappingError(GatewayError):
    """A request or answer map that cannot be used; the message says where."""


class LedgerUnreadable(GatewayError):
    """A department's ledger that cannot be read to its end; the message says where, without contents."""
