"""What is counted about forms: where people stop, and which kind of field costs them a second try."""

from collections.abc import Iterable
from typing import Literal

from services.figures import Counter
from services.forms.errors import FieldError
from services.forms.kinds import Json, kind_of

Step = Literal["shown", "mistake", "review", "sent"]

steps = Counter("ferry_form_steps", "Steps through forms, by function", ["function", "step"])
mistakes = Counter("ferry_form_mistakes", "Fields that had to be put right, by their kind", ["kind"])


def observe_step(function: str, step: Step) -> None:
    """A person came so far with the form of the function. Its code must be one that exists."""
    steps.count(function, step)


def observe_mistakes(function: str, form: Json, errors: Iterable[FieldError]) -> None:
    """A form came back: what kinds of field were at fault, never which values."""
    observe_step(function, "mistake")
    properties = form.get("properties", {})
    for error in errors:
        field = properties.get(error.name)
        mistakes.count(kind_of(field) if field else "form")
