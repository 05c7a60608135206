"""Addresses of doing a function, of its calls, and of the person's own data; portal.web.urls takes them in."""

from django.urls import URLPattern, path

from portal.web import apply, calls, keeping, profile, review, sign, verify, withdraw

urlpatterns: list[URLPattern] = [
    path("functions/<slug:code>/form/", apply.function_form, name="function-form"),
    path("functions/<slug:code>/draft/", keeping.function_draft, name="function-draft"),
    path("functions/<slug:code>/anew/", keeping.function_anew, name="function-anew"),
    path("functions/<slug:code>/review/", review.function_review, name="function-review"),
    path("functions/<slug:code>/sign/<uuid:key>/", sign.function_sign, name="function-sign"),
    path("verify/", verify.verify, name="verify"),
    path("calls/", calls.call_list, name="calls"),
    path("calls/<str:receipt>/", calls.call_page, name="call"),
    path("calls/<str:receipt>/part/", calls.call_part, name="call-part"),
    path("calls/<str:receipt>/receipt.pdf", calls.call_pdf, name="call-pdf"),
    path("calls/<str:receipt>/sealed.pdf", calls.call_sealed, name="call-sealed"),
    path("calls/<str:receipt>/signature.json", calls.call_signature, name="call-signature"),
    path("calls/<str:receipt>/sent.json", calls.call_sent, name="call-sent"),
    path("calls/<str:receipt>/proof.json", calls.call_proof, name="call-proof"),
    path("calls/<str:receipt>/withdraw/", withdraw.call_withdraw, name="call-withdraw"),
    path("profile/", profile.profile, name="profile"),
    path("profile/contact/", profile.contact, name="profile-contact"),
]
