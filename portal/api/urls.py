"""The public REST API, version 1."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from portal.api import calls, files, functions, hooks, proof, withdrawal

app_name = "api"
urlpatterns = [
    path("functions/", functions.FunctionList.as_view(), name="function-list"),
    path("functions/<slug:code>/", functions.FunctionDetail.as_view(), name="function"),
    path("functions/<slug:code>/calls/", calls.CallCreate.as_view(), name="call-create"),
    path("calls/", calls.CallList.as_view(), name="call-list"),
    path("calls/<str:receipt>/", calls.CallDetail.as_view(), name="call"),
    path("calls/<str:receipt>/events", calls.CallEvents.as_view(), name="call-events"),
    path("calls/<str:receipt>/proof", proof.CallProof.as_view(), name="call-proof"),
    path("calls/<str:receipt>/withdrawal", withdrawal.CallWithdrawal.as_view(), name="call-withdrawal"),
    path("files/", files.FileCreate.as_view(), name="file-create"),
    path("hooks/<str:backend>/", hooks.HookTake.as_view(), name="hook"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
]
