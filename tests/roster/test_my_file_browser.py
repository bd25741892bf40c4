"""The worker's own file on a phone of 360 px, in every print and colour: no barrier, nothing cut off, and a correction asked for."""

import pytest

from roster.models import Correction

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("cookies", [{}, {"print": "large"}, {"theme": "dark"}])
def test_no_barrier_in_the_own_file_and_in_asking_for_a_correction(worker, page_for, live_server, cookies):
    from axe_playwright_python.sync_playwright import Axe

    page = page_for(worker.user, 360, 740, mobile=True)
    page.context.add_cookies([{"name": k, "value": v, "url": live_server.url} for k, v in cookies.items()])
    for address in ("/me/file/", "/me/file/education/correct/"):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        found = Axe().run(page).response["violations"]
        assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.fill("[name=proposed]", "大专")
    page.click("text=提交申请")
    page.wait_for_selector("text=更正申请等待处理")
    assert Correction.objects.get().proposed == "大专"
