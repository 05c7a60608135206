"""The admin's lists and its first page. What has consequences goes through the registry's flows."""

from django.contrib import admin

from portal.desk.listing import BackendAdmin, ChangeAdmin, FunctionAdmin, ServiceCallAdmin

__all__ = ["BackendAdmin", "ChangeAdmin", "FunctionAdmin", "ServiceCallAdmin"]

admin.site.index_template = "desk/dashboard.html"
