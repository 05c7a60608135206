"""Lines written before there were chains get their places, in the order in which they were written."""

import hashlib
import json
import secrets
import uuid
from datetime import UTC

from django.db import migrations

FACTS = (
    "kind", "person_id", "for_person_id", "actor_id", "recipient", "recipient_names", "purpose", "purpose_names",
    "fields", "ground", "reference", "at", "visible_from", "salt",
)  # fmt: skip
NOBODY = uuid.uuid5(uuid.NAMESPACE_URL, "ferry-disclosures/1/nobody/0")


def _sha256(document):
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value):
    if hasattr(value, "astimezone"):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return str(value) if isinstance(value, uuid.UUID) else value


def chain(apps, schema_editor):
    """Each line behind the last of its chain; once chained it is left alone, so that this can be run again."""
    disclosures = apps.get_model("consent", "Disclosure").objects
    chains = apps.get_model("consent", "Chain").objects
    for line in disclosures.filter(chain=None).order_by("id").iterator(chunk_size=500):
        line.chain, line.visible_from, line.salt = line.person_id or NOBODY, line.at, secrets.token_hex(16)
        line.digest = _sha256({name.removesuffix("_id"): _plain(getattr(line, name)) for name in FACTS})
        end = chains.filter(pk=line.chain).first()
        line.previous = end.head if end else hashlib.sha256(f"ferry-disclosures/1:{line.chain}".encode()).hexdigest()
        line.sequence = end.sequence + 1 if end else 1
        line.hash = _sha256({"facts": line.digest, "previous": line.previous, "sequence": line.sequence})
        line.save()
        bucket = int.from_bytes(hashlib.sha256(line.chain.bytes).digest()[:2]) >> 4
        facts = {"sequence": line.sequence, "previous": line.previous, "head": line.hash, "bucket": bucket}
        chains.update_or_create(pk=line.chain, defaults=facts)


class Migration(migrations.Migration):
    dependencies = [("consent", "0003_places_in_chains")]

    operations = [migrations.RunPython(chain, migrations.RunPython.noop)]
