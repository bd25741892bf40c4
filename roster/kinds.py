"""The roster's kinds of import, in the order an admin brings them in."""

from roster.resources import DivisionResource, GridResource
from roster.rosterfile import RosterResource

KINDS = (DivisionResource, GridResource, RosterResource)
