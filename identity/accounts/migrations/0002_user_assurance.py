from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="assurance",
            field=models.CharField(
                choices=[
                    ("none", "nobody has checked who this is"),
                    ("basic", "identity verified"),
                    ("plus", "identity verified, and signed"),
                ],
                default="none",
                max_length=10,
            ),
        ),
    ]
