"""What the design system promises: readable in every dress, and small."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CSS = ROOT / "lms" / "static" / "css"
SHEETS = ("tokens.css", "dark.css", "base.css", "components.css", "charts.css")
INKS = {
    "paper": ("ink", "ink-2", "ink-3", "brand", "brand-2", "ok", "warn", "bad"),
    "card": ("ink", "ink-2", "ink-3", "brand", "brand-2", "ok", "warn", "bad", "seal"),
    "sunk": ("ink", "ink-2", "ink-3", "brand", "bad"),
    "brand": ("on-brand",),
    "brand-2": ("on-brand",),
    "brand-soft": ("ink", "ink-2", "brand"),
    "ok-soft": ("ink", "ink-2", "ok"),
    "warn-soft": ("ink", "ink-2", "warn"),
    "bad-soft": ("ink", "ink-2", "bad"),
    "bad": ("card",),
}
EDGES = {"paper": ("edge", "focus"), "card": ("edge", "focus", "plot-3"), "sunk": ("brand",)}


def tokens(sheet: str) -> dict[str, str]:
    text = (CSS / sheet).read_text(encoding="utf-8").split("@media")[0]
    return dict(re.findall(r"--([a-z0-9-]+):\s*(#[0-9a-f]{3,6})\b", text))


def luminance(colour: str) -> float:
    """Relative luminance after WCAG 2.2; `colour` as #rgb or #rrggbb."""
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    channels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def too_faint(pairs: dict[str, tuple[str, ...]], colours: dict[str, str], least: float) -> list[str]:
    return [
        f"{ink} on {ground}: {contrast(colours[ink], colours[ground]):.2f}"
        for ground, inks in pairs.items()
        for ink in inks
        if contrast(colours[ink], colours[ground]) < least
    ]


@pytest.mark.parametrize("dress", ["light", "dark"])
def test_text_and_edges_stand_out_from_their_ground(dress):
    colours = tokens("tokens.css") | (tokens("dark.css") if dress == "dark" else {})
    assert too_faint(INKS, colours, 4.5) == []
    assert too_faint(EDGES, colours, 3) == []


def test_the_sheets_stay_small():
    assert sum((CSS / sheet).stat().st_size for sheet in SHEETS) < 36_000  # under 10 kB when compressed


def test_scripts_and_styles_of_a_paper_stay_under_80_kb():
    """As a village fetches them before the bell, compression apart; pictures bring two more, where there are any."""
    base, paper = (
        (ROOT / "templates" / name).read_text(encoding="utf-8") for name in ("base.html", "exams/paper.html")
    )
    assert "{% block charts %}{% endblock %}" in paper
    pages = re.sub(r"{% block charts %}.*?{% endblock %}", "", base) + re.sub(
        r"{% if pictured %}.*?{% endif %}", "", paper
    )
    wanted, files = re.findall(r"(?:href|src)=\"{% static '([^']+\.(?:css|js))' %}", pages), {}
    while wanted:
        name = wanted.pop()
        if name not in files:
            files[name] = text = (ROOT / "lms" / "static" / name).read_text(encoding="utf-8")
            wanted += [f"js/{other}" for other in re.findall(r'(?:from|import)\s*"\./([^"]+\.js)"', text)]
    assert {"css/components.css", "css/exam.css", "js/exam.js", "js/exam-outbox.js"} <= files.keys()
    named = 13 * len(files)  # by what is in them: each is imported at most a few times
    assert sum(len(text.encode()) for text in files.values()) + named < 79_500


def test_every_icon_asked_for_by_name_is_drawn():
    drawn = set(re.findall(r'<symbol id="([a-z]+)"', (ROOT / "lms/static/img/icons.svg").read_text()))
    asked = {
        name
        for page in (ROOT / "templates").rglob("*.html")
        for name in re.findall(r'components/icon\.html" with name="([a-z-]+)"', page.read_text(encoding="utf-8"))
    }
    assert asked - drawn == set()
