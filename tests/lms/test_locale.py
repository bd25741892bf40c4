"""The compiled catalogs are those of the sources, and the screens of the back office speak Chinese."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.password_validation import MinimumLengthValidator
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils.translation import gettext, trans_real

from roster.models import User

CATALOGS = sorted(Path(settings.BASE_DIR).joinpath("lms/locale").rglob("*.po"))


@pytest.mark.parametrize("source", CATALOGS, ids=lambda path: path.name)
def test_the_compiled_catalog_is_that_of_the_source(source: Path, tmp_path: Path) -> None:
    if not shutil.which("msgfmt"):
        pytest.skip("There is no msgfmt; the package gettext has it.")
    made = tmp_path / "made.mo"
    subprocess.run(["msgfmt", "--check", "-o", str(made), str(source)], check=True, capture_output=True)
    assert made.read_bytes() == source.with_suffix(".mo").read_bytes()


def test_what_django_and_wagtail_leave_in_english_is_said_in_chinese() -> None:
    assert gettext("Show keyboard shortcuts") == "看快捷键"
    with pytest.raises(ValidationError) as error:
        MinimumLengthValidator(8).validate("abc1")
    assert error.value.messages == ["密码太短，至少要 8 位。"]


def test_so_do_the_scripts_of_the_back_office(client_of: Callable[[User], Client], city_admin: User) -> None:
    catalog = client_of(city_admin).get("/cms/jsi18n/").content.decode()
    assert "\\u81ea\\u52a8\\u4fdd\\u5b58" in catalog or "自动保存" in catalog
    assert "Autosave in progress" in catalog


def test_no_word_is_looked_for_twice() -> None:
    """Words of ours stand in no catalogue: each would be looked for in thirty, on every page."""
    catalogues = trans_real.translation(settings.LANGUAGE_CODE)
    before = catalogues.gettext.cache_info()  # type: ignore[attr-defined]
    assert [gettext("登不上怎么办"), gettext("登不上怎么办")] == ["登不上怎么办"] * 2
    assert catalogues.gettext.cache_info().hits > before.hits  # type: ignore[attr-defined]
