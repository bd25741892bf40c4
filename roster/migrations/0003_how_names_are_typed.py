"""
The sound of each name and the end of each telephone number, by which people are found from now on.

In short chunks with a transaction each, so that a city at work waits for none of them. Stopped half-way and run again, it goes over
the same people once more and changes nothing.
"""

from django.db import migrations, transaction

from lms.sealing import lookup
from roster.identity.pinyin import pinyin_of

CHUNK = 300
COLUMNS = ["pinyin", "initials", "mobile_tail_hash"]


def fill(apps, schema_editor):
    Worker = apps.get_model("roster", "Worker")
    using, last = schema_editor.connection.alias, 0
    while True:
        with transaction.atomic(using=using):
            rows = Worker.objects.using(using).select_for_update().filter(pk__gt=last).order_by("pk")
            workers = list(rows.only("pk", "name", "mobile")[:CHUNK])
            if not workers:
                return
            for worker in workers:
                worker.pinyin, worker.initials = pinyin_of(worker.name)
                worker.mobile_tail_hash = lookup(worker.mobile[-4:], purpose="mobile-tail") if worker.mobile else ""
            Worker.objects.using(using).bulk_update(workers, COLUMNS, batch_size=100)
            last = workers[-1].pk


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("roster", "0002_year_of_lists")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
