"""What the roster of a new installation starts with: the agreement that everyone signs first, the notice of what is kept, the ladder of posts."""

from datetime import datetime
from pathlib import Path

from roster import ladder, notices
from roster.models import Agreement, Notice

TEXT = Path(__file__).parent / "content" / "agreement.txt"


def lay(*, now: datetime) -> list[str]:
    """Lay what is not there yet; returns what was laid, in words."""
    return [*agreement(now=now), *notice(now=now), *(f"岗位等级：{band.name}" for band in ladder.lay())]


def agreement(*, now: datetime) -> list[str]:
    if Agreement.objects.exists():
        return []
    first = Agreement.objects.create(
        version=1, title="网格员保密协议", text=TEXT.read_text(encoding="utf-8"), published_at=now
    )
    return [f"《{first.title}》第 {first.version} 版"]


def notice(*, now: datetime) -> list[str]:
    if Notice.objects.exists():
        return []
    first = notices.publish(title=notices.TITLE, text=notices.drafted(), by=None, now=now)
    return [f"《{first.title}》第 {first.version} 版"]
