"""
The words of the house are Chinese as they are written, so no catalogue holds them: Django would look for each in all thirty that the
libraries bring along, thirty times for every page. Here every word is looked for once.
"""

from functools import lru_cache

from django.conf import settings
from django.utils.translation import trans_real

MOST = 20_000  # several times as many as there are; it only keeps a mistake from filling the memory


def remember() -> None:
    """Called once, when the house is built."""
    catalogues = trans_real.translation(settings.LANGUAGE_CODE)
    catalogues.gettext = lru_cache(maxsize=MOST)(catalogues.gettext)  # type: ignore[method-assign]
