"""What can go wrong when the registry is changed. Each says it in words that an officer can act on."""

from collections.abc import Sequence

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _


class RegistryError(Exception):
    """A change that was not made; `message` says why, in the active language."""

    @property
    def message(self) -> str:
        return str(self)


class NotAllowed(RegistryError, PermissionDenied):
    """The person is not an officer of the department, or reaches beyond it."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or _("Only an officer of the department can do this."))


class FourEyes(NotAllowed):
    """The person would decide on their own work."""

    def __init__(self) -> None:
        super().__init__(_("Someone else has to decide on this version, because it is your own work."))


class NotOpen(RegistryError):
    """The version or function is not in a state in which this can be done."""


class CodeTaken(RegistryError):
    """There is a function with this code already."""

    def __init__(self, code: str) -> None:
        super().__init__(_("There is a function with the code %(code)s already.") % {"code": code})


class Unusable(RegistryError):
    """A backend that could not be reached as it is described; `field` says which entry is wrong."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


class Incomplete(RegistryError):
    """Something has to be filled in first; `missing` names each thing."""

    def __init__(self, missing: Sequence[str]) -> None:
        self.missing = list(missing)
        super().__init__(_("Please add: %(things)s.") % {"things": "; ".join(self.missing)})
