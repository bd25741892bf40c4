"""The question banks in the back office: lists with filters, and a question as it will be asked."""

from typing import Any

import django_filters
from django.db.models import Count, QuerySet
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column

from exams.before import questions
from exams.models import Bank, Question
from lms import menus
from records.models import Subject
from roster import reach
from roster.backoffice import ScopedInspectView, ScopedModelViewSet
from roster.models import Duty, Role

# the banks are the whole city's and name nobody
READERS = (Role.CITY_ADMIN, Role.EDITOR, Duty.EXAMS)


class BankViewSet(ScopedModelViewSet):
    model = Bank
    name = "banks"
    readers = READERS
    icon = "folder-open-inverse"
    menu_label = _("题库")
    menu_hint = _("三个科目各有多少题")
    menu_hook = menus.EXAMS
    menu_order = 146
    ordering = ["subject", "name"]
    search_fields = ["name"]
    list_display = [
        "name",
        Column("get_subject_display", label=_("科目"), sort_key="subject"),
        Column("count", label=_("题数")),
    ]
    inspect_view_fields = ["name", "subject"]

    def scope(self, user: Any) -> QuerySet[Bank]:
        banks = Bank.objects.annotate(count=Count("questions"))
        return banks if reach.has(user, *READERS) else banks.none()


class QuestionFilter(WagtailFilterSet):
    subject = django_filters.ChoiceFilter(
        field_name="bank__subject", label=_("科目"), choices=Subject.choices, empty_label=_("全部")
    )

    class Meta:
        model = Question
        fields = ["subject", "kind", "difficulty"]


class QuestionInspectView(ScopedInspectView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        question = self.object
        options = [
            (questions.LETTERS[place], text, place in question.key) for place, text in enumerate(question.options)
        ]
        return super().get_context_data(question=question, options=options, **kwargs)


class QuestionViewSet(ScopedModelViewSet):
    model = Question
    name = "questions"
    readers = READERS
    icon = "help"
    menu_label = _("题目")
    menu_hint = _("查题目、答案、解析和依据")
    menu_hook = menus.EXAMS
    menu_order = 147
    filterset_class = QuestionFilter
    ordering = ["bank__subject", "kind", "pk"]
    search_fields = ["stem", "material", "course_slug"]
    inspect_view_class = QuestionInspectView
    inspect_template_name = "exams/cms_question.html"
    list_display = [
        "stem",
        Column("get_kind_display", label=_("题型"), sort_key="kind"),
        Column("bank", label=_("题库"), sort_key="bank__subject"),
        Column("difficulty", label=_("难度"), sort_key="difficulty"),
    ]
    inspect_view_fields = ["bank", "kind", "stem"]

    def scope(self, user: Any) -> QuerySet[Question]:
        questions = Question.objects.select_related("bank", "picture")
        return questions if reach.has(user, *READERS) else questions.none()
