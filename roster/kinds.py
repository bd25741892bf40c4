"""The roster's kinds of import, in the order an admin brings them in."""

from roster.divisionfile import DivisionResource
from roster.gridfile import GridResource
from roster.rosterfile import RosterResource

KINDS = (DivisionResource, GridResource, RosterResource)
