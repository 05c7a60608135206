from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gateway", "0003_hook_event_words")]

    operations = [
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="heartbeat_is_one")],
            },
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(fields=["ended_at"], name="incident_ended"),
        ),
    ]
