"""Addresses of what a person governs, below account/; portal.web.urls takes them in."""

from django.urls import URLPattern, path

from portal.web.account import consents, disclosures, hub

urlpatterns: list[URLPattern] = [
    path("", hub.account, name="account"),
    path("disclosures/", disclosures.disclosure_list, name="account-disclosures"),
    path("disclosures/log.json", disclosures.disclosure_copy, name="account-disclosures-copy"),
    path("disclosures/<slug:digest>/ask/", disclosures.disclosure_ask, name="account-disclosure-ask"),
    path("consents/", consents.consent_list, name="account-consents"),
    path("consents/<uuid:key>/withdraw/", consents.consent_withdraw, name="account-consent-withdraw"),
    path("consents/<uuid:key>/record.json", consents.consent_record, name="account-consent-record"),
]
