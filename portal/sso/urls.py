"""The provider's addresses. Without a slash at their end: a form that is sent to one is never redirected."""

from django.urls import path

from portal.sso import authorize, endpoints, logout

app_name = "sso"
urlpatterns = [
    path(".well-known/openid-configuration", endpoints.configuration, name="configuration"),
    path(".well-known/oauth-authorization-server", endpoints.configuration, name="configuration-oauth"),
    path("sso/jwks.json", endpoints.jwks, name="jwks"),
    path("sso/authorize", authorize.authorize, name="authorize"),
    path("sso/consent", authorize.decide, name="consent"),
    path("sso/account", authorize.choose, name="choose"),
    path("sso/par", endpoints.pushed_authorization_request, name="par"),
    path("sso/device", endpoints.device_authorization, name="device"),
    path("sso/token", endpoints.token, name="token"),
    path("sso/userinfo", endpoints.user_info, name="userinfo"),
    path("sso/introspect", endpoints.introspection, name="introspection"),
    path("sso/revoke", endpoints.revocation, name="revocation"),
    path("sso/logout", logout.logout, name="logout"),
    path("sso/logout/decide", logout.decide, name="logout-decide"),
]
