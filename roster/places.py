"""Finding the township, community and grid that a line of a list means: inside what contains them, never city-wide.

Lists are written with names, codes and numbers of last year too. What is current wins; only where nothing current fits, a former
name is looked for, and then the numbers of grids are those of that time.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from roster import identity
from roster.models import FormerName, Grid, Level, Territory

Remark = tuple[str, str, str]  # code, sentence, column


@dataclass
class Map:
    """All current territories and grids, fetched once for a whole file, with what they were called before."""

    townships: dict[str, list[Territory]] = field(default_factory=lambda: defaultdict(list))
    communities: dict[int, list[Territory]] = field(default_factory=lambda: defaultdict(list))
    counties: dict[str, Territory] = field(default_factory=dict)
    grids: dict[tuple[int, int], Grid] = field(default_factory=dict)
    grids_by_code: dict[str, Grid] = field(default_factory=dict)
    by_id: dict[int, Territory] = field(default_factory=dict)
    # of what is no more: former names by stem (townships) or township (communities), grids by a number or a code they had
    former_townships: dict[str, list[FormerName]] = field(default_factory=lambda: defaultdict(list))
    former_communities: dict[int, list[FormerName]] = field(default_factory=lambda: defaultdict(list))
    # what a township was called before; and, by community, the townships it has left with what it was called there last
    former_names: dict[int, list[FormerName]] = field(default_factory=lambda: defaultdict(list))
    left: dict[int, dict[int, FormerName]] = field(default_factory=lambda: defaultdict(dict))
    former_numbers: dict[tuple[int, int], list[tuple[Grid, list[Any]]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    former_codes: dict[str, list[tuple[Grid, list[Any]]]] = field(default_factory=lambda: defaultdict(list))
    retired_codes: set[str] = field(default_factory=set)
    # places that ended, by what they were last: the numbers of their grids are remembered under their id
    ended: dict[tuple[str, str], int] = field(default_factory=dict)
    ended_as: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    # what the posts of the ladder are called, where a list names them
    posts: dict[int, str] = field(default_factory=dict)
    # answers already given: the rows of a list name the same few hundred places again and again
    _communities: dict[tuple[str, str, int], list[Territory]] = field(default_factory=dict)

    @classmethod
    def draw(cls) -> "Map":
        drawn = cls()
        for place in Territory.objects.order_by("pk"):
            if place.valid_to:
                drawn.ended[place.name, place.code] = place.pk
                drawn.ended_as[place.name].add(place.pk)
                continue
            drawn.by_id[place.pk] = place
            if place.level == Level.COUNTY:
                drawn.counties[identity.county_stem(place.name)] = place
            elif place.level == Level.TOWNSHIP:
                drawn.townships[place.stem].append(place)
            elif place.level == Level.COMMUNITY and place.parent_id:
                drawn.communities[place.parent_id].append(place)
        drawn._remember_names()
        for grid in Grid.objects.all():
            drawn._enter(grid)
        return drawn

    def _remember_names(self) -> None:
        formers = list(FormerName.objects.order_by("until", "pk"))
        for former in formers:
            if former.parent_id:
                self.left[former.territory_id][former.parent_id] = former
        for former in formers:
            place = self.by_id.get(former.territory_id)
            if place is None:
                self.ended.setdefault((former.name, former.code), former.territory_id)
                continue
            if place.level == Level.TOWNSHIP:
                self.former_townships[former.stem].append(former)
                self.former_names[place.pk].append(former)
            elif place.level == Level.COMMUNITY and place.parent_id:
                # a name it had before it moved is written beside either township
                stood = [former.parent_id] if former.parent_id else [place.parent_id, *self.left[place.pk]]
                for township in stood:
                    self.former_communities[township].append(former)

    def _enter(self, grid: Grid) -> None:
        if grid.valid_to:
            self.retired_codes.add(grid.code)
            return
        self.grids_by_code[grid.code] = grid
        if grid.ordinal:
            self.grids[grid.community_id, grid.ordinal] = grid
        for entry in grid.former_codes:
            code, ordinal, _until, *where = entry
            if code != grid.code:
                self.former_codes[code].append((grid, entry))
            if ordinal:
                self.former_numbers[where[0] if where else grid.community_id, ordinal].append((grid, entry))

    def township(self, name: str, *, county: str = "", paths: list[str] | None = None) -> list[Territory]:
        """The townships a name can mean: of the county named beside it, else of the admin's own territory, else of the city."""
        stem = identity.township_stem(name)
        found = self.townships.get(stem, [])
        exact = [place for place in found if place.name == name.strip()] or found
        if not exact:
            exact = self._marked(self.former_townships.get(stem, []))
            exact = [place for place in exact if place.former and place.former.name == name.strip()] or exact
        if county and (named := self.counties.get(identity.county_stem(county))):
            return [place for place in exact if place.parent_id == named.pk]
        own = [place for place in exact if covered(place.path, paths or [])]
        return own if len(exact) > 1 and own else exact

    def community(self, name: str, township: Territory) -> list[Territory]:
        """The communities of a township that a name can mean; one found by a former name bears it as `former`. Several are to be asked."""
        asked = (name, township.former.name if township.former else "", township.pk)
        if asked not in self._communities:
            self._communities[asked] = self._find_community(name, township)
        return self._communities[asked]

    def _find_community(self, name: str, township: Territory) -> list[Territory]:
        communities = self.communities[township.pk]
        front = township.former.name if township.former else township.name
        matches = set(identity.match_place(name, [place.name for place in communities], township=front))
        if matches:
            return [place for place in communities if place.name in matches]
        origins = self._origins(township)
        formers = [former for origin in origins for former in self.former_communities.get(origin, [])]
        matches = set(identity.match_place(name, [former.name for former in formers], township=front))
        found = self._marked(former for former in formers if former.name in matches)
        for place in found:
            left = [self.left[place.pk][origin] for origin in origins if origin in self.left[place.pk]]
            if left and place.parent_id != township.pk:
                place.moved = max(left, key=lambda former: former.until)
        return found

    def _origins(self, township: Territory) -> list[int]:
        """The township, and for one that was found by a former name those that ended in it: communities may have left them before."""
        if not township.former:
            return [township.pk]
        ended = [self.ended.get((one.name, one.code), 0) for one in self.former_names[township.pk]]
        return list(dict.fromkeys([township.pk, *filter(None, ended)]))

    def _marked(self, formers: Iterable[FormerName]) -> list[Territory]:
        """The places that bore these names, each with the newest of them."""
        places: dict[int, Territory] = {}
        for former in formers:
            place = copy(self.by_id[former.territory_id])
            place.former = former
            places[place.pk] = place
        return list(places.values())

    def grid(self, name: str, community: Territory) -> Grid | None:
        """The grid of a number; in a community that was found under a former name the number is the one of that time."""
        origin, ordinal = community.pk, identity.grid_ordinal(name, community.name)
        if former := community.former:
            origin = self.ended.get((former.name, former.code), community.pk)
            ordinal = ordinal or identity.grid_ordinal(name, former.name)
        if not ordinal:
            return None
        current = self.grids.get((community.pk, ordinal))
        if origin != community.pk and (borne := self.former_numbers.get((origin, ordinal))):
            return self._only(borne)  # two that had it are for a person to tell apart
        before = self.ended.get((community.name, community.code), 0)  # merged away once, and split off again
        own = self.former_numbers.get((community.pk, ordinal)) or self.former_numbers.get((before, ordinal), [])
        return current or self._only(own)

    def by_code(self, code: str) -> Grid | None:
        """The grid of a code; of a former one only where it was never two grids'."""
        return self.grids_by_code.get(code) or self._only(self.former_codes.get(code, []))

    @staticmethod
    def _only(found: list[tuple[Grid, list[Any]]]) -> Grid | None:
        if len({grid.pk for grid, _entry in found}) != 1:
            return None
        grid = copy(found[-1][0])
        grid.former = found[-1][1]
        return grid

    def remarks(self, values: Mapping[str, Any], *, community: Territory, grid: Grid | None = None) -> list[Remark]:
        """What is to be said of a line that was written with a former name, code or number, for `Line.remark`."""
        said: list[Remark] = []
        township = self.by_id.get(community.parent_id or 0)
        written = values.get("township") or ""
        if township and (moved := community.moved):
            words = {"name": community.name, "on": date_format(moved.until), "now": township.name}
            text = _("%(name)s从%(on)s起划归%(now)s，已按%(now)s认。") % words
            said.append(("former_township", text, "township"))
        elif township and written and identity.township_stem(written) != township.stem:
            text = _("“%(old)s”现在是%(new)s，已按%(new)s认。") % {"old": written, "new": township.name}
            said.append(("former_name", text, "township"))
        if (former := community.former) and former.name != community.name:
            words = {"old": former.name, "new": community.name, "on": date_format(former.until)}
            said.append(("former_name", _("“%(old)s”从%(on)s起是%(new)s，已按%(new)s认。") % words, "community"))
        return said + (self._grid_remarks(grid) if grid else [])

    def _grid_remarks(self, grid: Grid) -> list[Remark]:
        place = self.by_id[grid.community_id]
        if grid.former:
            code, _ordinal, until, *_where = grid.former
            words = {"code": code, "on": date_format(date.fromisoformat(until)), "now": f"{place.name}{grid.name}"}
            return [
                ("former_grid", _("这是%(on)s以前的编号（编码 %(code)s），现在是%(now)s，已按它认。") % words, "grid")
            ]
        others = [entry for bearer, entry in self._bearers(grid, place) if bearer.pk != grid.pk]
        if not others:
            return []
        until = date.fromisoformat(max(entry[2] for entry in others))
        words = {"on": date_format(until), "now": f"{place.name}{grid.name}"}
        text = _(
            "%(on)s重新编过号，以前的这个编号是另一个网格。已按现在的编号认作%(now)s，请核对表是不是按新编号写的。"
        )
        return [("grid_renumbered", text % words, "grid")]

    def _bearers(self, grid: Grid, place: Territory) -> list[tuple[Grid, list[Any]]]:
        """Who had this grid's number in its community, or in one of the same name that it came out of."""
        formers = self.former_communities.get(place.parent_id or 0, [])
        ended = {self.ended.get((one.name, one.code)) for one in formers if one.territory_id == place.pk}
        origins = {place.pk} | {pk for pk in ended if pk and pk in self.ended_as.get(place.name, ())}
        return [found for origin in origins for found in self.former_numbers.get((origin, grid.ordinal or 0), [])]


def covered(path: str, paths: list[str]) -> bool:
    """Whether a territory lies within one of the paths that someone reaches."""
    return any(path.startswith(reached) for reached in paths)
