"""What somebody who sees little or types with a thumb runs into: axe's rules and what is wider than the window, in every print and colour."""

from pathlib import Path
from typing import Any

import axe_playwright_python

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
# what size and colour alone can break; by all other rules a screen is the same in every dress
OF_LOOKS = ("color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size")


def look(page: Any, address: str = "", *, within: str = "html", dressed: bool = True) -> None:
    """The page at an address, or the open one, as it comes; then in large print and in the dark, and it is left as it came."""
    if address:
        assert page.goto(address).ok, address
    page.wait_for_load_state("load")
    none_on(page, within=within)
    if not dressed:
        return
    print_ = page.evaluate("document.documentElement.dataset.print")
    size = "125%" if print_ is None else ""  # in the back office large print is the size of all text
    page.evaluate("size => { document.documentElement.style.fontSize = size }", size)
    page.evaluate("document.documentElement.dataset.print = 'large'")
    none_on(page, *OF_LOOKS, within=within)
    page.evaluate("print => { document.documentElement.dataset.print = print }", print_ or "normal")
    page.evaluate("document.documentElement.style.fontSize = ''")
    page.emulate_media(color_scheme="dark")
    none_on(page, *OF_LOOKS, within=within)
    page.emulate_media(color_scheme="light")


def none_on(page: Any, *rules: str, within: str = "html") -> None:
    """No barrier by these rules, or by all of axe's own choice."""
    if page.evaluate("!window.axe"):
        page.evaluate(AXE.read_text(encoding="utf-8"))  # once for all looks at this page
    page.evaluate("document.getAnimations().forEach((one) => one.finish())")  # a colour on its way to another
    options = {"resultTypes": ["violations"], **({"runOnly": {"type": "rule", "values": rules}} if rules else {})}
    found = page.evaluate("async ([within, options]) => (await axe.run(within, options)).violations", [within, options])
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
