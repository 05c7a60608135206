"""Opening hours as lines: an officer of operations writes `mon-fri 09:00-17:00`, not JSON."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from services.registry import opening_hours, windows

LONGEST = 1000  # characters


class HoursField(forms.CharField):
    """Of a service window (services.registry.windows); empty for always open."""

    widget = forms.Textarea

    def __init__(self, **kwargs: Any) -> None:
        for name in ("encoder", "decoder", "max_length"):
            kwargs.pop(name, None)
        kwargs["help_text"] = gettext_lazy(
            "One line for each run of days, such as “mon-fri 09:00-13:00, 14:00-17:00”, then “sat 09:00-13:00”. "
            "The line “general holidays closed” closes it on them. Empty: always open."
        )
        super().__init__(max_length=LONGEST, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """What is stored as lines; what was typed as it was typed."""
        return value if isinstance(value, str) else opening_hours.write(value)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            window = opening_hours.read(text)
        except ValueError as error:
            raise ValidationError(
                _("“%(line)s” is not understood. Write it as “mon-fri 09:00-17:00”.") % {"line": str(error)[:60]}
            ) from error
        try:
            windows.check(window)
        except ValueError as error:
            raise ValidationError(
                _("A time is not possible, or closes before it opens: %(why)s") % {"why": error}
            ) from error
        return window

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(opening_hours.write(initial) != (data or "").strip())
