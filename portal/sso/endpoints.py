"""The endpoints that clients call by themselves. No session counts here, so no CSRF token is asked for."""

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from identity.provider import devices, keys, metadata, par, userinfo
from identity.provider.errors import OAuth2Error
from identity.provider.oauth_request import ProviderRequest
from identity.provider.server import server

PUBLIC = {"Access-Control-Allow-Origin": "*"}  # for clients that are pages; nothing here depends on a cookie


@login_not_required
@require_safe
def configuration(request: HttpRequest) -> HttpResponse:
    """OpenID Connect Discovery 1.0 section 4."""
    return JsonResponse(metadata.configuration(), headers={**PUBLIC, "Cache-Control": "public, max-age=3600"})


@login_not_required
@require_safe
def jwks(request: HttpRequest) -> HttpResponse:
    """The public keys, RFC 7517; the next ones among them long before they sign."""
    headers = {**PUBLIC, "Cache-Control": "public, max-age=3600"}
    return JsonResponse(keys.published(), headers=headers)


@csrf_exempt
@login_not_required
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """RFC 6749 section 3.2."""
    return _public(server.token(request))


@csrf_exempt
@login_not_required
@require_POST
@transaction.atomic
def device_authorization(request: HttpRequest) -> HttpResponse:
    """RFC 8628 section 3.1."""
    try:
        answer = devices.begin(ProviderRequest(request, "device"))
    except OAuth2Error as error:
        return _public(server.refuse(error))
    return _public(server.handle_response(200, answer, [("Content-Type", "application/json")]))


@csrf_exempt
@login_not_required
@require_POST
def introspection(request: HttpRequest) -> HttpResponse:
    """RFC 7662."""
    return server.endpoint("introspection", request)


@csrf_exempt
@login_not_required
@require_POST
def revocation(request: HttpRequest) -> HttpResponse:
    """RFC 7009."""
    return _public(server.endpoint("revocation", request))


@csrf_exempt
@login_not_required
@require_POST
@transaction.atomic
def pushed_authorization_request(request: HttpRequest) -> HttpResponse:
    """RFC 9126 section 2."""
    try:
        answer = par.create(ProviderRequest(request, "par"))
    except OAuth2Error as error:
        return server.refuse(error)
    return server.handle_response(201, answer, [("Content-Type", "application/json")])


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def user_info(request: HttpRequest) -> HttpResponse:
    """OpenID Connect Core 1.0 section 5.3."""
    headers = {**PUBLIC, "Cache-Control": "no-store", "Pragma": "no-cache"}
    try:
        return JsonResponse(userinfo.answer(request), headers=headers, json_dumps_params={"ensure_ascii": False})
    except userinfo.Refused as refused:
        told = {"error": refused.error, "error_description": refused.description} if refused.error else {}
        headers["WWW-Authenticate"] = refused.challenge()
        return JsonResponse(told, status=refused.status, headers=headers)
    except OAuth2Error as error:
        return server.refuse(error)


def _public(response: HttpResponse) -> HttpResponse:
    for name, value in PUBLIC.items():
        response[name] = value
    return response
