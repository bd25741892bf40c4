"""The backup as a real browser makes it: read by the server, and drawn as QR codes that another encoder would draw."""

import json
import re

import pytest
import segno

from exams.claims import rescue
from exams.models import Attempt

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DRAWN = "async (text) => (await import('/static/js/qr.js')).qr(text, {mask: 3}).map((row) => row.map(Number).join(''))"
OPEN = "async (mirror) => (await import('/static/js/exam-rescue.js')).openRescue({attempt: 1, mirror})"


@pytest.fixture
def paper(make_exam, worker, page_for):
    exam = make_exam(results_at=None)
    page = page_for(worker.user, 360, 740, mobile=True)
    page.goto(f"/exams/{exam.pk}/")
    page.check("[name=pledge]")
    page.click("text=开始作答 >> visible=true >> nth=-1")
    page.wait_for_selector("#rescue", state="attached")
    return page, Attempt.objects.get(exam=exam, worker=worker)


def test_a_backup_made_without_network_is_read_by_the_server(paper, tmp_path):
    page, attempt = paper
    items = [pk for pk, _order in attempt.paper]
    mirror = {
        str(items[0]): {"seq": 2, "value": [1], "age": 4000, "acked": True, "page": 9},
        str(items[1]): {"seq": 1, "value": "字" * 700, "at": 0, "page": 9},
        "flags": [1],
    }
    page.evaluate("() => import('/static/js/exam-rescue.js')")  # as the page loads it before
    page.context.set_offline(True)
    page.evaluate(OPEN, mirror)
    page.wait_for_selector("[data-rescue-made]:visible")
    assert "备份里有 2 题的答案。" in page.inner_text("#rescue")
    codes = page.eval_on_selector_all("[data-rescue-all] canvas", "all => all.map((one) => one.dataset.code)")
    assert page.inner_text("[data-rescue-count]") == f"第 1 张，共 {len(codes)} 张"
    if len(codes) > 1:
        page.click("text=下一张")
        assert page.inner_text("[data-rescue-count]") == f"第 2 张，共 {len(codes)} 张"
    with page.expect_download() as waiting:
        page.click("[data-rescue-file]")
    saved = waiting.value
    assert re.fullmatch(r"作答备份-[0-9A-F]{8}\.wgx", saved.suggested_filename)
    saved.save_as(tmp_path / "one.wgx")
    data = (tmp_path / "one.wgx").read_bytes()
    (series,), strange = rescue.pieced("\n".join(reversed(codes)))
    assert (rescue.joined(series), strange) == (data, [])
    one = rescue.opened(data)
    assert (one.attempt, one.device, one.acked) == (attempt.pk, attempt.device, 1)
    assert sorted((given.item_id, given.seq, given.value) for given in one.pages[9]) == sorted(
        [
            (items[0], 2, [1]),
            (items[1], 1, "字" * 700),
        ]
    )
    assert one.ages[items[0], 2] == 4000


def test_the_codes_are_those_of_another_encoder(paper):
    page, _attempt = paper
    for text in ("WGX1/0A1B2C3D/1/1/ABCDEFG", "WGX1/" + "A2B3C4D5E6" * 33, "WGX1/" + "Z7" * 290):
        drawn = page.evaluate(DRAWN, text)
        other = segno.make(text, error="m", mode="alphanumeric", mask=3, boost_error=False, micro=False)
        assert drawn == ["".join(str(int(bit)) for bit in row) for row in other.matrix]


def test_where_the_browser_cannot_seal_it_says_what_to_do(paper):
    page, attempt = paper
    page.evaluate("() => Object.defineProperty(crypto, 'subtle', {value: undefined})")
    page.evaluate(OPEN, json.loads(json.dumps({str(attempt.paper[0][0]): {"seq": 1, "value": [0]}})))
    assert "把手机交给监考人员看" in page.inner_text("[data-rescue-note]")
    assert page.is_hidden("[data-rescue-made]")
