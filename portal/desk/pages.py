"""Drawing a page of the desk inside the admin's frame."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from services.registry.errors import RegistryError


def page(request: HttpRequest, template: str, title: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """One of templates/desk/, with the admin's menu."""
    frame = admin.site.each_context(request)
    return TemplateResponse(request, f"desk/{template}.html", {**frame, "title": title, **context}, status=status)


def do(request: HttpRequest, act: Callable[[], object], done: str) -> bool:
    """Carry out a flow; say what was done, or why it was not."""
    try:
        act()
    except RegistryError as error:
        messages.error(request, error.message)
        return False
    messages.success(request, done)
    return True


def to(name: str, *args: Any) -> HttpResponse:
    return redirect(f"desk:{name}", *args)
