"""Addresses of this room."""

from django.urls import URLPattern, URLResolver, path

from portal.control import apps_out, backend_acts, backends, calls, days, incident_list, overview, replays

app_name = "control"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", overview.overview, name="overview"),
    path("health", overview.health_part, name="health"),
    path("apps/", apps_out.app_list, name="app-list"),
    path("apps/<slug:code>/", apps_out.app_page, name="app"),
    path("apps/<slug:code>/blockers", apps_out.blocker_open, name="blocker-open"),
    path("apps/<slug:code>/retire", apps_out.app_retire, name="app-retire"),
    path("blockers/<int:pk>/close", apps_out.blocker_close, name="blocker-close"),
    path("backends/", backends.backend_list, name="backend-list"),
    path("backends/<slug:code>/", backends.backend_page, name="backend"),
    path("backends/<slug:code>/probe", backend_acts.probe, name="backend-probe"),
    path("backends/<slug:code>/close-breaker", backend_acts.close_breaker, name="breaker-close"),
    path("backends/<slug:code>/maintenances", backend_acts.maintenance_note, name="maintenance-note"),
    path("maintenances/<int:pk>/end", backend_acts.maintenance_end, name="maintenance-end"),
    path("incidents/", incident_list.incident_list, name="incident-list"),
    path("days/", days.today, name="today"),
    path("days/<str:day>/", days.day_page, name="day"),
    path("replays/", replays.replay_list, name="replay-list"),
    path("replays/start", replays.start, name="replay-start"),
    path("replays/<int:pk>/", replays.replay_page, name="replay"),
    path("replays/<int:pk>/stop", replays.stop, name="replay-stop"),
    path("calls/", calls.call_list, name="call-list"),
    path("calls/resend", calls.resend, name="call-resend"),
    path("calls/<str:receipt>/", calls.call_page, name="call"),
    path("calls/<str:receipt>/settle", calls.settle, name="call-settle"),
]
