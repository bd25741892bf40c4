"""Folded templates say what they said before; only what depends on nobody is worked out when they are read."""

from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template, engines
from django.template.base import TextNode
from django.template.loaders.filesystem import Loader

from lms import folding

LOADED = "{% load i18n static %}"
ENGINE = engines["django"].engine  # type: ignore[attr-defined]


def folded(source: str) -> Template:
    template = Template(LOADED + source)
    folding.fold(template.nodelist, template)
    return template


@pytest.mark.parametrize(
    "source",
    [
        "{% translate '已交卷' %}",
        "50%{% translate '对 50% 的题' %}",
        "<img src=\"{% static 'img/favicon.svg' %}\">",
        "<a href=\"{% url 'exams' %}\">{% translate '考试' %}</a>",
        '{% include "components/icon.html" with name="check" %}',
        '{% include "exams/_check.html" with name="network" label=_("<网络>") %}',
    ],
)
def test_what_is_the_same_for_everybody_becomes_one_text(source: str) -> None:
    template = folded(source)
    (text,) = template.nodelist
    assert isinstance(text, TextNode)
    assert template.render(Context()) == Template(LOADED + source).render(Context())


@pytest.mark.parametrize(
    "source",
    [
        "{{ name }}{% translate '已交卷' as said %}{{ said }}",
        "{% url 'exam' pk %}{% url 'exams' as where %}{{ where }}",
        "{% translate name %}{% static file %}",
        '{% include "components/icon.html" %}',
        '{% include "components/icon.html" with name=name %}',
        '{% include "components/note.html" with tone="ok" title=name text=_("好") %}',
        "{% if name %}{% translate '有' %}{% else %}{% translate '没有' %}{% endif %}",
        "{% for one in names %}{% translate '第' %}{{ one }}{% empty %}{% translate '没有' %}{% endfor %}",
        "{% with name='甲' %}{% include 'components/icon.html' %}{% endwith %}",
        "{% autoescape off %}{% include 'exams/_check.html' with name='a' label='<b>' %}{% endautoescape %}",
    ],
)
def test_what_depends_on_somebody_is_said_anew_each_time(source: str) -> None:
    for name in ("<b>王</b>", "check", ""):
        given = {"name": name, "names": [name] if name else [], "pk": 7, "file": "img/favicon.svg"}
        assert folded(source).render(Context(given)) == Template(LOADED + source).render(Context(given))
    assert not all(isinstance(node, TextNode) for node in folded(source).nodelist)


def test_a_template_that_includes_itself_is_read() -> None:
    template = Template('{% if more %}{% include "roster/_cms_field.html" with more="" %}{% endif %}')
    folding.reading.names = ["roster/_cms_field.html"]
    try:
        folding.fold(template.nodelist, template)
    finally:
        folding.reading.names = []
    assert template.render(Context()) == ""


def test_only_our_own_are_folded() -> None:
    ours, wagtails = ENGINE.get_template("components/icon.html"), ENGINE.get_template("wagtailadmin/login.html")
    assert len(ours.nodelist) == 3
    assert any(type(node).__name__ == "ExtendsNode" for node in wagtails.nodelist)
    assert not wagtails.origin.name.startswith(folding.OURS)


@pytest.mark.parametrize("path", sorted((settings.BASE_DIR / "templates").rglob("*.html")), ids=lambda path: path.name)
def test_each_of_ours_can_be_read(path: Path) -> None:
    name = str(path.relative_to(settings.BASE_DIR / "templates"))
    assert ENGINE.get_template(name).nodelist
    assert any(isinstance(one, Loader) for one in ENGINE.template_loaders[0].loaders)
