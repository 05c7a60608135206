"""For whom the person acts, said on every page."""

from django import template
from django.template import Context
from django.template.loader import render_to_string

from identity.mandates import acting, names

register = template.Library()


@register.simple_tag(takes_context=True)
def acting_banner(context: Context) -> str:
    """No query, and no template, for whoever acts for nobody."""
    request = context.get("request")
    if request is None or not hasattr(request, "session") or not hasattr(request, "user"):
        return ""
    if not acting.is_asked_for(request):
        return ""
    mandate, over = acting.of(request), acting.lost(request)
    named = mandate or over
    said = {"mandate": mandate, "over": over, "name": names.principal_of(named) if named else ""}
    return render_to_string("components/acting.html", said, request=request)
