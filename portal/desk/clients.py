"""Departments' own sites that sign people in through us: registering one, having it approved, and its secret."""

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from identity.accounts.models import User
from identity.provider import soundness
from identity.provider.models import Client
from portal.desk import client_sheet
from portal.desk.access import departments_of, person, staff_page
from portal.desk.changes import told
from portal.desk.client_sheet import ClientForm
from portal.desk.pages import do, page, to
from services import languages
from services.registry import clients
from services.registry.errors import RegistryError
from services.registry.models import Department


def client_of(request: HttpRequest, client_id: str) -> Client:
    """A client that the person may see; a 404 that does not tell others' from unknown ones."""
    found: Client | None = clients.visible_to(person(request)).filter(client_id=client_id).first()
    if found is None:
        raise Http404
    return found


@staff_page
def listed(request: HttpRequest) -> HttpResponse:
    """All that the person may see, with those that wait for them first."""
    user = person(request)
    found = list(clients.visible_to(user))
    waiting = clients.to_decide(user)
    is_officer = departments_of(user).exists()
    return page(request, "clients", _("Sign-on for your sites"), clients=found, waiting=waiting, is_officer=is_officer)


@staff_page
def new(request: HttpRequest) -> HttpResponse:
    """A client that is not there yet."""
    departments = departments_of(person(request))
    asked = request.POST.get("department") or request.GET.get("department")
    department = departments.filter(code=asked).first() if asked else departments.first()
    if department is None:
        raise PermissionDenied(_("Only an officer of a department can register a client."))
    form = ClientForm(request.POST, department=department) if request.method == "POST" else None
    if form is None or not form.is_valid():
        return _sheet(request, form or client_sheet.blank(department), department=department, departments=departments)
    made = clients.draft(by=person(request), department=department, values=form.values())
    return to("client", made.client_id)


@staff_page
def edit(request: HttpRequest, client_id: str) -> HttpResponse:
    """The draft of a client."""
    found = _own(request, client_id)
    department = Department.objects.get(code=found.department)
    form = ClientForm(request.POST, department=department) if request.method == "POST" else None
    if form is None or not form.is_valid():
        return _sheet(request, form or client_sheet.of(found, department), department=department, client=found)
    values = form.values()
    do(request, lambda: clients.save(found, values, by=person(request)), _("Saved. Nobody can sign in with it yet."))
    return to("client", client_id)


def _sheet(request: HttpRequest, form: ClientForm, *, client: Client | None = None, **context: object) -> HttpResponse:
    title = _("Change: %(name)s") % {"name": languages.pick(client.words("name"))} if client else _("New client")
    status = 422 if form.is_bound else 200
    return page(request, "client_edit", title, status=status, form=form, client=client, **context)


@staff_page
def client(request: HttpRequest, client_id: str) -> HttpResponse:
    """What is registered, what has to happen next, and its history."""
    return _show(request, client_of(request, client_id))


def _show(request: HttpRequest, found: Client, *, secret: str = "") -> HttpResponse:
    user = person(request)
    changed = [
        (client_sheet.label(name), client_sheet.say(name, before), client_sheet.say(name, after))
        for name, (before, after) in clients.changed_fields(found).items()
    ]
    is_open = found.state in {Client.State.DRAFT, Client.State.REVIEW}
    return page(
        request, "client", languages.pick(found.words("name")),
        client=found, facts=client_sheet.facts(found), changed=changed, secret=secret,
        mark=clients.secret_mark(found),
        missing=soundness.problems(found) if is_open else [], live=clients.live_of(found),
        change=Client.objects.filter(client_id=f"{found.client_id}{clients.NEXT}").first(),
        may_act=clients.may_act(user, found), may_decide=clients.may_decide(user, found),
        changes=told(clients.history(found)[:20]),
    )  # fmt: skip


def _own(request: HttpRequest, client_id: str) -> Client:
    """One that the person may not only see. Raises PermissionDenied."""
    found = client_of(request, client_id)
    if not clients.may_act(person(request), found):
        raise PermissionDenied(_("Only an officer of the department can do this."))
    return found


Act = Callable[[Client, User, str], object]


def _decision(act: Act, done: Callable[[], str]) -> Callable[..., HttpResponse]:
    """A view that carries out one verb, with the reason that was given."""

    @staff_page
    @require_POST
    def view(request: HttpRequest, client_id: str) -> HttpResponse:
        found, note = _own(request, client_id), request.POST.get("note", "")
        do(request, lambda: act(found, person(request), note), done())
        kept = Client.objects.filter(client_id=client_id).exists()
        return to("client", client_id if kept else clients.base_of(found))

    return view


submit = _decision(
    lambda found, by, _note: clients.submit(found, by=by),
    lambda: _("Sent for approval. Another officer of your department will look at it."),
)
withdraw = _decision(
    lambda found, by, _note: clients.withdraw(found, by=by),
    lambda: _("Taken out of review. You can change it again."),
)
approve = _decision(
    lambda found, by, _note: clients.approve(found, by=by), lambda: _("Approved. It is live from now on.")
)
refuse = _decision(
    lambda found, by, note: clients.refuse(found, by=by, note=note), lambda: _("Sent back to its author.")
)
suspend = _decision(
    lambda found, by, note: clients.suspend(found, by=by, note=note),
    lambda: _("Suspended. Nobody signs in with it, and its tokens are worth nothing."),
)
resume = _decision(lambda found, by, _note: clients.resume(found, by=by), lambda: _("Open again."))


@staff_page
@require_POST
def change(request: HttpRequest, client_id: str) -> HttpResponse:
    """Begin a change of what is live."""
    found = _own(request, client_id)
    try:
        draft = clients.start_change(found, by=person(request))
    except RegistryError:
        return to("client", client_id)
    return to("client-edit" if draft.state == Client.State.DRAFT else "client", draft.client_id)


@staff_page
@require_POST
def discard(request: HttpRequest, client_id: str) -> HttpResponse:
    """Throw a draft away."""
    found = _own(request, client_id)
    do(request, lambda: clients.discard(found, by=person(request)), _("Thrown away."))
    return to("clients")


@staff_page
@require_POST
def secret(request: HttpRequest, client_id: str) -> HttpResponse:
    """A new secret, shown on this answer and never again."""
    found, made = _own(request, client_id), []
    mark = request.POST.get("instead_of", "")
    if not do(
        request,
        lambda: made.append(clients.rotate_secret(found, by=person(request), instead_of=mark)),
        _("This is the new secret. The old one is worth nothing from now on."),
    ):
        return to("client", client_id)
    return _show(request, client_of(request, client_id), secret=made[0])
