"""The worker's own file on a phone of 360 px, in every print and colour: no barrier, nothing cut off, and a correction asked for."""

import pytest

from roster.models import Correction
from tests.barriers import look

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_no_barrier_in_the_own_file_and_in_asking_for_a_correction(worker, page_for):
    page = page_for(worker.user, 360, 740, mobile=True)
    for address in ("/me/file/", "/me/file/education/correct/"):
        page.goto(address)
        look(page)
    page.fill("[name=proposed]", "大专")
    page.click("text=提交申请")
    page.wait_for_selector("text=更正申请等待处理")
    assert Correction.objects.get().proposed == "大专"
