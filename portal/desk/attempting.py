"""The page on which an officer tries a version against its backend."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal.desk import samples, trying
from portal.desk.access import function_of, may_act, person, staff_page, version_of
from portal.desk.pages import page
from services.forms import fields
from services.forms.errors import FieldError, Invalid
from services.languages import current
from services.registry.completeness import LANGUAGES


@staff_page
def attempt(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """The form as the test citizen has it; after a press of the button, what was sent and what came back."""
    found = function_of(request, code)
    version = version_of(found, number)
    is_possible = version.backend.is_deliverable and may_act(person(request), found)
    data = samples.answers(version.form)
    errors: list[FieldError] = []
    tried = None
    if request.method == "POST" and is_possible:
        data = fields.decode(version.form, request.POST)
        try:
            tried = trying.send(version, data, by=person(request))
        except Invalid as invalid:
            errors = invalid.errors
    drawn = fields.render(
        version.form, data=data, errors=errors, profile=samples.profile(), language=current() or get_language() or "en"
    )
    return page(
        request,
        "try",
        _("Try it: %(name)s") % {"name": version.name},
        status=422 if errors else 200,
        function=found,
        version=version,
        is_possible=is_possible,
        may_act=may_act(person(request), found),
        fields=drawn,
        errors=errors,
        tried=tried,
        languages=LANGUAGES,
        sample_file=next(iter(samples.FILES)),
    )
