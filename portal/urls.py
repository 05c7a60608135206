"""All addresses, by wing."""

from allauth.account.decorators import secure_admin_login
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from portal.control import policy_reports

admin.autodiscover()
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", include("portal.web.root_urls")),
    path("accounts/sessions/", RedirectView.as_view(pattern_name="web:account-devices")),
    path("", include("portal.sso.urls")),
    path("policy-reports", policy_reports.take, name="policy-reports"),
    path("accounts/", include("allauth.urls")),
    path("admin/", include("portal.desk.urls")),
    path("admin/", admin.site.urls),
    path("control/", include("portal.control.urls")),
    path("api/v1/", include("portal.api.urls")),
    *i18n_patterns(path("", include("portal.web.urls"))),
]
handler400 = "portal.web.errors.bad_request"
handler403 = "portal.web.errors.forbidden"
handler404 = "portal.web.errors.not_found"
handler429 = "portal.web.errors.throttled"  # allauth asks for it
handler500 = "portal.web.errors.broken"
