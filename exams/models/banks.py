"""Question banks: the questions as they stand before an exam copies them."""

from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from records.models import Subject


def private() -> Storage:
    """Where pictures of questions lie: nobody's personal data, but nobody's to see before the bell either."""
    return storages["private"]


class QuestionKind(models.TextChoices):
    SINGLE = "single", _("单项选择题")
    MULTIPLE = "multiple", _("多项选择题")
    TRUE_FALSE = "truefalse", _("判断题")
    CASE = "case", _("案例分析题")


class Bank(models.Model):
    name = models.CharField(_("名称"), max_length=60, unique=True)
    subject = models.CharField(_("科目"), max_length=10, choices=Subject.choices)

    class Meta:
        verbose_name = _("题库")
        verbose_name_plural = _("题库")

    def __str__(self) -> str:
        return self.name


class Picture(models.Model):
    """A picture as it is kept: drawn anew at the upload, sealed, named by its content. Never changed; another picture is another row."""

    key = models.CharField(_("内容摘要"), max_length=32, unique=True)
    file = models.FileField(_("图片"), storage=private, max_length=200)
    width = models.PositiveSmallIntegerField(_("宽"))
    height = models.PositiveSmallIntegerField(_("高"))
    # when a question last took it, or let go of it: what no question and no paper needs goes after a while
    touched_at = models.DateTimeField(_("最近一次使用"))

    class Meta:
        verbose_name = _("题目图片")
        verbose_name_plural = _("题目图片")

    def __str__(self) -> str:
        return self.key


class Question(models.Model):
    """A question as it stands in its bank. An exam copies it; changing it here changes no paper."""

    bank = models.ForeignKey(Bank, on_delete=models.PROTECT, related_name="questions")
    kind = models.CharField(_("题型"), max_length=10, choices=QuestionKind.choices)
    material = models.TextField(_("案例材料"), blank=True)
    stem = models.TextField(_("题干"))
    options = models.JSONField(_("选项"), default=list, blank=True)
    # indexes of the right options; [0] is 对 and [1] is 错 for true/false; empty for a case
    key = models.JSONField(_("答案"), default=list, blank=True)
    # [{"text": …, "marks": "4.0"}] for a case: what a marker ticks
    points = models.JSONField(_("评分要点"), default=list, blank=True)
    reference = models.TextField(_("参考答案"), blank=True)
    picture = models.ForeignKey(
        Picture, on_delete=models.PROTECT, null=True, blank=True, related_name="questions", verbose_name=_("图片")
    )
    # what there is to be seen, for who hears the paper instead of seeing it
    picture_text = models.CharField(_("替代文字"), max_length=200, blank=True)
    explanation = models.TextField(_("解析"), blank=True)
    basis = models.CharField(_("依据"), max_length=200, blank=True)
    difficulty = models.PositiveSmallIntegerField(_("难度"), default=2)
    course_slug = models.SlugField(_("对应课程"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("题目")
        verbose_name_plural = _("题目")
        constraints = [
            models.UniqueConstraint(fields=["bank", "stem"], name="question_stem_once_a_bank"),
            models.CheckConstraint(
                condition=Q(picture=None, picture_text="") | Q(picture__isnull=False, picture_text__gt=""),
                name="question_picture_is_described",
            ),
        ]

    def __str__(self) -> str:
        return self.stem[:40]
