"""From here on a field that an authority vouches for names its law."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("profile", "0003_laws_and_index_of_old_fields")]

    operations = [
        migrations.AddConstraint(
            model_name="profilefield",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("law", ""), ("source", "person")),
                    models.Q(models.Q(("source", "person"), _negated=True), models.Q(("law", ""), _negated=True)),
                    _connector="OR",
                ),
                name="profile_authority_always_has_its_law",
            ),
        ),
    ]
