from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exams", "0001_initial")]

    operations = [
        migrations.AddField("attempt", "posted_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddIndex(
            "attempt",
            models.Index(
                condition=models.Q(("posted_at", None), ("state__in", ["marked", "absent"])),
                fields=["exam"],
                name="attempt_to_post",
            ),
        ),
    ]
