"""Mandates: ask to act for somebody, let somebody act for oneself, answer, limit, end; and the switch itself."""

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from identity.accounts.models import User
from identity.mandates import acting, assisting, flows, names
from identity.mandates.errors import MandateError, NotOpen, NotUsable, NotYours, TooMany, WrongCode, WrongLimits
from identity.mandates.models import Entry, Mandate, Organisation
from portal.web.account import mandate_forms as forms
from portal.web.templatetags.ferry import moment
from services.languages import pick

MOST_SHOWN = 100
STATE = Mandate.State


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _own(request: HttpRequest, pk: UUID) -> Mandate:
    """One in which the person has a part; a 404 that does not tell others from unknown ones."""
    found = (
        Mandate.objects.touching(_person(request))
        .select_related("agent", "principal_person", "principal_organisation", "asked_by")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise Http404
    return found


@never_cache
@require_safe
def mandates(request: HttpRequest) -> HttpResponse:
    """All of them, by what the person can do about each."""
    return _list(request)


def _list(request: HttpRequest, *, status: int = 200, **said: Any) -> HttpResponse:
    person = _person(request)
    found = Mandate.objects.touching(person).select_related(
        "agent", "principal_person", "principal_organisation", "asked_by"
    )[:MOST_SHOWN]
    lines = [_line(mandate, person) for mandate in found if not (mandate.is_assisted and mandate.state == STATE.ASKED)]
    context = {
        "to_answer": [line for line in lines if line["place"] == "to_answer"],
        "held": [line for line in lines if line["place"] == "held"],
        "given": [line for line in lines if line["place"] == "given"],
        "asked": [line for line in lines if line["place"] == "asked"],
        "over": [line for line in lines if line["place"] == "over"],
        "counter": [
            {"pk": each.pk, "text": _assisting(each), "rows": forms.limits_in_words(each)}
            for each in assisting.pending(person)
        ],
        "acting": acting.of(request),
        **said,
    }
    return render(request, "web/mandates.html", context, status=status)


def _line(mandate: Mandate, person: User) -> dict[str, Any]:
    return {"mandate": mandate, "pk": mandate.pk, "title": title(mandate, person), "place": _place(mandate, person)}


def _place(mandate: Mandate, person: User) -> str:
    is_current = mandate.valid_until > timezone.now()
    if mandate.state == STATE.ASKED and is_current:
        return "to_answer" if flows.is_for_answer(mandate, person) else "asked"
    if mandate.state != STATE.ACCEPTED or not is_current:
        return "over"
    return "held" if mandate.agent_id == person.pk else "given"


def title(mandate: Mandate, person: User) -> str:
    """One sentence, with both names; of an ask, only the names that the reader may know."""
    agent, principal = _sides(mandate, person)
    if mandate.is_assisted:
        return _assisting(mandate)
    if mandate.state == STATE.ASKED:
        return _("%(agent)s would act for %(principal)s") % {"agent": agent, "principal": principal}
    return _("%(agent)s for %(principal)s") % {"agent": agent, "principal": principal}


def _sides(mandate: Mandate, person: User) -> tuple[str, str]:
    """Before it is accepted, the asker reads what they typed, and the asked read the asker's name."""
    if mandate.names:
        return names.agent_of(mandate), names.principal_of(mandate)
    typed = str(mandate.addressed_to or _("whoever brings the invitation code"))
    other = _("you") if mandate.asked_by_id != person.pk else typed
    asker = _("you") if mandate.asked_by_id == person.pk else names.say(names.of_person(mandate.asked_by))
    organisation = mandate.principal_organisation
    if mandate.agent_id == mandate.asked_by_id:
        is_theirs = organisation is not None and mandate.asked_by_id != person.pk
        return asker, names.say(organisation.names) if is_theirs and organisation else other
    return other, names.say(organisation.names) if organisation else asker


def _assisting(mandate: Mandate) -> str:
    said = {"officer": str(mandate.agent), "department": pick(mandate.department_names)}
    return _("Officer %(officer)s of %(department)s helps you at a counter") % said


# --- Asking and offering --------------------------------------------------------------------------
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Ask to act for a parent, a child, a company or somebody else."""
    return _asking(request, is_offer=False)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def offer(request: HttpRequest) -> HttpResponse:
    """Let somebody act for oneself, or for a company that one manages."""
    return _asking(request, is_offer=True)


def _asking(request: HttpRequest, *, is_offer: bool) -> HttpResponse:
    person = _person(request)
    organisations = list(person.managed_organisations.all()) if is_offer else []
    answers = forms.blank()
    if request.method == "POST":
        answers = forms.read(request.POST, asks_whom=True)
        if not answers.errors:
            try:
                return _send(request, person, answers, organisations, is_offer=is_offer)
            except NotYours:
                answers.errors["address"] = _("This is you. Name somebody else.")
            except TooMany:
                answers.errors["address"] = _("Many of your asks are still open. Take some back first.")
            except WrongLimits:
                answers.errors["kind"] = _("Choose one.")
    context = {
        "is_offer": is_offer,
        "fields": forms.fields(answers, is_offer=is_offer, organisations=organisations),
        **_limits_context(answers),
    }
    return render(request, "web/mandate_ask.html", context, status=422 if answers.errors else 200)


def _send(
    request: HttpRequest, person: User, answers: forms.Answers, organisations: list[Organisation], *, is_offer: bool
) -> HttpResponse:
    organisation = next((each for each in organisations if str(each.pk) == answers.organisation), None)
    kind = "company" if organisation else answers.kind
    if answers.invites:
        made, code = flows.invite(
            by=person, kind=kind, limits=answers.limits(), is_offer=is_offer, organisation=organisation
        )
        return _detail(request, made, code=code)
    if is_offer:
        flows.offer(by=person, kind=kind, limits=answers.limits(), address=answers.address, organisation=organisation)
    else:
        flows.ask(by=person, kind=kind, limits=answers.limits(), address=answers.address)
    return redirect("web:account-mandates")


def _limits_context(answers: forms.Answers) -> dict[str, Any]:
    order = ("address", "invites", "organisation", "kind", "acts", "categories", "services", "until")
    return {
        "answers": answers,
        "acts": forms.acts(answers.acts),
        "categories": forms.categories(answers.categories),
        "services_field": forms.services_field(answers),
        "until_field": forms.until_field(answers),
        "errors": [(name, answers.errors[name]) for name in order if name in answers.errors],
        "acts_error": answers.errors.get("acts", ""),
    }


@never_cache
@require_POST
def redeem(request: HttpRequest) -> HttpResponse:
    """Bring an invitation code: it leads to the ask, which is then answered."""
    try:
        mandate = flows.redeem(request.POST.get("code", ""), by=_person(request))
    except NotYours:
        return _list(request, status=422, code_error=_("This is your own invitation. Give the code to the other side."))
    except MandateError:
        error = _("This code does not work: it may have been used, have run out, or have a slip in it. "
                  "Ask for a new one.")  # fmt: skip
        return _list(request, status=422, code_error=error)
    return redirect("web:account-mandate", mandate.pk)


# --- One mandate ----------------------------------------------------------------------------------
@never_cache
@require_safe
def mandate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What it allows, what can be done about it, and its journal."""
    return _detail(request, _own(request, pk))


def _detail(request: HttpRequest, found: Mandate, *, status: int = 200, **said: Any) -> HttpResponse:
    person = _person(request)
    place = _place(found, person)
    context = {
        "mandate": found,
        "title": title(found, person),
        "rows": forms.limits_in_words(found),
        "place": place,
        "can_answer": place == "to_answer",
        "can_act": place == "held" and not found.obstacle(timezone.now()),
        "can_end": place in {"held", "given", "asked"},
        "can_limit": place in {"held", "given"} and not found.is_assisted,
        "state": found.get_state_display(),
        "journal": [_sentence(entry, found) for entry in found.journal.all()],
        **said,
    }
    return render(request, "web/mandate.html", context, status=status)


def _sentence(entry: Entry, found: Mandate) -> str:
    said = {
        Entry.Verb.ASKED: _("%(name)s asked for this mandate."),
        Entry.Verb.OFFERED: _("%(name)s offered this mandate."),
        Entry.Verb.FOUND: _("%(name)s used the invitation code."),
        Entry.Verb.ACCEPTED: _("%(name)s accepted it."),
        Entry.Verb.ACCEPTED_AT_COUNTER: _("%(name)s accepted it at a counter, having seen the document %(document)s."),
        Entry.Verb.CONFIRMED: _("%(name)s confirmed it at the counter."),
        Entry.Verb.REFUSED: _("%(name)s refused it."),
        Entry.Verb.WITHDRAWN: _("%(name)s took it back."),
        Entry.Verb.LIMITED: _("%(name)s changed what it allows."),
        Entry.Verb.ENDED: _("%(name)s ended it."),
    }[Entry.Verb(entry.verb)]
    parts = {"name": names.say(entry.actor_names), "document": found.document_reference or ""}
    return f"{moment(entry.at)}: {said % parts}"


@never_cache
@require_POST
def decide(request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
    """Accept, refuse or end, as the address says."""
    found, person = _own(request, pk), _person(request)
    try:
        {"accept": flows.accept, "refuse": flows.refuse, "end": flows.end}[verb](found, by=person)
    except NotYours:
        error = _("This is not yours to answer: the other side decides.")
        return _detail(request, found, status=403, error=error)
    except NotOpen:
        return _detail(request, _own(request, pk), status=409, error=_("It has been answered already, or is over."))
    return redirect("web:account-mandate", pk)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def limit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Change what it allows, and until when."""
    found, person = _own(request, pk), _person(request)
    answers = forms.of(found)
    if request.method == "POST":
        answers = forms.read(request.POST, asks_whom=False)
        if not answers.errors:
            try:
                flows.limit(found, by=person, limits=answers.limits())
                return redirect("web:account-mandate", pk)
            except WrongLimits:
                answers.errors["acts"] = _("You may give back some of it, but not take more. The other side may.")
            except (NotOpen, NotYours):
                return _detail(request, _own(request, pk), status=409, error=_("It cannot be changed any more."))
    context = {"mandate": found, "title": title(found, person), **_limits_context(answers)}
    return render(request, "web/mandate_limit.html", context, status=422 if answers.errors else 200)


# --- The switch -----------------------------------------------------------------------------------
@never_cache
@require_POST
def act(request: HttpRequest, pk: UUID) -> HttpResponse:
    """From now on this session acts under the mandate. Raises NotUsable for one that is not theirs or not in force."""
    found = Mandate.objects.filter(pk=pk).first()
    if found is None:
        flows.refuse_use("unknown", _person(request))
    assert found is not None
    acting.start(request, found)
    return redirect("web:calls")


@never_cache
@require_POST
def stop(request: HttpRequest) -> HttpResponse:
    """From now on it acts for its own person."""
    acting.stop(request)
    return redirect("web:account-mandates")


@never_cache
@require_POST
def approve(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Yes to the officer at the counter, by the code on their screen."""
    found = Mandate.objects.filter(Q(principal_person=_person(request)), pk=pk, kind="assisted").first()
    if found is None:
        raise Http404
    try:
        assisting.approve(found, by=_person(request), code=request.POST.get("code", ""))
    except WrongCode:
        error = _(
            "This is not the code on the counter's screen, or it has run out. Look at it again, or ask the officer."
        )
        return _list(request, status=422, counter_error=error)
    except (NotOpen, NotUsable):
        return _list(request, status=409, counter_error=_("The officer has begun anew. Look at the newest ask."))
    return redirect("web:account-mandate", pk)
