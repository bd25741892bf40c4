"""What somebody who sees little or types with a thumb runs into: axe's rules and what is wider than the window, in every print and colour."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe

# what size and colour alone can break; by all other rules a screen is the same in every dress
OF_LOOKS = ("color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size")


def look(page: Any, *, dressed: bool = True) -> None:
    """The open page as it comes; then in large print and in the dark, and it is left as it came."""
    page.wait_for_load_state("load")
    none_on(page)
    if not dressed:
        return
    print_ = page.evaluate("document.documentElement.dataset.print")
    page.evaluate("document.documentElement.dataset.print = 'large'")
    none_on(page, *OF_LOOKS)
    page.evaluate("print => { document.documentElement.dataset.print = print }", print_)
    page.emulate_media(color_scheme="dark")
    none_on(page, *OF_LOOKS)
    page.emulate_media(color_scheme="light")


def none_on(page: Any, *rules: str) -> None:
    """No barrier by these rules, or by all of axe's own choice."""
    options = {"runOnly": {"type": "rule", "values": rules}} if rules else None
    found = Axe().run(page, options=options).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
