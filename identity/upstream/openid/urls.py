"""Addresses of the OpenID Connect client, below accounts/; django-allauth takes them in."""

from django.urls import path

from identity.upstream.openid import views

urlpatterns = [
    path("oidc/<slug:provider_id>/login/", views.login, name="openid_connect_login"),
    path("oidc/<slug:provider_id>/login/callback/", views.callback, name="openid_connect_callback"),
]
