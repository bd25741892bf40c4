"""What the files of the demo's people hold beside a roster's columns, and a few lives that have already had turns."""

from datetime import timedelta
from random import Random
from typing import Any

from django.utils import timezone

from lms.demo import City
from roster import corrections, files, service
from roster.models import (
    CertificateLevel,
    Channel,
    Employment,
    Identity,
    PostBand,
    StepKind,
    Territory,
    User,
    Worker,
)

IDENTITIES = {
    "社区专职网格员": Identity.COMMUNITY,
    "村“两委”干部": Identity.COMMITTEE,
    "村民小组长": Identity.GROUP_LEADER,
    "驻村辅警": Identity.AUXILIARY,
}
CHANNELS = {
    "统一招录": Channel.UNIFIED,
    "公开招聘": Channel.OPEN,
    "统一招聘": Channel.UNIFIED,
    "公益性岗位": Channel.WELFARE,
    "劳务派遣": Channel.AGENCY,
    "决议聘用": Channel.RESOLUTION,
    "村组干部兼任": Channel.CONCURRENT,
}
LEVELS = {str(level.label): level for level in CertificateLevel}
COLUMNS = [
    "identity",
    "channel",
    "managed_by",
    "certificate_level",
    "certificate_number",
    "certificate_expires_on",
    "post",
    "step",
]


def fill(workers: list[Worker], city: City) -> None:
    """Who they are beside workers, how they were recruited, their posts and certificates."""
    chance, band = city.chance("files"), PostBand.objects.filter(pending=True).first()
    for worker in workers:
        worker.identity = IDENTITIES.get(worker.position, Identity.OTHER)
        worker.channel = next((value for part, value in CHANNELS.items() if part in worker.recruited_by), Channel.OTHER)
        worker.managed_by = "市委政法委" if "政法委" in worker.recruited_by else "乡镇（街道）综治中心"
        if worker.employment == Employment.FULL_TIME and band:
            years = city.now.year - worker.joined_on.year if worker.joined_on else 0
            worker.post, worker.step = band, min(band.highest, band.lowest + years // 3)
        if level := LEVELS.get(worker.certificate):
            certify(worker, level, chance, city)
    Worker.objects.bulk_update(workers, COLUMNS, batch_size=200)


def certify(worker: Worker, level: CertificateLevel, chance: Random, city: City) -> None:
    worker.certificate_level = level
    worker.certificate_number = f"演示{chance.randrange(10**8):08d}"
    worker.certificate_expires_on = timezone.localdate(city.now) + timedelta(days=chance.randint(-40, 1095))


def turn(city: City) -> None:
    """In the first county somebody was lent out and came back, somebody was suspended by mistake, and two ask for corrections."""
    county = Territory.objects.counties()[0]
    admin = User.objects.get(role_grants__territory=county, role_grants__role="county_admin")
    lent, wrong, asking, other = Worker.objects.active().within([county.path]).order_by("-number")[:4]
    today = timezone.localdate(city.now)
    past: dict[str, Any] = {"by": admin, "decided_by": f"{county.name}社会工作部"}
    said: dict[str, Any] = {
        "reason": "arranged",
        "note": "借到县综治中心参加专项排查，三个月。",
        "document": f"咸社〔{today.year}〕12号",
    }
    service.take_step(
        lent, StepKind.LEND, on=today - timedelta(days=150), now=city.now - timedelta(days=150), **past, **said
    )
    service.take_step(lent, StepKind.RETURN, on=today - timedelta(days=60), now=city.now - timedelta(days=60), **past)
    then = city.now - timedelta(days=30)
    step = service.take_step(wrong, StepKind.SUSPEND, on=today - timedelta(days=30), reason="inquiry", now=then, **past)
    service.take_back(step, note="选错了人，应是同名的另一位。", by=admin, now=then + timedelta(hours=1))
    files.change(
        lent, {"education": "本科"}, reason="本人交来毕业证书，已核对。", source="file", by=admin, now=city.now
    )
    corrections.ask(asking, "education", proposed="本科", note="今年函授毕业，毕业证可以带去看。", now=city.now)
    corrections.ask(other, "joined_on", proposed="2015年9月", note="名册上少算了。", now=city.now)
