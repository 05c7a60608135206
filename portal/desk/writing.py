"""Registering a function, changing its draft, and seeing its form as citizens will."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.desk import previews, questions
from portal.desk import sheet as sheets
from portal.desk.access import departments_of, function_of, may_act, open_version, person, staff_page
from portal.desk.pages import page, to
from portal.desk.sheet import Sheet
from services.registry import flows
from services.registry.completeness import LANGUAGES
from services.registry.errors import RegistryError
from services.registry.models import Department, FunctionVersion, ServiceFunction

SAVES = {"save", "enter", "save-try", "save-submit"}  # `enter`: the key, pressed in a line of text


@staff_page
def new(request: HttpRequest) -> HttpResponse:
    """A function that is not there yet."""
    departments = departments_of(person(request))
    asked = request.POST.get("department") or request.GET.get("department")
    department = departments.filter(code=asked).first() if asked else departments.first()
    if department is None:
        raise PermissionDenied(_("Only an officer of a department can register a function."))
    if request.method != "POST":
        return _show(request, sheets.blank(department), department=department)
    sheet = sheets.posted(request.POST, department=department)
    if (act := request.POST.get("act", "save")) not in SAVES:
        sheet.act(act)
        return _show(request, sheet, department=department)
    values = sheet.values()
    if values is None:
        return _show(request, sheet, department=department)
    try:
        version = flows.create_function(
            by=person(request),
            department=department,
            code=sheet.code,
            values=values,
            app=sheet.facts.cleaned_data["app"],
        )
    except RegistryError as error:
        sheet.facts.add_error("code", error.message)
        return _show(request, sheet, department=department)
    return _saved(request, version, act)


@staff_page
def edit(request: HttpRequest, code: str) -> HttpResponse:
    """The open draft of a function."""
    function = function_of(request, code)
    version = open_version(function)
    if version is None or version.state != "draft" or not may_act(person(request), function):
        messages.info(request, _("There is no draft to change. Start a new version first."))
        return to("function", code)
    if request.method != "POST":
        return _show(request, sheets.of_version(version), version=version)
    sheet = sheets.posted(request.POST, department=function.department, code=code)
    if (act := request.POST.get("act", "save")) not in SAVES:
        sheet.act(act)
        return _show(request, sheet, version=version)
    values = sheet.values()
    if values is None:
        return _show(request, sheet, version=version)
    try:
        flows.save_draft(version, values, by=person(request))
    except RegistryError as error:
        sheet.facts.add_error(None, error.message)
        return _show(request, sheet, version=version)
    return _saved(request, version, act)


def _saved(request: HttpRequest, version: FunctionVersion, act: str) -> HttpResponse:
    """Where the button leads."""
    code = version.function.code
    if act == "save-try":
        return to("try", code, version.number)
    if act == "save-submit":
        return submit(request, version)
    messages.success(request, _("Saved. Nobody outside your department sees it yet."))
    return to("edit", code)


def submit(request: HttpRequest, version: FunctionVersion) -> HttpResponse:
    """Ask a second officer; what is still missing is said on the page of the draft."""
    code = version.function.code
    try:
        flows.submit(version, by=person(request))
    except RegistryError as error:
        messages.error(request, error.message)
        return to("edit", code)
    messages.success(request, _("Sent for approval. Another officer of your department will look at it."))
    return to("function", code)


def _show(
    request: HttpRequest,
    sheet: Sheet,
    *,
    department: Department | None = None,
    version: FunctionVersion | None = None,
) -> HttpResponse:
    function = version.function if version else None
    sheet.show_standard()
    owner = department or (function.department if function else None)
    return page(
        request,
        "edit",
        _("Change: %(name)s") % {"name": version.name} if version else _("New function"),
        status=422 if sheet.is_wrong else 200,
        sheet=sheet,
        function=function,
        version=version,
        department=owner,
        departments=departments_of(person(request)) if version is None else [],
        languages=LANGUAGES.items(),
        preview=_preview(sheet),
        **questions.context(sheet.rows),
    )


@staff_page
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """The form beside the builder, drawn again from what stands on the page now."""
    department = get_object_or_404(departments_of(person(request)), code=request.POST.get("department", ""))
    known = request.POST.get("function", "")
    sheet = sheets.posted(request.POST, department=department, code=known)
    return render(request, "desk/parts/preview_frame.html", {"preview": _preview(sheet)})


def _preview(sheet: Sheet) -> str:
    said = {name: str(sheet.facts[name].value() or "") for name in sheets.WORDS}
    return previews.draw(sheet.sketch(), said, sheet.shown_language)


@staff_page
@require_POST
def start(request: HttpRequest, code: str) -> HttpResponse:
    """A new version that begins as the newest one."""
    function: ServiceFunction = function_of(request, code)
    try:
        with transaction.atomic():
            flows.start_draft(function, by=person(request))
    except RegistryError as error:
        messages.error(request, error.message)
        return to("function", code)
    return to("edit", code)
