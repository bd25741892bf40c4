from typing import Any

from django import template
from django.utils.safestring import SafeString

from courses import checks, markup, pictures
from courses.models import LessonProgress

register = template.Library()


@register.filter
def written(text: str) -> SafeString:
    """Plainly written text as paragraphs and lists."""
    return markup.to_html(text)


@register.filter
def inline(text: str) -> SafeString:
    return markup.inline(text)


@register.simple_tag
def judged(value: Any, block: str, progress: LessonProgress | None, preview: bool | str = False) -> checks.Check:
    """A check question with the reader's answer to it; in a preview as if it had been answered rightly."""
    chosen = progress.checks.get(block, "") if progress else ""
    return checks.judge(options=list(value["options"]), key=value["key"], chosen=value["key"] if preview else chosen)


@register.simple_tag
def picture(image: Any) -> pictures.Shown:
    return pictures.shown(image)
