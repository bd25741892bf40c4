"""A township split and a community moved in a browser without scripts; on a phone nothing is cut off."""

from datetime import date

import pytest

from roster.models import Posting, Territory, TerritoryChange

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NEW = "421202050"


def whole(page):
    """Whether the page is no wider than the phone."""
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_township_is_split_without_scripts(city, county_admin, hire, page_for):
    both = hire("W0011", "王东", city.township)
    Posting.objects.create(worker=both, grid=city.grids[2], since=date(2026, 9, 1))
    page = page_for(county_admin, 1280, 900, java_script_enabled=False)
    page.goto(f"/cms/divisions/{city.township.pk}/")
    page.click("main a:text-is('拆分')")
    page.fill("[name=name-2]", "西河街道")
    page.fill("[name=code-2]", NEW)
    page.check(f"[name=community-{city.communities[1].pk}][value='2']")
    page.fill("[name=document]", "咸安政函〔2026〕12号")
    page.click("text=看看会怎样")
    page.check(f"[name=worker-{both.pk}][value='2']")
    page.click("text=看看会怎样")
    assert page.is_visible("text=由你定在这里的")
    assert not TerritoryChange.objects.exists()
    page.click("text=确认办理")
    assert page.is_visible("text=永安街道已拆分")
    both.refresh_from_db()
    assert both.township == Territory.objects.get(code=NEW)


def test_a_community_is_moved_without_scripts(city, county_admin, worker, page_for):
    page = page_for(county_admin, 1280, 900, java_script_enabled=False)
    page.goto(f"/cms/divisions/{city.township.pk}/")
    page.click("main a:text-is('划转村（社区）')")
    page.check(f"#place-{city.communities[0].pk}")
    page.select_option("[name=to]", label="汀泗桥镇")
    page.fill("[name=document]", "咸安政函〔2026〕12号")
    page.click("text=看看会怎样")
    assert page.is_visible("text=一起走的人")
    page.click("text=确认办理")
    assert page.is_visible("text=已划到汀泗桥镇")
    worker.refresh_from_db()
    assert worker.township == city.neighbour


@pytest.mark.parametrize("name", ["divide", "move"])
def test_no_barrier_in_the_forms_and_nothing_cut_off(city, county_admin, page_for, name):
    from axe_playwright_python.sync_playwright import Axe

    page = page_for(county_admin, 360, 740, mobile=True)
    page.goto(f"/cms/divisions/{city.township.pk}/{name}/")
    page.wait_for_load_state("networkidle")
    found = Axe().run(page, context="#main").response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []
    assert whole(page)
