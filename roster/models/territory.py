"""Divisions and grids, with what they were called before and what became of them."""

from datetime import date
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Level(models.TextChoices):
    CITY = "city", _("市")
    COUNTY = "county", _("县（市、区）")
    TOWNSHIP = "township", _("乡镇（街道）")
    COMMUNITY = "community", _("村（社区）")


class TerritoryQuerySet(models.QuerySet["Territory"]):
    def current(self) -> "TerritoryQuerySet":
        return self.filter(valid_to=None)

    def within(self, paths: list[str]) -> "TerritoryQuerySet":
        """Those at or below any of the given paths; none for no paths."""
        condition = Q(pk__in=[])
        for path in paths:
            condition |= Q(path__startswith=path)
        return self.filter(condition)

    def counties(self) -> "TerritoryQuerySet":
        return self.current().filter(level=Level.COUNTY).order_by("code")


class Territory(models.Model):
    """A division at one of four levels. The code is what the statistics office calls it this year, not what it is known by here."""

    level = models.CharField(max_length=10, choices=Level.choices)
    code = models.CharField(max_length=12)
    name = models.CharField(max_length=60)
    stem = models.CharField(max_length=60, help_text=_("去掉“社区”“村委会”等后缀的名称，用来比对"))
    kind = models.CharField(max_length=20, blank=True)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    # ids from the city down, each followed by "/": everything below a territory starts with its path
    path = models.CharField(max_length=60, blank=True, db_index=True)
    valid_from = models.DateField(null=True, blank=True)
    # the first day on which it no longer is; None while it is
    valid_to = models.DateField(null=True, blank=True)

    objects = TerritoryQuerySet.as_manager()

    # set by `roster.places` on a place that a list means by a name it no longer has
    former: "FormerName | None" = None
    # and on a community that a list means in a township where it no longer stands: the name it bore there last
    moved: "FormerName | None" = None

    class Meta:
        verbose_name = _("区划")
        verbose_name_plural = _("区划")
        constraints = [
            models.UniqueConstraint(fields=["code"], condition=Q(valid_to=None), name="territory_code_once_at_a_time")
        ]
        indexes = [models.Index(fields=["parent", "stem"], name="territory_stem")]

    def __str__(self) -> str:
        return self.name


class FormerName(models.Model):
    """What a territory was called, which code it had, or in which township it stood, up to a day; lists are still written with it."""

    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="former_names")
    name = models.CharField(max_length=60)
    stem = models.CharField(max_length=60)
    code = models.CharField(max_length=12)
    until = models.DateField(help_text=_("从这一天起不再这样叫"))
    # the township that a community stood in under this name, where it has left it; None where it stayed
    parent = models.ForeignKey(
        Territory, on_delete=models.PROTECT, null=True, blank=True, related_name="names_of_moved"
    )

    class Meta:
        verbose_name = _("曾用名")
        verbose_name_plural = _("曾用名")

    def __str__(self) -> str:
        return self.name


class ChangeKind(models.TextChoices):
    RENAME = "rename", _("更名")
    MERGE = "merge", _("合并")
    SPLIT = "split", _("拆分")
    MOVE = "move", _("划转")
    END = "end", _("撤销")


class TerritoryChange(models.Model):
    """One act that renamed, merged, split or moved territories: what there was, what there is now, from when and by which document."""

    kind = models.CharField(_("变动"), max_length=10, choices=ChangeKind.choices)
    on = models.DateField(_("生效日期"))
    before = models.ManyToManyField(Territory, related_name="changes_from")
    after = models.ManyToManyField(Territory, related_name="changes_to")
    document = models.CharField(_("文号"), max_length=60, blank=True)
    reason = models.CharField(_("原因"), max_length=200, blank=True)
    operator = models.ForeignKey("roster.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    # names and codes as they were, and which grids went where: {"names": […], "grids": [[grid, from, to], …]}
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["-on", "-pk"]
        verbose_name = _("区划变动")
        verbose_name_plural = _("区划变动")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.on}"


class GridKind(models.TextChoices):
    URBAN = "urban", _("城镇社区网格")
    RURAL = "rural", _("农村网格")
    SPECIAL = "special", _("专属网格")


class GridQuerySet(models.QuerySet["Grid"]):
    def current(self) -> "GridQuerySet":
        return self.filter(valid_to=None)

    def within(self, paths: list[str]) -> "GridQuerySet":
        return self.filter(community__in=Territory.objects.within(paths))


class Grid(models.Model):
    community = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="grids")
    code = models.CharField(max_length=30, unique=True)
    name = models.CharField(max_length=60)
    ordinal = models.PositiveSmallIntegerField(null=True, blank=True)
    kind = models.CharField(max_length=10, choices=GridKind.choices)
    households = models.PositiveIntegerField(null=True, blank=True)
    population = models.PositiveIntegerField(null=True, blank=True)
    # codes and numbers it had before, newest last: [[code, ordinal, until, community], …]; lists are still written with them
    former_codes = models.JSONField(default=list, blank=True)
    # the first day on which it no longer is; None while it is
    valid_to = models.DateField(null=True, blank=True)

    objects = GridQuerySet.as_manager()

    # set by `roster.places` on a grid that a list means by a code or a number it no longer has: that entry of `former_codes`
    former: "list[Any] | None" = None

    class Meta:
        verbose_name = _("网格")
        verbose_name_plural = _("网格")
        constraints = [
            models.UniqueConstraint(
                fields=["community", "ordinal"],
                condition=Q(ordinal__isnull=False, valid_to=None),
                name="grid_ordinal_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.community.name}{self.name}"

    def stands_on(self, day: date) -> bool:
        ended: Any = self.valid_to
        return ended is None or ended > day
