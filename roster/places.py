"""Finding the township, community and grid that a line of a list means: inside what contains them, never city-wide."""

from collections import defaultdict
from dataclasses import dataclass, field

from roster import identity
from roster.models import Grid, Level, Territory


@dataclass
class Map:
    """All current territories and grids, fetched once for a whole file."""

    townships: dict[str, list[Territory]] = field(default_factory=lambda: defaultdict(list))
    communities: dict[int, list[Territory]] = field(default_factory=lambda: defaultdict(list))
    counties: dict[str, Territory] = field(default_factory=dict)
    grids: dict[tuple[int, int], Grid] = field(default_factory=dict)
    grids_by_code: dict[str, Grid] = field(default_factory=dict)
    by_id: dict[int, Territory] = field(default_factory=dict)
    # answers already given: the rows of a list name the same few hundred places again and again
    _communities: dict[tuple[str, int], list[Territory]] = field(default_factory=dict)

    @classmethod
    def draw(cls) -> "Map":
        drawn = cls()
        for place in Territory.objects.current():
            drawn.by_id[place.pk] = place
            if place.level == Level.COUNTY:
                drawn.counties[identity.county_stem(place.name)] = place
            elif place.level == Level.TOWNSHIP:
                drawn.townships[place.stem].append(place)
            elif place.level == Level.COMMUNITY and place.parent_id:
                drawn.communities[place.parent_id].append(place)
        for grid in Grid.objects.all():
            drawn.grids_by_code[grid.code] = grid
            if grid.ordinal:
                drawn.grids[grid.community_id, grid.ordinal] = grid
        return drawn

    def township(self, name: str, *, county: str = "", paths: list[str] | None = None) -> list[Territory]:
        """The townships a name can mean: of the county named beside it, else of the admin's own territory, else of the city."""
        found = self.townships.get(identity.township_stem(name), [])
        exact = [place for place in found if place.name == name.strip()] or found
        if county and (named := self.counties.get(identity.county_stem(county))):
            return [place for place in exact if place.parent_id == named.pk]
        own = [place for place in exact if covered(place.path, paths or [])]
        return own if len(exact) > 1 and own else exact

    def community(self, name: str, township: Territory) -> list[Territory]:
        asked = (name, township.pk)
        if asked not in self._communities:
            communities = self.communities[township.pk]
            matches = set(identity.match_place(name, [place.name for place in communities], township=township.name))
            self._communities[asked] = [place for place in communities if place.name in matches]
        return self._communities[asked]

    def grid(self, name: str, community: Territory) -> Grid | None:
        ordinal = identity.grid_ordinal(name, community.name)
        return self.grids.get((community.pk, ordinal)) if ordinal else None


def covered(path: str, paths: list[str]) -> bool:
    """Whether a territory lies within one of the paths that someone reaches."""
    return any(path.startswith(reached) for reached in paths)
