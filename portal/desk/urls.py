"""Addresses of this room, below /admin/ and before the admin's own."""

from django.conf.urls.i18n import urlpatterns as language_urls
from django.urls import include, path
from django.views.generic import RedirectView

from portal.desk import (
    attempting,
    clients,
    correcting,
    deciding,
    filing,
    hiding,
    reading,
    retaining,
    settling,
    slips,
    systems,
    whys,
    writing,
)

app_name = "desk"
ONE = "functions/<slug:code>/"
VERSION = f"{ONE}versions/<int:number>/"
CLIENT = "clients/<str:client_id>/"
urlpatterns = [
    path("registry/", RedirectView.as_view(pattern_name="admin:index")),
    path("gateway/", RedirectView.as_view(pattern_name="admin:index")),
    path("i18n/", include(language_urls)),
    path("functions/new/", writing.new, name="new"),
    path("functions/preview/", writing.preview, name="preview"),
    path("recovery-slip/", slips.slip, name="recovery-slip"),
    path("waiting/", reading.waiting, name="waiting"),
    path("whys/", whys.why_list, name="why-list"),
    path("whys/<uuid:key>/", whys.why, name="why"),
    path("calls/<str:receipt>/", settling.call, name="call"),
    path("calls/<str:receipt>/settle/", settling.settle, name="call-settle"),
    path("calls/<str:receipt>/look/", settling.look, name="call-look"),
    path("corrections/", correcting.correction_list, name="corrections"),
    path("corrections/<slug:ticket>/", correcting.correction, name="correction"),
    path("corrections/<slug:ticket>/look/", correcting.look, name="correction-look"),
    path("corrections/<slug:ticket>/answer/", correcting.answer, name="correction-answer"),
    path("retention/", retaining.retention, name="retention"),
    path("systems/<slug:code>/", systems.system, name="system"),
    path("systems/<slug:code>/maintenances/<int:pk>/end/", systems.maintenance_end, name="maintenance-end"),
    path("clients/", clients.listed, name="clients"),
    path("clients/new/", clients.new, name="client-new"),
    path(CLIENT, clients.client, name="client"),
    path(f"{CLIENT}edit/", clients.edit, name="client-edit"),
    path(f"{CLIENT}submit/", clients.submit, name="client-submit"),
    path(f"{CLIENT}withdraw/", clients.withdraw, name="client-withdraw"),
    path(f"{CLIENT}approve/", clients.approve, name="client-approve"),
    path(f"{CLIENT}refuse/", clients.refuse, name="client-refuse"),
    path(f"{CLIENT}change/", clients.change, name="client-change"),
    path(f"{CLIENT}discard/", clients.discard, name="client-discard"),
    path(f"{CLIENT}secret/", clients.secret, name="client-secret"),
    path(f"{CLIENT}suspend/", clients.suspend, name="client-suspend"),
    path(f"{CLIENT}resume/", clients.resume, name="client-resume"),
    path(ONE, reading.function, name="function"),
    path(f"{ONE}draft/", writing.edit, name="edit"),
    path(f"{ONE}draft/start/", writing.start, name="start"),
    path(f"{ONE}compare/", reading.compare, name="compare"),
    path(f"{ONE}history/", reading.history, name="history"),
    path(f"{ONE}suspend/", deciding.suspend, name="suspend"),
    path(f"{ONE}resume/", deciding.resume, name="resume"),
    path(f"{ONE}retire/", deciding.retire, name="retire"),
    path(f"{ONE}filing/", filing.filing, name="filing"),
    path(f"{ONE}filing/<int:number>/extend/", filing.extend, name="filing-extend"),
    path(f"{ONE}filing/<int:number>/remove/", filing.remove, name="filing-remove"),
    path(f"{ONE}looks/", hiding.rule, name="hiding"),
    path(VERSION, reading.review, name="version"),
    path(f"{VERSION}try/", attempting.attempt, name="try"),
    path(f"{VERSION}submit/", deciding.submit, name="submit"),
    path(f"{VERSION}withdraw/", deciding.withdraw, name="withdraw"),
    path(f"{VERSION}approve/", deciding.approve, name="approve"),
    path(f"{VERSION}refuse/", deciding.refuse, name="refuse"),
    path(f"{VERSION}bring-back/", deciding.bring_back, name="bring-back"),
]
