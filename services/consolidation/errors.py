"""What can be wrong with a decision about an app's way out."""


class ConsolidationError(Exception):
    """Any of the below."""


class NotReady(ConsolidationError):
    """The app cannot be switched off yet. `blockers` and `unpublished` say how much stands in the way."""

    def __init__(self, *, blockers: int, unpublished: int) -> None:
        super().__init__(f"{blockers} blockers are open and {unpublished} functions are not published")
        self.blockers = blockers
        self.unpublished = unpublished


class AlreadyDone(ConsolidationError):
    """The blocker was closed, or the app switched off, before."""
