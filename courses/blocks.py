"""What a lesson is made of. Each block draws itself from templates/courses/blocks/."""

from typing import Any

import nh3
from django.utils.html import strip_tags
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.fields import StreamField
from wagtail.images.blocks import ImageBlock

# what a lesson's text may hold; everything else is taken off when it is kept, and again when it is read
TAGS = {"p", "h3", "b", "strong", "ol", "ul", "li", "a", "br"}
KEYED = {"data-block-key"}
ATTRIBUTES = {"a": {"href", "linktype", "id"}, **dict.fromkeys(("p", "h3", "li"), KEYED)}
SCHEMES = {"http", "https", "mailto", "tel"}


def clean(source: str) -> str:
    """Rich text without anything that runs, loads or dresses itself up."""
    return nh3.clean(source, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel=None)


class ProseBlock(blocks.RichTextBlock):
    """
    Wagtail lets its editor write no more than it was asked for, but trusts what stands in the database; so whatever else wrote there
    is not trusted here.
    """

    def to_python(self, value: Any) -> Any:
        return super().to_python(clean(value or ""))

    def get_prep_value(self, value: Any) -> str:
        return clean(super().get_prep_value(value) or "")


class RememberBlock(blocks.StructBlock):
    title = blocks.CharBlock(label=_("标题"), max_length=40, default=_("记住三句话"))
    text = blocks.TextBlock(label=_("内容"))

    class Meta:
        template = "courses/blocks/remember.html"
        label = _("要记住的")
        icon = "pick"


class QuoteBlock(blocks.StructBlock):
    text = blocks.TextBlock(label=_("原文"))
    source = blocks.CharBlock(label=_("出处"), max_length=200)

    class Meta:
        template = "courses/blocks/quote.html"
        label = _("法规原文")
        icon = "openquote"


class StepsBlock(blocks.StructBlock):
    title = blocks.CharBlock(label=_("标题"), max_length=60)
    items = blocks.ListBlock(blocks.CharBlock(label=_("步骤"), max_length=300), label=_("步骤"))

    class Meta:
        template = "courses/blocks/steps.html"
        label = _("操作步骤")
        icon = "list-ol"


class StoryBlock(blocks.StructBlock):
    title = blocks.CharBlock(label=_("标题"), max_length=60)
    text = blocks.TextBlock(label=_("经过"), help_text=_("姓名写成张某、李某，住址写到村或社区为止。"))

    class Meta:
        template = "courses/blocks/story.html"
        label = _("案例")
        icon = "doc-full"


class PictureBlock(blocks.StructBlock):
    picture = ImageBlock(label=_("图片"))
    caption = blocks.CharBlock(label=_("图注"), max_length=200, required=False)

    class Meta:
        template = "courses/blocks/picture.html"
        label = _("图片")
        icon = "image"


class VideoBlock(blocks.StructBlock):
    title = blocks.CharBlock(label=_("标题"), max_length=60)
    video = DocumentChooserBlock(label=_("视频文件（mp4）"))
    poster = ImageBlock(label=_("封面"), required=False)
    captions = DocumentChooserBlock(label=_("字幕（vtt）"), required=False)
    transcript = blocks.TextBlock(label=_("文字稿"), help_text=_("看不了视频的人靠它学习，也便于省流量。"))

    class Meta:
        template = "courses/blocks/video.html"
        label = _("视频")
        icon = "media"


class HandoutBlock(blocks.StructBlock):
    title = blocks.CharBlock(label=_("标题"), max_length=60)
    document = DocumentChooserBlock(label=_("文件"))

    class Meta:
        template = "courses/blocks/handout.html"
        label = _("资料下载")
        icon = "download"


class CheckBlock(blocks.StructBlock):
    stem = blocks.TextBlock(label=_("题干"))
    options = blocks.ListBlock(blocks.CharBlock(label=_("选项"), max_length=300), label=_("选项"), min_num=2, max_num=6)
    key = blocks.CharBlock(label=_("答案"), max_length=6, help_text=_("选项字母，多选连写，如 AC。"))
    explanation = blocks.TextBlock(label=_("解析"))

    class Meta:
        template = "courses/blocks/check.html"
        label = _("想一想（不计分）")
        icon = "help"


LESSON_BLOCKS = [
    ("text", ProseBlock(label=_("正文"), features=["h3", "bold", "ol", "ul", "link", "document-link"])),
    ("remember", RememberBlock()),
    ("quote", QuoteBlock()),
    ("steps", StepsBlock()),
    ("story", StoryBlock()),
    ("picture", PictureBlock()),
    ("video", VideoBlock()),
    ("handout", HandoutBlock()),
    ("check", CheckBlock()),
]


class LessonBody(StreamField):
    """A StreamField whose blocks stay out of migrations: the database holds JSON whatever the blocks are."""

    def __init__(self, block_types: Any = (), **kwargs: Any) -> None:
        kwargs.pop("block_lookup", None)
        super().__init__(block_types or LESSON_BLOCKS, **kwargs)

    def deconstruct(self) -> Any:
        name, path, _args, kwargs = super().deconstruct()
        kwargs.pop("block_lookup", None)
        return name, path, [], kwargs


def words(body: Any) -> str:
    """All that can be read in a lesson's body, a line a piece."""
    return "\n".join(_words(body.get_prep_value() if hasattr(body, "get_prep_value") else body))


def _words(value: Any) -> list[str]:
    if isinstance(value, str):
        return [strip_tags(value)] if value else []
    if isinstance(value, dict):
        value = [part for name, part in value.items() if name not in {"id", "type"}]
    return [word for part in value for word in _words(part)] if isinstance(value, list) else []
