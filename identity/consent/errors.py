"""What the disclosure log refuses. Messages are for people."""


class ConsentError(Exception):
    """Any of them; the message says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NoDisclosureKey(ConsentError):
    """FERRY_DISCLOSURE_KEY names no private key, so that nothing can be sealed."""


class AlreadyAsked(ConsentError):
    """The person has asked about this line before."""


class TooManyQuestions(ConsentError):
    """The person has as many open questions, or has asked as many today, as one may."""


class NotAnswerable(ConsentError):
    """It was answered already, or there are no words in the answer."""
