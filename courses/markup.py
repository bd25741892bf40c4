"""The plain way of writing that lessons use: blank lines between paragraphs, "- " for lists, **bold**, a bold line as a heading. Pure."""

import re
from itertools import groupby

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

# a short line that is bold as a whole stands over what follows
HEADING = re.compile(r"\*\*([^*]{1,30}[^*。；，！？…”])\*\*")
BOLD = re.compile(r"\*\*(.+?)\*\*")


def inline(text: str) -> SafeString:
    """Escaped text with **bold** kept."""
    return mark_safe(BOLD.sub(r"<b>\1</b>", escape(text.strip())))


def to_html(text: str) -> SafeString:
    """Paragraphs and lists as HTML; everything else in the text is shown as it was typed."""
    parts = re.split(r"\n\s*\n", text.strip())
    return mark_safe("".join(_part(part.splitlines()) for part in parts if part.strip()))


def _part(lines: list[str]) -> str:
    heading = HEADING.fullmatch(lines[0].strip()) if len(lines) == 1 else None
    if heading:
        return f"<h3>{escape(heading[1])}</h3>"
    groups = groupby(lines, key=lambda line: line.lstrip().startswith("- "))
    return "".join(_list(list(some)) if listed else _paragraph(list(some)) for listed, some in groups)


def _list(lines: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{inline(line.lstrip()[2:])}</li>' for line in lines)}</ul>"


def _paragraph(lines: list[str]) -> str:
    return f"<p>{'<br>'.join(inline(line) for line in lines)}</p>"
