"""Lists of functions, calls, systems and changes: everyone sees the rows of their own department only."""

from types import SimpleNamespace
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin

from portal.desk.access import person
from portal.desk.changes import told
from portal.desk.hours import HoursField
from services import moments
from services.gateway.models import ServiceCall
from services.registry import flows, opening_hours, soundness
from services.registry.errors import Unusable
from services.registry.models import Backend, Change, Department, FunctionVersion, ServiceFunction


class ListWords:
    """A model's options with the desk's own words for its rows."""

    def __init__(self, options: Any, heading: Any) -> None:
        self._options = options
        self.verbose_name = self.verbose_name_plural = heading
        self.app_config = SimpleNamespace(verbose_name=gettext_lazy("Department desk"))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._options, name)


class OwnDepartment(ModelAdmin):
    """Rows of the person's departments; nothing is added, changed or deleted here."""

    list_per_page = 50
    actions = None
    list_filter_sheet = False

    class Media:
        css = {"all": ["desk/desk.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: Any = super().get_queryset(request)
        return cast("QuerySet[Any]", rows.visible_to(person(request)))

    heading: Any = ""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        words = {"title": self.heading, "opts": ListWords(self.opts, self.heading)}
        return cast(HttpResponse, super().changelist_view(request, words | (extra_context or {})))

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        changelist.opts = ListWords(changelist.opts, self.heading)
        return changelist

    def render_change_form(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """With the desk's own words in the way back."""
        response: Any = super().render_change_form(*args, **kwargs)
        response.context_data["opts"] = ListWords(self.opts, self.heading)
        return cast(HttpResponse, response)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class DepartmentFilter(admin.SimpleListFilter):
    """Only for those who see more than one department."""

    title = gettext_lazy("department")
    parameter_name = "department"
    path = "department__code"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        if not (request.user.is_superuser or request.user.has_perm("registry.see_all_departments")):
            return []
        return [(department.code, department.name) for department in Department.objects.all()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.path: self.value()}) if self.value() else queryset


class CallDepartmentFilter(DepartmentFilter):
    path = "backend__department__code"


def _words_of_versions() -> QuerySet[FunctionVersion]:
    """Without the documents, which no list shows."""
    return FunctionVersion.objects.defer("form", "request_map", "answer_map")


@admin.register(ServiceFunction)
class FunctionAdmin(OwnDepartment):
    heading = gettext_lazy("Functions")
    list_display = ("title", "state_shown", "action", "system", "version", "code")
    list_display_links = None
    list_filter = ("state", "published__category", "published__action", DepartmentFilter)
    search_fields = ("code",)  # and names: see get_search_results
    search_help_text = gettext_lazy("Name in any language, or code")
    list_select_related = ("published__backend", "department")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related(Prefetch("versions", queryset=_words_of_versions()))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """In the words of any version. Without DISTINCT, which PostgreSQL cannot do over documents."""
        for word in search_term.split():
            said = Q(name_en__icontains=word) | Q(name_zh_hant__icontains=word) | Q(name_zh_hans__icontains=word)
            versions = FunctionVersion.objects.filter(said, function=OuterRef("pk"))
            queryset = queryset.filter(Q(code__icontains=word) | Exists(versions))
        return queryset, False

    @admin.display(description=gettext_lazy("Function"), ordering="published__name_en")
    def title(self, function: ServiceFunction) -> str:
        version = function.published or next(iter(function.versions.all()), None)
        return format_html(
            '<a class="desk-link" href="../../functions/{}/">{}</a>', function.code, version.name if version else "—"
        )

    @admin.display(description=gettext_lazy("State"), ordering="state")
    def state_shown(self, function: ServiceFunction) -> str:
        waiting = next((version for version in function.versions.all() if version.state == "in_review"), None)
        extra = format_html(' <span class="desk-tag desk-tag-waiting">{}</span>', _("in review")) if waiting else ""
        return format_html(
            '<span class="desk-tag desk-tag-{}">{}</span>{}', function.state, function.get_state_display(), extra
        )

    @admin.display(description=gettext_lazy("What people do"))
    def action(self, function: ServiceFunction) -> str:
        return str(function.published.get_action_display()) if function.published else "—"

    @admin.display(description=gettext_lazy("System"))
    def system(self, function: ServiceFunction) -> str:
        return function.published.backend.code if function.published else "—"

    @admin.display(description=gettext_lazy("Version"))
    def version(self, function: ServiceFunction) -> str:
        return str(function.published.number) if function.published else "—"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        found = self.get_object(request, object_id)
        if found is None:
            return cast(HttpResponse, self._get_obj_does_not_exist_redirect(request, self.opts, object_id))
        return redirect("desk:function", found.code)


@admin.register(ServiceCall)
class ServiceCallAdmin(OwnDepartment):
    heading = gettext_lazy("Calls")
    list_display = ("number", "what", "status_shown", "system", "attempts_made", "received", "finished")
    list_display_links = None
    list_filter = ("status", CallDepartmentFilter)
    search_fields = ("receipt__exact",)
    search_help_text = gettext_lazy("A whole receipt number")
    list_select_related = ("function", "backend")
    ordering = ("-accepted_at",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("payload", "answer")

    @admin.display(description=gettext_lazy("Function"), ordering="function__code")
    def what(self, call: ServiceCall) -> str:
        return call.function.code

    @admin.display(description=gettext_lazy("System"), ordering="backend__code")
    def system(self, call: ServiceCall) -> str:
        return call.backend.code

    @admin.display(description=gettext_lazy("Attempts"), ordering="attempt_count")
    def attempts_made(self, call: ServiceCall) -> int:
        return call.attempt_count

    @admin.display(description=gettext_lazy("Received on"), ordering="accepted_at")
    def received(self, call: ServiceCall) -> str:
        return moments.say(call.accepted_at)

    @admin.display(description=gettext_lazy("Finished"), ordering="finished_at")
    def finished(self, call: ServiceCall) -> str:
        return moments.say(call.finished_at) if call.finished_at else "–"

    @admin.display(description=gettext_lazy("Receipt"))
    def number(self, call: ServiceCall) -> str:
        return format_html('<a class="desk-link desk-number" href="../../calls/{0}/">{0}</a>', call.receipt)

    @admin.display(description=gettext_lazy("Status"), ordering="status")
    def status_shown(self, call: ServiceCall) -> str:
        return format_html('<span class="desk-tag desk-tag-{}">{}</span>', call.status, call.get_status_display())

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        found = self.get_object(request, object_id)
        if found is None:
            return cast(HttpResponse, self._get_obj_does_not_exist_redirect(request, self.opts, object_id))
        return redirect("desk:call", found.receipt)


@admin.register(Change)
class ChangeAdmin(OwnDepartment):
    heading = gettext_lazy("History")
    list_display = ("when", "who", "what", "about")
    list_display_links = None
    list_filter = (DepartmentFilter,)
    search_fields = ("subject",)
    search_help_text = gettext_lazy("Code of a function, system or app")
    list_select_related = ("actor",)
    show_full_result_count = False

    @admin.display(description=gettext_lazy("When"), ordering="at")
    def when(self, change: Change) -> str:
        return moments.say(change.at)

    @admin.display(description=gettext_lazy("About"), ordering="subject")
    def about(self, change: Change) -> str:
        return change.subject

    @admin.display(description=gettext_lazy("Who"))
    def who(self, change: Change) -> str:
        return told([change])[0].who

    @admin.display(description=gettext_lazy("What"))
    def what(self, change: Change) -> str:
        return told([change])[0].what


class BackendForm(forms.ModelForm):  # type: ignore[type-arg]  # Django 5.2 has no parameter here
    """Refuses beside the field what could not be reached."""

    class Meta:
        model = Backend
        fields = "__all__"  # noqa: DJ007  # the admin's fieldsets say which
        labels = {
            "code": gettext_lazy("System"),
            "department": gettext_lazy("Department"),
            "connector": gettext_lazy("How it speaks"),
            "address": gettext_lazy("Address"),
            "credentials": gettext_lazy("Environment variable that holds its secret"),
            "settings": gettext_lazy("Settings of the connector"),
            "connect_timeout_seconds": gettext_lazy("Seconds to wait for a connection"),
            "read_timeout_seconds": gettext_lazy("Seconds to wait while the system says nothing"),
            "timeout_seconds": gettext_lazy("Seconds to wait for the whole answer"),
            "max_concurrency": gettext_lazy("Calls at the same time, at most"),
            "max_per_minute": gettext_lazy("Calls in a minute, at most, empty for any number"),
            "service_window": gettext_lazy("Opening hours, empty for always"),
            "is_idempotent": gettext_lazy("The same receipt sent twice is filed once"),
            "has_lookup": gettext_lazy("It can say what became of a receipt"),
        }

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # puts what was typed into the instance
        try:
            soundness.check(self.instance)
        except Unusable as error:
            self.add_error(error.field if error.field in self.fields else None, error.message)


@admin.register(Backend)
class BackendAdmin(OwnDepartment):
    """Officers choose among their systems; how these are reached is for operations: an address opens a network."""

    form = BackendForm
    heading = gettext_lazy("Systems")

    list_display = ("name", "speaks", "reached_at", "open_when", "files_once", "looks_up", "at_once")
    list_display_links = None
    list_filter = ("connector", DepartmentFilter)
    search_fields = ("code", "department__name_en", "department__name_zh_hant", "department__name_zh_hans")
    search_help_text = gettext_lazy("Code of a system, or its department")
    list_select_related = ("department",)
    fieldsets = (
        (None, {"fields": ("code", "department", "connector", "address", "credentials", "settings")}),
        (
            gettext_lazy("How gently"),
            {
                "fields": (
                    "connect_timeout_seconds",
                    "read_timeout_seconds",
                    "timeout_seconds",
                    "max_concurrency",
                    "max_per_minute",
                    "service_window",
                )
            },
        ),
        (gettext_lazy("What it promises"), {"fields": ("is_idempotent", "has_lookup")}),
    )

    @admin.display(description=gettext_lazy("System"), ordering="code")
    def name(self, backend: Backend) -> str:
        return format_html('<a class="desk-link" href="../../systems/{0}/">{0}</a>', backend.code)

    @admin.display(description=gettext_lazy("When it is open"))
    def open_when(self, backend: Backend) -> str:
        return "; ".join(opening_hours.say(backend.service_window))

    @admin.display(description=gettext_lazy("How it speaks"), ordering="connector")
    def speaks(self, backend: Backend) -> str:
        return str(backend.get_connector_display())

    @admin.display(description=gettext_lazy("Address"), ordering="address", empty_value="–")
    def reached_at(self, backend: Backend) -> str:
        return backend.address

    @admin.display(description=gettext_lazy("Files a receipt once"), boolean=True, ordering="is_idempotent")
    def files_once(self, backend: Backend) -> bool:
        return backend.is_idempotent

    @admin.display(description=gettext_lazy("Can be asked about a receipt"), boolean=True, ordering="has_lookup")
    def looks_up(self, backend: Backend) -> bool:
        return backend.has_lookup

    @admin.display(description=gettext_lazy("Calls at the same time, at most"), ordering="max_concurrency")
    def at_once(self, backend: Backend) -> int:
        return backend.max_concurrency

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        user = person(request)
        return user.is_superuser or (
            user.has_perm("registry.see_all_departments") and user.has_perm("registry.change_backend")
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("code", "department")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "service_window":
            kwargs["form_class"] = HoursField
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Backend, form: Any, change: bool) -> None:
        flows.save_backend(obj, by=person(request))

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """The flow has written its own line of history."""
