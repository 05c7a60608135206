"""How long a department keeps what people sent it: its own default, which functions may replace."""

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from portal.desk.access import departments_of, person, staff_page
from portal.desk.pages import do, page, to
from services.registry import flows
from services.registry.models import RETENTION_MAX


class Days(forms.Form):
    days = forms.IntegerField(min_value=1, max_value=RETENTION_MAX)


@staff_page
def retention(request: HttpRequest) -> HttpResponse:
    """The person's departments with their days; a post changes those of one."""
    own = departments_of(person(request))
    error = ""
    if request.method == "POST":
        department = own.filter(code=request.POST.get("department", "")).first()
        if department is None:
            raise Http404
        form = Days(request.POST)
        if form.is_valid():
            days = form.cleaned_data["days"]
            do(request, lambda: flows.keep_for(department, days, by=person(request)), _("Saved."))
            return to("retention")
        error = _("Give a number of days from 1 to %(most)s.") % {"most": RETENTION_MAX}
    title = _("How long data is kept")
    return page(request, "retention", title, status=422 if error else 200, departments=own, error=error)
