"""The list of workers: what it may be narrowed by, and the columns it can show."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django_filters
from django import forms
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django_filters.widgets import SuffixedMultiWidget
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import BaseColumn

from roster import passwords, reach
from roster.columns import ListColumn
from roster.models import (
    Channel,
    Employment,
    Grid,
    Identity,
    Level,
    Posting,
    Territory,
    Worker,
    WorkerState,
)
from roster.step_forms import DayInput

ALL = _("全部")
SOON = (30, 90, 180)  # days before a certificate runs out


def places(level: str) -> Any:
    """The territories of a level that the asking admin may filter by."""

    def within(request: HttpRequest | None) -> QuerySet[Territory]:
        if request is None:
            return Territory.objects.none()
        found = reach.territories(request.user).current().filter(level=level)  # type: ignore[arg-type]
        return found.select_related("parent").order_by("code")

    return within


def grids_within(request: HttpRequest | None) -> QuerySet[Grid]:
    if request is None:
        return Grid.objects.none()
    return Grid.objects.filter(community__in=reach.territories(request.user)).select_related("community")  # type: ignore[arg-type]


def counties_and_townships(request: HttpRequest) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """Both as choices, in one query; townships with their county in front where there are several, for names recur."""
    found = reach.territories(request.user).current().filter(level__in=[Level.COUNTY, Level.TOWNSHIP])  # type: ignore[arg-type]
    rows = list(found.order_by("code").values_list("pk", "level", "name", "parent__name"))
    counties = [(pk, name) for pk, level, name, _parent in rows if level == Level.COUNTY]
    several = len(counties) > 1
    townships = [
        (pk, f"{parent} {name}" if several else name) for pk, level, name, parent in rows if level == Level.TOWNSHIP
    ]
    return counties, townships


def account_filter(rows: QuerySet[Worker], name: str, value: str) -> QuerySet[Worker]:
    own = Q(user__isnull=False, user__must_change_password=False)
    # `waiting` is whom the first passwords are for; those who left wait for none
    return rows.filter({"own": own, "none": Q(user=None)}.get(value, passwords.WAITING))


def grids_filter(rows: QuerySet[Worker], name: str, value: str) -> QuerySet[Worker]:
    held = Posting.objects.current().filter(worker=OuterRef("pk"))
    if value == "several":
        return rows.filter(
            pk__in=Posting.objects.current().values("worker").annotate(n=Count("pk")).filter(n__gt=1).values("worker")
        )
    return rows.filter(~Exists(held) if value == "none" else Exists(held))


class Days(SuffixedMultiWidget):
    """From a day to a day, with the browser's own calendar."""

    template_name = "wagtailadmin/widgets/range_input.html"
    suffixes = ["from", "to"]

    def __init__(self, attrs: Any = None) -> None:
        named = {"from": _("从哪一天"), "to": _("到哪一天")}
        super().__init__([DayInput(**{"aria-label": str(named[suffix])}) for suffix in self.suffixes], attrs)

    def decompress(self, value: Any) -> list[Any]:
        return [value.start, value.stop] if value else [None, None]


class WorkerFilter(WagtailFilterSet):
    county = django_filters.ChoiceFilter(
        field_name="township__parent", label=_("县（市、区）"), choices=[], empty_label=ALL
    )
    township = django_filters.ChoiceFilter(label=_("乡镇（街道）"), choices=[], empty_label=ALL)
    place = django_filters.CharFilter(
        label=_("村（社区）"), method="of_place", help_text=_("写名称或名称里的几个字，例如“高桥”。")
    )
    # these two are led to from reports and pages, and stand among the filters only then
    community = django_filters.ModelChoiceFilter(
        label=_("村（社区）"), queryset=places(Level.COMMUNITY), method="of_community", empty_label=ALL
    )
    grid = django_filters.ModelChoiceFilter(
        label=_("网格"), queryset=grids_within, method="of_grid", empty_label=ALL, widget=forms.HiddenInput
    )
    state = django_filters.MultipleChoiceFilter(
        label=_("状态"), choices=WorkerState.choices, widget=forms.CheckboxSelectMultiple
    )
    employment = django_filters.ChoiceFilter(
        label=_("专兼职"), choices=Employment.choices, empty_label=ALL, widget=forms.RadioSelect
    )
    identity = django_filters.MultipleChoiceFilter(
        label=_("身份"), choices=Identity.choices, widget=forms.CheckboxSelectMultiple
    )
    channel = django_filters.MultipleChoiceFilter(
        label=_("招录渠道"), choices=Channel.choices, widget=forms.CheckboxSelectMultiple
    )
    grids = django_filters.ChoiceFilter(
        label=_("负责的网格"),
        choices=[("none", _("没有网格")), ("some", _("有网格")), ("several", _("有几个网格"))],
        method=grids_filter,
        empty_label=ALL,
        widget=forms.RadioSelect,
    )
    account = django_filters.ChoiceFilter(
        label=_("账号"),
        choices=[("own", _("有自己的密码")), ("waiting", _("等首次密码")), ("none", _("还没有账号"))],
        method=account_filter,
        empty_label=ALL,
        widget=forms.RadioSelect,
    )
    mentor = django_filters.ChoiceFilter(
        label=_("小教员（名册所标）"),
        choices=[("any", _("是")), ("county", _("县级")), ("township", _("乡级")), ("no", _("不是"))],
        method="of_mentors",
        empty_label=ALL,
        widget=forms.RadioSelect,
    )
    certificate = django_filters.ChoiceFilter(
        label=_("社工证登记"),
        choices=[
            ("expired", _("已过期")),
            *((str(days), _("%(days)d 天内到期") % {"days": days}) for days in SOON),
            ("valid", _("在有效期内")),
            ("none", _("没有登记有效期")),
        ],
        method="of_certificate",
        empty_label=ALL,
        widget=forms.RadioSelect,
    )
    joined = django_filters.DateFromToRangeFilter(
        field_name="joined_on",
        label=_("上岗时间"),
        widget=Days,
        help_text=_("上面是从哪一天，下面是到哪一天，可以只填一个。"),
    )

    class Meta:
        model = Worker
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in zip(("county", "township"), counties_and_townships(self.request), strict=True):
            if len(choices) < 2:
                del self.filters[name]  # one's only county is no choice
            else:
                self.filters[name].extra["choices"] = choices
        for name in ("community", "grid"):
            if not (self.data or {}).get(name):
                del self.filters[name]

    def of_place(self, rows: QuerySet[Worker], name: str, value: str) -> QuerySet[Worker]:
        found = reach.territories(self.request.user).filter(level=Level.COMMUNITY, name__contains=value.strip())
        return rows.filter(pk__in=in_charge_of(Grid.objects.filter(community__in=found)))

    def of_community(self, rows: QuerySet[Worker], name: str, value: Territory) -> QuerySet[Worker]:
        return rows.filter(pk__in=in_charge_of(Grid.objects.filter(community=value)))

    def of_grid(self, rows: QuerySet[Worker], name: str, value: Grid) -> QuerySet[Worker]:
        return rows.filter(pk__in=in_charge_of(Grid.objects.filter(pk=value.pk)))

    def of_mentors(self, rows: QuerySet[Worker], name: str, value: str) -> QuerySet[Worker]:
        if value == "any":
            return rows.exclude(listed_as_mentor="")
        return rows.filter(listed_as_mentor="" if value == "no" else value)

    def of_certificate(self, rows: QuerySet[Worker], name: str, value: str) -> QuerySet[Worker]:
        today = timezone.localdate(self.request.now)
        if value.isdecimal():
            return rows.filter(certificate_expires_on__range=(today, today + timedelta(days=int(value))))
        if value == "none":
            return rows.filter(certificate_expires_on=None)
        return rows.filter(**{f"certificate_expires_on__{'lt' if value == 'expired' else 'gte'}": today})


def in_charge_of(grids: QuerySet[Grid]) -> QuerySet[Any, Any]:
    return Posting.objects.current().filter(grid__in=grids).values("worker")


HELD = Prefetch(
    "postings",
    queryset=Posting.objects.current().select_related("grid__community").order_by("grid__code"),
    to_attr="held",
)


def held_grids(worker: Any) -> str:
    return "、".join(str(posting.grid) for posting in worker.held)


def held_communities(worker: Any) -> str:
    return "、".join(dict.fromkeys(posting.grid.community.name for posting in worker.held))


def day(worker: Any) -> str:
    expires = worker.certificate_expires_on
    return date_format(expires, "Y年n月j日") if expires else ""


def account_state(worker: Any) -> str:
    if worker.user is None:
        return str(_("还没有账号"))
    return str(_("等首次密码") if worker.user.must_change_password else _("有自己的密码"))


def display(field: str, **given: Any) -> ListColumn:
    """A field of the worker under its own name, in the words of its choices."""
    held: Any = Worker._meta.get_field(field)
    accessor = in_words(field, dict(held.flatchoices)) if held.choices else field
    return ListColumn(field, label=held.verbose_name, accessor=accessor, **{"sort_key": field, **given})


def in_words(field: str, choices: dict[str, Any]) -> Callable[[Worker], str]:
    """What `get_…_display` says, without asking the catalogs again for each of thousands of rows."""
    said: dict[str, str] = {}

    def words(worker: Worker) -> str:
        value = getattr(worker, field)
        if value not in said:
            said[value] = str(choices.get(value, value))
        return said[value]

    return words


COLUMNS: list[str | BaseColumn] = [
    "name",
    display("number"),
    ListColumn("mobile", label=_("手机号"), accessor="masked_mobile", sealed=["mobile"]),
    ListColumn(
        "county",
        label=_("县（市、区）"),
        accessor="township.parent.name",
        related=["township__parent"],
        sort_key="township__parent__code",
        shown=False,
    ),
    ListColumn(
        "township",
        label=_("乡镇（街道）"),
        accessor="township.name",
        related=["township"],
        sort_key="township__code",
    ),
    ListColumn("community", label=_("村（社区）"), accessor=held_communities, prefetch=[HELD], shown=False),
    ListColumn("grids", label=_("网格"), accessor=held_grids, prefetch=[HELD]),
    display("employment"),
    display("identity", shown=False),
    display("position", shown=False),
    display("state"),
    ListColumn(
        "joined",
        label=_("上岗时间"),
        sort_key="joined_on",
        shown=False,
        # a date no finer than the roster knows it: 2022年 stays a text
        typed=lambda worker: worker.joined_on if worker.joined_precision == "day" else worker.joined,
    ),
    display("sex", shown=False),
    ListColumn("id_number", label=_("身份证号"), accessor="masked_id_number", sealed=["id_number"], shown=False),
    display("channel", shown=False),
    display("employer", shown=False),
    display("managed_by", shown=False),
    ListColumn("post", label=_("岗位"), accessor="post.name", related=["post"], shown=False, sort_key="post__order"),
    display("step", shown=False),
    display("education", shown=False),
    display("political_status", shown=False),
    display("certificate_level", shown=False),
    ListColumn(
        "certificate_expires_on",
        label=_("社工证登记有效期至"),
        accessor=day,
        typed=lambda worker: worker.certificate_expires_on,
        sort_key="certificate_expires_on",
        shown=False,
    ),
    display("listed_as_mentor", shown=False),
    display("listed_agreement", shown=False),
    display("listed_grade", shown=False),
    ListColumn("account", label=_("账号"), accessor=account_state, related=["user"], shown=False),
]
