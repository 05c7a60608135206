"""Pages of a list, with links to the next and the previous one."""

from typing import Any
from urllib.parse import urlencode

from rest_framework.request import Request


def page_of(
    request: Request, results: list[dict[str, Any]], *, count: int, page: int, page_size: int, **members: Any
) -> dict[str, Any]:
    """The body of one page; links keep the rest of the query."""
    has_next = page * page_size < count
    return {
        "count": count,
        "next": _link(request, page + 1) if has_next else None,
        "previous": _link(request, page - 1) if page > 1 else None,
        **members,
        "results": results,
    }


def _link(request: Request, page: int) -> str:
    query = request.query_params.copy()
    query["page"] = str(page)
    return request.build_absolute_uri(f"{request.path}?{urlencode(list(query.lists()), doseq=True)}")
