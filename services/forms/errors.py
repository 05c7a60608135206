"""What can be wrong with a form: its schema, what a person filled in, or a file."""

from dataclasses import dataclass


class FormError(Exception):
    """Base of this room's errors."""


class SchemaError(FormError):
    """A form that an officer described cannot be used. `pointer` (RFC 6901) says where."""

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(f"{pointer or '/'}: {message}")
        self.pointer = pointer
        self.message = message


@dataclass(frozen=True)
class FieldError:
    """One thing to put right, in the person's language."""

    pointer: str  # RFC 6901, into the data that was sent; empty: the whole form
    name: str  # of the field on the page; empty when no field of the form is meant
    message: str


class Invalid(FormError):
    """What was filled in cannot be sent yet."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__(f"{len(errors)} field errors")  # never the contents: this text reaches logs
        self.errors = errors


class FileRefused(FormError):
    """A file that cannot be taken; the message says why, in the person's language."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
