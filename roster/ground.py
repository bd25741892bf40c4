"""What the roster of a new installation starts with: the confidentiality agreement that everyone signs first."""

from datetime import datetime
from pathlib import Path

from roster.models import Agreement

TEXT = Path(__file__).parent / "content" / "agreement.txt"


def lay(*, now: datetime) -> list[str]:
    """Publish the first version where there is none; returns what was laid, in words."""
    if Agreement.objects.exists():
        return []
    agreement = Agreement.objects.create(
        version=1, title="网格员保密协议", text=TEXT.read_text(encoding="utf-8"), published_at=now
    )
    return [f"《{agreement.title}》第 {agreement.version} 版"]
