import re
import shutil
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.models import Page, Revision, Site

from courses import loading
from courses.models import CatalogPage, CoursePage, LessonPage
from records.models import Subject
from roster import roles


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One course alone, which has every kind of block."""
    shutil.copy(loading.CONTENT / "case-safety-hazards.toml", tmp_path)
    return tmp_path


@pytest.fixture
def loaded(db: None, folder: Path) -> int:
    return loading.load(folder=folder)


def test_the_courses_that_come_with_the_product(db: None) -> None:
    assert loading.load() == LessonPage.objects.live().count() >= 30
    assert CoursePage.objects.live().count() >= 9
    assert set(CoursePage.objects.values_list("subject", flat=True)) == set(Subject.values)
    assert Site.objects.get(is_default_site=True).root_page.specific == CatalogPage.objects.get()
    assert not Page.objects.filter(slug="home").exists()
    assert {course.address.startswith("/study/") for course in CoursePage.objects.all()} == {True}
    for lesson in LessonPage.objects.all():
        kinds = [block.block_type for block in lesson.body]
        assert "check" in kinds, lesson
        assert 5 <= lesson.minutes <= 20, lesson
        assert len(re.findall(r"[\u4e00-\u9fff]", lesson.text)) >= 450, lesson
        for block in lesson.body:
            if block.block_type == "check":
                assert 1 <= len(block.value["key"]) <= len(block.value["options"]), lesson
                assert set(block.value["key"]) <= set("ABCDEF"[: len(block.value["options"])]), lesson
            if block.block_type == "picture":
                assert block.value["picture"].contextual_alt_text, lesson


def test_a_second_load_changes_nothing_and_leaves_editors_their_words(loaded: int, folder: Path) -> None:
    page = LessonPage.objects.first()
    page.title = "编辑改过的题目"
    page.save_revision().publish()
    before = [model.objects.count() for model in (Page, Revision, get_image_model(), get_document_model())]
    assert loading.load(folder=folder) == 0
    assert [model.objects.count() for model in (Page, Revision, get_image_model(), get_document_model())] == before
    assert LessonPage.objects.get(pk=page.pk).title == "编辑改过的题目"


def test_a_renewal_keeps_pages_pictures_and_block_ids(loaded: int, folder: Path) -> None:
    page = LessonPage.objects.first()
    ids = [block.id for block in page.body]
    pages, images = Page.objects.count(), get_image_model().objects.count()
    title = page.title
    LessonPage.objects.filter(pk=page.pk).update(title="旧题目")
    assert loading.load(folder=folder, renew=True) == loaded
    fresh = LessonPage.objects.get(pk=page.pk)
    assert (fresh.title, [block.id for block in fresh.body]) == (title, ids)
    assert (Page.objects.count(), get_image_model().objects.count()) == (pages, images)


def test_editors_may_write_below_the_catalog_and_nowhere_else(loaded: int) -> None:
    editors = Group.objects.get(name=roles.EDITORS)
    rights = editors.page_permissions.values_list("page_id", "permission__codename")
    catalog = CatalogPage.objects.get().pk
    assert set(rights) == {(catalog, "add_page"), (catalog, "change_page"), (catalog, "publish_page")}
