"""`{% steady %}…{% endsteady %}`: what is the same on every page in a language is rendered once in each process."""

from django import template
from django.template.base import NodeList, Parser, Token
from django.template.context import Context
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()


class SteadyNode(template.Node):
    """Its content may ask for the language, for addresses and for static files, and for nothing of the context."""

    def __init__(self, nodelist: NodeList) -> None:
        self.nodelist = nodelist
        self._rendered: dict[str | None, SafeString] = {}

    def render(self, context: Context) -> SafeString:
        language = get_language()
        if language not in self._rendered:
            self._rendered[language] = self.nodelist.render(context.new())
        return self._rendered[language]


@register.tag
def steady(parser: Parser, token: Token) -> SteadyNode:
    nodelist = parser.parse(("endsteady",))
    parser.delete_first_token()
    return SteadyNode(nodelist)
