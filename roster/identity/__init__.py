"""
What stands in the cells of a roster, normalised and judged; never guessed.

Each function takes one cell as `lms.sheets` gives it (the type of the cell matters) and returns a small value with `codes`:
empty where all is well. Which codes leave a row out and which are a remark, `roster.judges` says.
"""

from .contacts import Mobile, mask_mobile, mobile
from .dates import PartialDate, when
from .idnumbers import IdNumber, check_digit, id_number, mask_id, sex_differs, starred
from .ladder import Standing, standing
from .names import PersonName, mask_name, person_name
from .pinyin import pinyin_of, without_tone
from .places import county_stem, grid_ordinal, match_place, stem, township_stem
from .vocabulary import (
    Term,
    certificate_level,
    channel,
    education,
    employment_kind,
    grid_kind,
    identity_kind,
    mentor_level,
    political,
    sex,
    yes,
)

__all__ = [
    "IdNumber",
    "Mobile",
    "PartialDate",
    "PersonName",
    "Standing",
    "Term",
    "certificate_level",
    "channel",
    "check_digit",
    "county_stem",
    "education",
    "employment_kind",
    "grid_kind",
    "grid_ordinal",
    "id_number",
    "identity_kind",
    "mask_id",
    "mask_mobile",
    "mask_name",
    "match_place",
    "mentor_level",
    "mobile",
    "person_name",
    "pinyin_of",
    "political",
    "sex",
    "sex_differs",
    "standing",
    "starred",
    "stem",
    "township_stem",
    "when",
    "without_tone",
    "yes",
]
