"""A consent as a record that its person can keep, in the terms of ISO/IEC TS 27560:2023."""

from django.conf import settings

from identity.consent import ledger
from identity.consent.models import Consent
from identity.signatures import Json

SCHEMA = "ISO/IEC TS 27560:2023"


def record(consent: Consent) -> Json:
    """What was agreed, with whom, in which words, and what became of it. Times in UTC (RFC 3339)."""
    titles = consent.wording.get("fields", {})
    events = [{"event_time": ledger.say_time(consent.given_at), "event_type": "explicit", "event_state": "given"}]
    if consent.ended_at:
        state = "withdrawn" if consent.ended_by == Consent.End.WITHDRAWN else "superseded"
        events.append({"event_time": ledger.say_time(consent.ended_at), "event_type": "explicit", "event_state": state})
    return {
        "header": {
            "schema_version": SCHEMA,
            "record_id": str(consent.pk),
            "pii_principal_id": str(consent.person_id),
        },
        "processing": {
            "privacy_notice": {"issuer": settings.BASE_URL, "wording": consent.wording.get("why", {})},
            "language": sorted(consent.wording.get("why", {})),
            "purposes": [
                {
                    "purpose": consent.purpose,
                    "purpose_names": consent.purpose_names,
                    "lawful_basis": "consent",
                    "pii_information": [
                        {"pii_type": name, "pii_attribute_names": titles.get(name, {})} for name in consent.fields
                    ],
                    "pii_controllers": [consent.recipient],
                    "withdrawal_method": f"{settings.BASE_URL}/en/account/consents/",
                    "retention_period": None,
                    "valid_until": ledger.say_time(consent.until) if consent.until else None,
                }
            ],
        },
        "party_identification": [
            {"party_id": consent.recipient, "party_names": consent.recipient_names, "party_role": "pii_controller"}
        ],
        "events": events,
    }
