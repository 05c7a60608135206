"""A form as citizens will see it, before there is a page of it: the same components and the same style sheet."""

from collections.abc import Mapping

from django.template.loader import render_to_string
from django.utils import translation

from portal.desk import samples
from services.forms import fields
from services.forms.kinds import Json
from services.languages import CODES, column


def draw(form: Json | None, words: Mapping[str, str], language: str) -> str:
    """A whole small HTML page. `words`: name_en, summary_en and so on; no form: its JSON cannot be read."""
    language = language if language in CODES else "en"
    with translation.override(language):
        drawn = fields.render(form or {}, data={}, errors=[], profile=samples.profile(), language=language)
        return render_to_string(
            "desk/parts/preview.html",
            {
                "fields": drawn,
                "is_readable": form is not None,
                "name": words.get(column("name", language), ""),
                "summary": words.get(column("summary", language), ""),
                "language": language,
            },
        )
