"""The assisted-service counter: an officer helps a citizen with named functions, once the citizen says yes."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import permission_required
from django.core.mail import send_mail
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from identity.accounts.models import User
from identity.mandates import acting, assisting, flows, names
from identity.mandates.errors import NotOpen, NotYours, WrongCode, WrongLimits
from identity.mandates.models import Confirmation, Mandate
from identity.security import logger, pseudonym
from portal.web.account import mandate_forms as forms
from portal.web.account.mandates import title
from services.registry.models import Department, ServiceFunction

METHOD = Confirmation.Method
STATE = Mandate.State
may_serve = permission_required("mandates.serve_at_counter", raise_exception=True)


def _officer(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _department(officer: User) -> Department:
    """The one whose counter it is. An officer of none serves at no counter."""
    found = Department.objects.filter(memberships__user=officer).order_by("pk").first()
    if found is None:
        raise Http404
    return found


@never_cache
@may_serve
@require_http_methods(["GET", "HEAD", "POST"])
def counter(request: HttpRequest) -> HttpResponse:
    """Begin to help a citizen; what waits for a second officer; and mandates to accept with a document."""
    if request.method == "POST":
        return _begin(request)
    return _page(request, {})


def _page(request: HttpRequest, errors: dict[str, str], *, status: int = 200, **said: Any) -> HttpResponse:
    officer = _officer(request)
    department = _department(officer)
    second = Mandate.objects.filter(
        kind=Mandate.Kind.ASSISTED, state=STATE.ASKED, department=department.code,
        confirmation__method=METHOD.DOCUMENT, confirmation__expires_at__gt=timezone.now(),
    ).exclude(agent=officer).exclude(principal_person=None).select_related("agent", "principal_person")  # fmt: skip
    context = {
        "department": department,
        "fields": _fields(request, errors),
        "errors": list(errors.items()),
        "second": [
            {
                "pk": each.pk, "officer": str(each.agent), "document": each.document_reference,
                "citizen": names.say(names.of_person(each.principal_person)) if each.principal_person else "",
            }
            for each in second
        ],
        **said,
    }  # fmt: skip
    return render(request, "web/counter.html", context, status=status)


def _fields(request: HttpRequest, errors: dict[str, str]) -> list[dict[str, Any]]:
    post = request.POST

    def field(name: str, label: str, hint: str, kind: str = "text", **more: Any) -> dict[str, Any]:
        return {"name": name, "label": label, "hint": hint, "kind": kind, "value": post.get(name, ""),
                "error": errors.get(name, ""), "required": True, "autocomplete": "off", **more}  # fmt: skip

    return [
        field("address", _("Who is at the counter?"), _("Their user name or confirmed e-mail address."), maxlength=254),
        field("services", _("With what do you help?"), _("One service of your department a line: its code, or the "
              "address of its page."), "longtext", maxlength=2_000),
        field("method", _("How do they say yes?"), "", "choice", choices=[
            (METHOD.PHONE.value, _("On their phone, with a code on this screen")),
            (METHOD.CONTACT.value, _("With a code that we send to their e-mail address")),
            (METHOD.DOCUMENT.value, _("With a document, and a second officer")),
        ]),
        field("document", _("Document that you have seen"), _("Only without a phone or e-mail: its kind and number."),
              required=False, maxlength=100),
    ]  # fmt: skip


def _begin(request: HttpRequest) -> HttpResponse:
    officer = _officer(request)
    department = _department(officer)
    answers = forms.Answers(services=request.POST.get("services", "")[:2_000])
    forms.read_services(answers)
    errors = {name: text for name, text in answers.errors.items() if name == "services"}
    own = set(
        ServiceFunction.objects.filter(code__in=answers.functions, department=department).values_list("code", flat=True)
    )
    if not own and not errors:
        errors["services"] = _("Name at least one service.")
    if foreign := [code for code in answers.functions if code not in own]:
        logger.warning(
            "counter_refused", person=pseudonym(officer), department=department.code, reason="other_department"
        )
        errors["services"] = _("%(code)s is another department's service: they help with it.") % {"code": foreign[0]}
    if not request.POST.get("address", "").strip():
        errors["address"] = _("Say who is at the counter.")
    if errors:
        return _page(request, errors, status=422)
    try:
        mandate, code, to = assisting.begin(
            by=officer, address=request.POST["address"], department=department.code,
            department_names=department.names, functions=answers.functions, method=request.POST.get("method", ""),
            document_reference=request.POST.get("document", ""),
        )  # fmt: skip
    except WrongLimits:
        said = _("Choose how they say yes; without a phone or e-mail, say which document you have seen.")
        return _page(request, {"method": said}, status=422)
    except NotYours:
        return _page(request, {"address": _("You cannot help yourself at your own counter.")}, status=403)
    if to:
        _send_code(to, code, officer, department)
    return _session(request, mandate, code=code if mandate.confirmation.method == METHOD.PHONE else "")


def _send_code(to: str, code: str, officer: User, department: Department) -> None:
    said = {"officer": officer, "department": department.name, "code": code}
    text = "\n\n".join([
        _("Officer %(officer)s of %(department)s asks to help you at a counter with Ferry.") % said,
        _("If you are there and agree, tell the officer this code: %(code)s") % said,
        _("It works for ten minutes. If you are not at a counter, tell nobody and do nothing."),
    ])  # fmt: skip
    send_mail(_("Your code for the counter"), text, None, [to])


def _of_officer(request: HttpRequest, pk: UUID) -> Mandate:
    """The officer's own; another's is as unknown as none, and noted if it is another department's."""
    officer = _officer(request)
    found = Mandate.objects.filter(pk=pk, kind=Mandate.Kind.ASSISTED).select_related("confirmation").first()
    if found is None or found.agent_id != officer.pk:
        if found is not None:
            logger.warning(
                "counter_refused", person=pseudonym(officer), department=found.department, reason="not_theirs"
            )
        raise Http404
    return found


@never_cache
@may_serve
@require_http_methods(["GET", "HEAD", "POST"])
def session(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How the ask stands. A post brings the code that the citizen read out, or begins once they have said yes."""
    mandate = _of_officer(request, pk)
    if request.method != "POST":
        return _session(request, mandate)
    if "code" in request.POST:
        try:
            assisting.confirm_by_code(mandate, by=_officer(request), code=request.POST["code"])
        except WrongCode:
            error = _("This is not the code that we sent, or it has run out.")
            return _session(request, mandate, status=422, error=error)
        except NotOpen:
            return _session(request, mandate, status=409, error=_("It is not open any more. Begin anew."))
    acting.start(request, mandate)
    return redirect("web:function-form", mandate.functions[0])


def _session(request: HttpRequest, mandate: Mandate, *, status: int = 200, **said: Any) -> HttpResponse:
    now = timezone.now()
    is_waiting = mandate.state == STATE.ASKED and mandate.confirmation.expires_at > now
    context = {
        "mandate": mandate,
        "method": mandate.confirmation.method,
        "is_waiting": is_waiting,
        "is_ready": not mandate.obstacle(now),
        "rows": forms.limits_in_words(mandate),
        "address": mandate.addressed_to,
        **said,
    }
    return render(request, "web/counter_session.html", context, status=status)


@never_cache
@may_serve
@require_POST
def second(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A second officer of the same department has seen the citizen and the document."""
    officer = _officer(request)
    found = Mandate.objects.filter(pk=pk, kind=Mandate.Kind.ASSISTED).first()
    if found is None:
        raise Http404
    try:
        assisting.confirm_by_document(found, by=officer, department=_department(officer).code)
    except NotYours as error:
        raise Http404 from error
    except NotOpen:
        return _page(request, {}, status=409, error=_("It is not open any more."))
    return redirect("web:account-counter")


@never_cache
@may_serve
@require_http_methods(["GET", "HEAD", "POST"])
def document(request: HttpRequest) -> HttpResponse:
    """Accept a mandate for which a document speaks: a birth certificate, a court's order, a company's papers."""
    officer = _officer(request)
    department = _department(officer)
    reference = request.POST.get("reference", request.GET.get("reference", "")).strip().upper()[:12]
    found = Mandate.objects.filter(reference=reference, state=STATE.ASKED).select_related(
        "agent", "principal_person", "principal_organisation", "asked_by"
    ).exclude(kind=Mandate.Kind.ASSISTED).first() if reference else None  # fmt: skip
    error = _("There is no open ask of this number.") if reference and found is None else ""
    if request.method == "POST" and found is not None:
        try:
            flows.accept_at_counter(found, by=officer, document_reference=request.POST.get("document", ""))
            return _document_page(request, department, reference, None, is_done=True)
        except WrongLimits:
            error = _("Say which document you have seen: its kind and number.")
        except (NotYours, NotOpen):
            error = _("You cannot accept this one: one side is not known yet, or is you.")
    return _document_page(request, department, reference, found, error=error)


def _document_page(
    request: HttpRequest,
    department: Department,
    reference: str,
    found: Mandate | None,
    *,
    error: str = "",
    is_done: bool = False,
) -> HttpResponse:
    officer = _officer(request)
    context = {
        "department": department,
        "reference": reference,
        "mandate": found,
        "title": _both(found) if found else "",
        "rows": forms.limits_in_words(found) if found else [],
        "error": error,
        "is_done": is_done,
        "officer": officer,
    }
    return render(request, "web/counter_document.html", context, status=422 if error else 200)


def _both(mandate: Mandate) -> str:
    """With both names: the officer has to compare them with the document."""
    if not mandate.agent or not (mandate.principal_person or mandate.principal_organisation):
        return title(mandate, mandate.asked_by)
    sides = names.of_sides(mandate)
    return _("%(agent)s for %(principal)s") % {side: names.say(said) for side, said in sides.items()}
