"""Who may see and change what at the desk. The registry's flows check again, whatever a page lets through."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from identity.accounts.models import User
from services.registry.flows import is_officer
from services.registry.models import Department, FunctionVersion, ServiceFunction

View = Callable[Concatenate[HttpRequest, ...], HttpResponse]


def staff_page(view: View) -> View:
    """A page of the desk: others are sent to the log-in, or told that it is not for them."""
    guarded = admin.site.admin_view(cast(Any, view))

    @wraps(view)
    @never_cache
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return cast(HttpResponse, guarded(request, *args, **kwargs))

    return page


def person(request: HttpRequest) -> User:
    return cast(User, request.user)


def departments_of(user: User) -> QuerySet[Department]:
    """Those for which the person may act."""
    departments = Department.objects.all()
    return departments if user.is_superuser else departments.filter(memberships__user=user)


def function_of(request: HttpRequest, code: str) -> ServiceFunction:
    """The function, if the person may see its department; a 404 that does not tell it from an unknown one."""
    functions: Any = ServiceFunction.objects.visible_to(person(request))
    found = functions.with_content().filter(code=code).first()
    if found is None:
        raise Http404
    return cast(ServiceFunction, found)


def version_of(function: ServiceFunction, number: int) -> FunctionVersion:
    """One version with its people; a 404 if the function has no such number."""
    found = (
        function.versions.select_related("backend", "created_by", "submitted_by", "reviewed_by")
        .filter(number=number)
        .first()
    )
    if found is None:
        raise Http404
    found.function = function
    return found


def open_version(function: ServiceFunction) -> FunctionVersion | None:
    """The version that is being written or waits for approval: one at most, and none once it is retired."""
    if function.state == "retired":
        return None
    found = (
        function.versions.select_related("backend", "created_by", "submitted_by")
        .filter(state__in=["draft", "in_review"])
        .first()
    )
    if found is not None:
        found.function = function
    return found


def may_act(user: User, function: ServiceFunction) -> bool:
    return is_officer(user, function.department_id)


def may_decide(user: User, version: FunctionVersion) -> bool:
    """A second officer of the department: neither its author nor who sent it for approval."""
    is_own = user.pk in {version.created_by_id, version.submitted_by_id}
    return version.state == "in_review" and not is_own and may_act(user, version.function)
