"""The city of `exam_day.py`: one county for each size, its people, its exam of real questions, its drawn papers and passes."""

import secrets
import time
from datetime import timedelta
from decimal import Decimal

from apart import PASSWORD
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db.models import Count

from exams.before import banks, drawing, papers
from exams.day import passes
from exams.models import Attempt, Exam, Question
from roster.models import Agreement, Signature, Territory, User, Worker, mobile_lookup

# single, multiple, true or false, of fifty
SHARES = [("single", 24, "2.0"), ("multiple", 14, "2.0"), ("truefalse", 12, "2.0")]


def prepare(now):
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    banks.load()
    Agreement.objects.create(
        version=1, title="保密协议", text="不向无关的人说起。", published_at=now - timedelta(days=9)
    )
    city = Territory.objects.create(level="city", code="421200", name="咸宁市", stem="咸宁", path="")
    city.path = f"{city.pk}/"
    city.save()
    return city


def county(city, place, size, now):
    """A county with so many workers, each with an account; one hash for all, for it is not passwords that are set here."""
    made = Territory.objects.create(
        level="county", code=f"4212{place:02}", name=f"第{place}县", stem=f"第{place}", parent=city, path=""
    )
    made.path = f"{city.path}{made.pk}/"
    made.save()
    hashed, mobiles = make_password(PASSWORD), [f"13{place}{number:08}" for number in range(size)]
    users = User.objects.bulk_create(
        [
            User(username=f"W{place}{n:06}", name="王桂兰", password=hashed, mobile_hash=mobile_lookup(mobile))
            for n, mobile in enumerate(mobiles)
        ],
        batch_size=1000,
    )
    workers = Worker.objects.bulk_create(
        [
            Worker(
                number=user.username,
                user=user,
                name=user.name,
                mobile=mobile,
                mobile_hash=user.mobile_hash,
                township=made,
                employment="fulltime",
            )
            for user, mobile in zip(users, mobiles, strict=True)
        ],
        batch_size=1000,
    )
    agreement = Agreement.objects.get()
    signed = [Signature(worker=one, agreement=agreement, name=one.name, signed_at=now) for one in workers]
    Signature.objects.bulk_create(signed, batch_size=1000)
    return made, mobiles


def exam(territory, questions, now):
    """Published, papers not drawn yet. Questions that the banks lack are copied under another stem."""
    sections = []
    for kind, share, marks in SHARES:
        count = round(share * questions / 50)
        own = list(Question.objects.filter(kind=kind))
        for turn in range(count - len(own)):
            one = own[turn % len(own)]
            one.pk, one.stem = None, f"{one.stem}（{turn + 2}）"
            one.save(force_insert=True)
        sections.append({"kind": kind, "count": count, "marks": marks, "subject": ""})
    made = Exam.objects.create(
        title="全市网格员年度业务考试",
        opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(hours=3),
        minutes=120,
        sections=sections,
        territory=territory,
        seed="42",
        late_minutes=10,
        layout="one",
        pass_marks=sum(one["count"] * Decimal(one["marks"]) for one in sections) * 6 // 10,
    )
    return papers.publish(made, by=None, now=now)


def draw(made, now):
    """Seconds of CPU of this process that the papers took."""
    begun = time.process_time()
    drawing.draw(made, now=now)
    return time.process_time() - begun


def people(made, now, known):
    """What a driver needs of each: exam, attempt, cookies, what is asked, a seed. `known` has the cookies of those who came by the entry page."""
    items = {item.pk: (item.kind, len(item.content["options"])) for item in made.items.all()}
    rows = Attempt.objects.filter(exam=made).order_by("worker").values_list("pk", "worker", "worker__user")
    until = int((now + timedelta(hours=9)).timestamp())
    accounts = User.objects.only("password", "sessions_ended").in_bulk(user for _attempt, _worker, user in rows)
    found = []
    for seed, (attempt, worker, user) in enumerate(rows):
        one = passes.Pass(attempt, made.pk, worker, user, passes.new_device(), until, passes.standing(accounts[user]))
        cookie = f"sessionid={secrets.token_hex(16)}; {passes.cookie(attempt)}={passes.write(one)}; {passes.DEVICE}={one.device}"
        found.append((made.pk, attempt, known.get(attempt, cookie), items, seed))
    return found


def kinds():
    return dict(Question.objects.values_list("kind").annotate(n=Count("pk")).order_by())
