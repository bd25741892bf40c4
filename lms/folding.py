"""
Templates in which is worked out beforehand what is the same for everybody: sentences, names of static files, addresses without parts,
icons. There is one language, so `{% translate "…" %}` is a text like any other; a page has some hundred of these, and each costs.
Nothing is kept of what was rendered: it is done when a template is read, and only with what stands in the template itself.
"""

import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.template import Context, Node, NodeList, Template, TemplateDoesNotExist
from django.template.base import FilterExpression, TextNode, VariableNode
from django.template.defaulttags import AutoEscapeControlNode, IfNode, LoadNode, URLNode
from django.template.loader_tags import IncludeNode
from django.template.loaders import base, cached
from django.templatetags.i18n import TranslateNode
from django.templatetags.static import StaticNode
from django.utils import translation

OURS = str(settings.BASE_DIR / "templates")
reading = threading.local()


class Folding(base.Loader):
    def get_template(self, template_name: Any, skip: Any = None) -> Template:
        template = super().get_template(template_name, skip)
        if str(template.origin.name).startswith(OURS):
            with translation.override(settings.LANGUAGE_CODE):
                fold(template.nodelist, template)
        return template


class Loader(cached.Loader, Folding):
    """Django's, which keeps each template it has read; here it keeps it folded."""


def fold(nodes: NodeList, template: Template) -> None:
    """Put text in the place of what is known, and one text in the place of several."""
    folded: list[Node] = []
    for node in nodes:
        for inner in () if isinstance(node, AutoEscapeControlNode) else within(node):
            fold(inner, template)
        text = known(node, template)
        if text is None:
            folded.append(node)
        elif folded and isinstance(folded[-1], TextNode):
            folded[-1] = TextNode(folded[-1].s + text)
        elif text:
            folded.append(TextNode(text))
    nodes[:] = folded


def within(node: Node) -> Iterator[NodeList]:
    """The lists of nodes inside a node."""
    if isinstance(node, IfNode):
        yield from (nodes for _condition, nodes in node.conditions_nodelists)
    else:
        found = (getattr(node, name, None) for name in node.child_nodelists)
        yield from (nodes for nodes in found if isinstance(nodes, NodeList))


def known(node: Node, template: Template) -> str | None:
    """What a node says to everybody; None where it depends on who asks, or cannot be told yet."""
    match node:
        case TextNode():
            return node.s
        case LoadNode():
            return ""
        case TranslateNode(noop=False, asvar=None, message_context=None) if fixed(node.filter_expression):
            return node.render(Context())
        case StaticNode(varname=None) if fixed(node.path):
            with suppress(ValueError):  # it has no such file: whoever asks for the page is told
                return node.render(Context())
        case URLNode(args=[], kwargs={}, asvar=None) if fixed(node.view_name):
            return node.render(Context())
        case IncludeNode() if fixed(node.template):
            return included(node, template)
    return None


def fixed(said: FilterExpression) -> bool:
    """Whether it is a text that stands in the template, as it is."""
    return not said.filters and (not said.is_var or isinstance(getattr(said.var, "literal", None), str))


def included(node: IncludeNode, template: Template) -> str | None:
    """A template that is text but for names, all of which are given a text here."""
    name, given = str(node.template.resolve(Context())), node.extra_context
    above = reading.__dict__.setdefault("names", [])
    if name in above or not all(map(fixed, given.values())):
        return None
    above.append(name)
    try:
        inner = template.engine.get_template(name)
    except TemplateDoesNotExist:
        return None
    finally:
        above.remove(name)
    if not all(isinstance(one, TextNode) or names(one, given) for one in inner.nodelist):
        return None
    values = Context({key: said.resolve(Context()) for key, said in given.items()})
    return "".join(str(one.render_annotated(values)) for one in inner.nodelist)


def names(node: Node, given: dict[str, FilterExpression]) -> bool:
    """Whether a node says one of the given names and nothing else."""
    said = getattr(node, "filter_expression", None)
    if not isinstance(node, VariableNode) or said is None or said.filters or not said.is_var:
        return False
    return said.var.lookups is not None and said.var.lookups in [(name,) for name in given]
