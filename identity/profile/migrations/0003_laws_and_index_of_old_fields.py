"""Fields kept before there were laws get the usual one of their source, and identity card numbers their index.

Without FERRY_INDEX_KEYS the index stays empty: `manage.py rotate_keys --wet-run` fills it once they are set. Of two
people with one number, the first keeps it; the other is found by `rotate_keys` too.
"""

from typing import Any

from django.conf import settings
from django.db import migrations

BATCH = 500


def name_laws(apps: Any, _editor: Any) -> None:
    fields = apps.get_model("profile", "ProfileField").objects.filter(law="").exclude(source="person")
    while keys := list(fields.values_list("pk", flat=True)[:BATCH]):
        apps.get_model("profile", "ProfileField").objects.filter(pk__in=keys).update(law="cap177")


def index(apps: Any, _editor: Any) -> None:
    if not settings.FERRY_INDEX_KEYS:
        return
    from identity.profile.index import digests

    rows = apps.get_model("profile", "BlindIndex")
    fields = apps.get_model("profile", "ProfileField").objects.filter(name="hkid").order_by("pk")
    last = 0
    while some := list(fields.filter(pk__gt=last)[:BATCH]):
        made = [
            rows(person_id=field.person_id, name="hkid", key=key, digest=digest)
            for field in some
            for key, digest in digests("hkid", field.value).items()
        ]
        rows.objects.bulk_create(made, ignore_conflicts=True)
        last = some[-1].pk


class Migration(migrations.Migration):
    dependencies = [("profile", "0002_fields_index_corrections")]

    operations = [
        migrations.RunPython(name_laws, migrations.RunPython.noop),
        migrations.RunPython(index, migrations.RunPython.noop),
    ]
