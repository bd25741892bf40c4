"""A county admin brings a list in, in a real browser: a column named by hand, a decision, the page closed, the receipt, the file back, undo."""

from io import BytesIO

import openpyxl
import pytest

from lms.models import ImportRun, ImportState
from roster.identity import check_digit
from roster.models import Worker, id_lookup

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HEAD = ["姓名", "身份证号", "乡镇", "社区", "网格", "文化"]
PLACE = ["永安街道", "双鹤社区", "第一网格"]


def number(order: int) -> str:
    first = f"42120219800101{order:03}"
    return first + check_digit(first)


def workbook(*rows: list[str]) -> bytes:
    book = openpyxl.Workbook()
    for row in [HEAD, *rows]:
        book.active.append(row)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_from_the_upload_to_the_way_back(page_for, county_admin, worker, tmp_path):
    Worker.objects.filter(pk=worker.pk).update(id_number=number(1), id_hash=id_lookup(number(1)))
    file = tmp_path / "永安街道十一月.xlsx"
    file.write_bytes(
        workbook(
            ["王桂蓝", number(1), *PLACE, "大专"],
            ["周建平", number(2), *PLACE, "本科"],
            ["何欢", number(3)[:-1] + ("1" if number(3)[-1] != "1" else "2"), *PLACE, "高中"],
        )
    )
    page = page_for(county_admin)
    page.goto("/cms/")
    page.click("#wagtail-sidebar >> text=导入")
    page.check("input[value=roster]")
    page.set_input_files("input[type=file]", file)
    page.click("text=上传并预览")
    page.wait_for_selector(".bo-dock")
    assert "1 行要你决定" in page.inner_text("main")

    page.click("text=核对每一列")
    page.select_option("[name=m-0-F]", "education")
    page.click("text=照这样重新读")
    page.wait_for_selector(".bo-dock")
    page.click("text=逐个决定")
    page.click("button:has-text('仍叫“王桂兰”')")
    page.wait_for_selector("text=要你决定的行都定好了。")
    assert "行要你决定，" not in page.inner_text("main")

    # closed as soon as it is confirmed; what was begun goes on
    if page.is_visible("#import-changes"):
        page.fill("#import-changes", str(ImportRun.objects.get().brake["changes"]))
    page.click(".bo-dock button:has-text('导入 2 行，留下 1 行')")
    page.wait_for_url("**/cms/imports/*/")
    page.close()
    page = page_for(county_admin)
    page.goto("/cms/imports/")
    page.click("text=永安街道十一月.xlsx")
    page.wait_for_selector("text=已导入 2 行，留下 1 行没有导入")
    assert dict(Worker.objects.values_list("name", "education")) == {"王桂兰": "大专", "周建平": "本科"}

    with page.expect_download() as back:
        page.click("text=下载带错误原因的原表")
    assert back.value.suggested_filename == "永安街道十一月（带错误原因）.xlsx"
    rows = [
        "".join(str(cell or "") for cell in row)
        for row in openpyxl.load_workbook(BytesIO(back.value.path().read_bytes())).active.iter_rows(values_only=True)
    ]
    assert [("校验位不对" in row) for row in rows] == [False, False, False, True]

    page.click("text=撤回这次导入")
    assert "新增的人去掉，改过的资料改回原来的" in page.inner_text("main")
    page.click("button:has-text('撤回 2 行')")
    page.wait_for_selector("text=这次导入已经撤回，2 行恢复了原样")
    assert dict(Worker.objects.values_list("name", "education")) == {"王桂兰": ""}
    assert ImportRun.objects.get().state == ImportState.UNDONE


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_preview_is_wider_than_the_screen(page_for, county_admin, worker, tmp_path, width):
    file = tmp_path / "名册.xlsx"
    file.write_bytes(workbook(["周建平", number(2), *PLACE, "本科"], ["何欢", "4212", *PLACE, "高中"]))
    page = page_for(county_admin, width, 740)
    page.goto("/cms/imports/?kind=roster")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_input_files("input[type=file]", file)
    page.click("text=上传并预览")
    page.wait_for_selector(".bo-dock")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if width == 360:
        assert page.locator(".bo-dock").bounding_box()["height"] < 200
