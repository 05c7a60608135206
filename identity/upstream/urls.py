"""Addresses that django-allauth would add for the provider: none, for pages are the portal's."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
