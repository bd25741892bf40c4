"""Nothing of ours needs a browser younger than Chromium 92 (2021): cheap phones, other apps' windows and government desks run an old one.

A list of names, not an interpreter: it knows what was thought of here. What it cannot see (a method that any object may have, a default that changed)
shows when the tests with a browser run in an old one: `CHROMIUM=/path/to/it script/test …`.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "lms" / "static"

# the version of Chromium that first knows it. Not here is what is harmless where it is unknown, and so allowed: text-wrap, accent-color
TOO_NEW = {
    ".css": {
        r":has\(": 105,
        r":(modal|popover-open|user-valid|user-invalid|open)\b": 105,
        r":nth-(last-)?child\([^)]* of ": 111,
        r"@(layer|container|scope|starting-style|position-try|view-transition|function)\b": 99,
        r"\{[^{}]*&|[;}]\s*&": 112,  # nesting
        r"\b(color-mix|light-dark|oklch|oklab|lch|lab|linear|round|mod|rem|sin|cos|pow|sqrt|hypot|sign|if)\(": 111,
        r"\d(dv|sv|lv)(h|w|i|b|min|max)\b": 108,
        r"\d(lh|rlh|cap|rcap|ric|rex|cqw|cqh|cqi|cqb|cqmin|cqmax)\b": 105,
        r"\bsubgrid\b": 117,
        r"@media[^{]*[<>]": 104,
        r"(^|[{;\s])(translate|rotate|scale)\s*:": 104,
        r"(^|[{;\s])mask(-[a-z]+)?\s*:": 120,
        r"\b(anchor-name|position-anchor|field-sizing|interpolate-size|text-box|font-size-adjust|scrollbar-(width|color|gutter))\s*:": 94,
        r"\b(animation|scroll|view)-timeline\b|\ballow-discrete\b": 115,
        r"::backdrop\s*\{[^}]*var\(": 122,  # it inherits nothing before
    },
    ".js": {
        r"\b(structuredClone|reportError|URLPattern|fetchLater|Temporal|scheduler|navigation|documentPictureInPicture)[.(]": 95,
        r"\bObject\.(hasOwn|groupBy)\b|\bMap\.groupBy\b|\bArray\.fromAsync\b|\bRegExp\.escape\b|\bURL\.(canParse|parse)\b": 93,
        r"\bPromise\.(withResolvers|try)\b|\bAbortSignal\.(timeout|any)\b|\bIterator\.": 103,
        r"\.(findLast|findLastIndex|toSorted|toReversed|toSpliced|with|isWellFormed|toWellFormed)\(": 97,
        r"\.(union|intersection|difference|symmetricDifference|isSubsetOf|isSupersetOf|isDisjointFrom)\(": 122,
        r"\.(values|keys|entries)\(\)\.(map|filter|some|every|find|toArray|reduce|take|drop|flatMap)\(": 122,
        r"\.(toBase64|fromBase64|toHex|fromHex|throwIfAborted|showPicker|checkVisibility|moveBefore|requestClose)\(": 99,
        r"\.(showPopover|hidePopover|togglePopover|startViewTransition|setHTML|setHTMLUnsafe|getHTML)\(": 111,
        r"\.inert\b|\bscrollend\b|\bDurationFormat\b": 102,
        r"\bstatic\s*\{": 94,
        r"#\w+ in \w": 91,
        r"\bimport\b[^;]*\b(with|assert)\s*\{": 91,
        r"\bcause:": 93,
    },
    ".html": {
        r"<[^>]*\s(popover|popovertarget|commandfor|inert|closedby)\b": 102,
        r"<details[^>]*\sname=": 120,
        r"<[^>]*hidden=.until-found": 102,
        # before 113 measured by default-src, so refused by our policy and reported by every phone
        r"rel=.(prefetch|prerender)\b": 113,
    },
}


def ours():
    yield from sorted(STATIC.glob("css/*.css"))
    yield from sorted(STATIC.glob("js/*.js"))
    yield from sorted((ROOT / "templates").rglob("*.html"))


def bare(path):
    """What a browser reads, without what is only said."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/|\{#.*?#\}", "", text, flags=re.DOTALL)
    return re.sub(r"^\s*//.*$|\s// .*$", "", text, flags=re.MULTILINE) if path.suffix == ".js" else text


def too_new(text, suffix):
    return [
        f"{found[0].strip()!r} (Chromium {version})"
        for pattern, version in TOO_NEW[suffix].items()
        for found in re.finditer(pattern, text, re.MULTILINE)
    ]


def test_no_script_sheet_or_page_needs_a_young_browser():
    assert [f"{path.relative_to(ROOT)}: {one}" for path in ours() for one in too_new(bare(path), path.suffix)] == []


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".css", "html:has(.paper) { top:0 }"),
        (".css", ".a { color:red; & b { color:blue } }"),
        (".css", ".a { height:100dvh }"),
        (".css", ".dialog::backdrop { background:var(--veil) }"),
        (".css", "@media (width >= 40em) { p { top:0 } }"),
        (".js", "const copy = structuredClone(one);"),
        (".js", "const { promise } = Promise.withResolvers();"),
        (".js", "rows.toSorted((a, b) => a - b)"),
        (".js", "fetch(url, { signal: AbortSignal.timeout(5000) })"),
        (".js", "seen.union(others)"),
        (".html", '<div id="menu" popover>'),
        (".html", '<link rel="prefetch" href="x.js">'),
    ],
)
def test_the_list_finds_what_it_names(suffix, text):
    assert too_new(text, suffix)
