"""Pages with a language in front of their address."""

from django.urls import include, path

from portal.web import find, function, upstream

app_name = "web"
urlpatterns = [
    path("", find.home, name="home"),
    path("about/", find.about, name="about"),
    path("search/", find.search, name="search"),
    path("departments/", find.department_list, name="department-list"),
    path("departments/<str:code>/", find.department, name="department"),
    path("functions/<str:code>/", function.function, name="function"),
    path("account/", include("portal.web.account.urls")),
    path("", include("portal.web.account.entrance_urls")),
    path("identity-app/prove/", upstream.prove, name="upstream-prove"),
    path("identity-app/<uuid:key>/", upstream.transaction, name="upstream-transaction"),
    path("identity-app/<uuid:key>/part/", upstream.part, name="upstream-part"),
    path("identity-app/<uuid:key>/finish/", upstream.finish, name="upstream-finish"),
    path("", include("portal.web.doing_urls")),
]
