"""What `manage.py check --deploy` says about how people get in."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register


@register(deploy=True)
def second_factor_is_required(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.REQUIRE_SECOND_FACTOR:
        return []
    return [
        Warning(
            "REQUIRE_SECOND_FACTOR is off: whoever knows an administrator's password sees everybody's file.",
            hint="Take the line REQUIRE_SECOND_FACTOR=false out of .env; it is written there for demo cities.",
            id="roster.W001",
        )
    ]
