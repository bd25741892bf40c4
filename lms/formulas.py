"""
Text that a spreadsheet program would take for a formula. In a text table it gets an apostrophe, which our own import takes off again;
in a workbook its cell is typed as text and marked, and nothing is written into it. Pure.
"""

import re

SIGNS = "=+-@\t\r\n＝＋－＠"
# a number with its sign is no formula, and neither is ="4212…", by which a text table keeps a number as text
HARMLESS = re.compile(r'[+-]?\d+(\.\d+)?%?|="[^"]*"')


def like(text: str) -> bool:
    """Whether the text begins as a formula does."""
    return text[:1] in SIGNS if text else False


def guarded(text: str) -> str:
    """The text as it may stand in a text table. One that is guarded already gets a second apostrophe, so that nothing is lost."""
    return f"'{text}" if like(text.lstrip("'")) and not HARMLESS.fullmatch(text) else text


def unguarded(text: str) -> str:
    """The text as it was before `guarded`."""
    return text[1:] if text.startswith("'") and like(text.lstrip("'")) else text
