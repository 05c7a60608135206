"""At the counter: a slip with which somebody who lost their telephone gets back in, once their document was checked."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from identity.accounts import recovery
from identity.accounts.models import Recovery, User
from identity.accounts.names import person_named
from portal.desk.access import person, staff_page
from portal.desk.pages import page


class SlipForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Username or email address"), max_length=254)
    document = forms.ChoiceField(
        label=gettext_lazy("Document that you have checked"), choices=Recovery.Document.choices
    )
    reference = forms.CharField(
        label=gettext_lazy("File reference"),
        max_length=60,
        help_text=gettext_lazy("Under which your office finds this visit again; never the document's own number."),
    )
    is_compared = forms.BooleanField(label=gettext_lazy("I have compared the face with the document."))

    def clean_name(self) -> User:
        found = person_named(self.cleaned_data["name"])
        if found is None or not found.is_active:
            raise forms.ValidationError(_("There is no account of that name. Ask the person to spell it."))
        return found


@staff_page
def slip(request: HttpRequest) -> HttpResponse:
    """Issue one; its letters are shown once, to print."""
    officer = person(request)
    if not officer.has_perm("accounts.issue_recovery_slip"):
        raise PermissionDenied
    form = SlipForm(request.POST or None)
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        facts = form.cleaned_data
        try:
            letters = recovery.issue_slip(
                request, facts["name"], officer=officer, document=facts["document"], reference=facts["reference"]
            )
            context = {"letters": letters, "whose": facts["name"]}
        except PermissionDenied:
            form.add_error("name", _("This account is yours or a colleague's: operations help staff."))
    status = 422 if form.errors else 200
    return page(request, "recovery_slip", _("Recovery slip"), status=status, **context)
