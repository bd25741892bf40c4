from django import template
from django.conf import settings

from roster import sign_on

register = template.Library()


@register.simple_tag
def city_sign_on() -> str:
    """What the city's own sign-on is called; "" where there is none."""
    return settings.OIDC_NAME if sign_on.offered() else ""
