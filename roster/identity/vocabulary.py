"""The words of a roster's columns, as the values kept; the written text stays beside them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from lms.sheets import Cell

from .cleaning import plain


@dataclass(frozen=True, slots=True)
class Term:
    """A normalised value ("" where nothing is said or the word is not known) and the text it came from."""

    value: str
    text: str

    @property
    def known(self) -> bool:
        """False where something is written that the vocabulary does not have."""
        return bool(self.value) or not self.text


def _read(words: Mapping[str, str], parts: tuple[tuple[str, str], ...] = ()) -> Callable[[Cell], Term]:
    """A reader of one column: the whole word decides, else the first of `parts` that stands in it. A list says the same few again and again."""

    def read(cell: Cell) -> Term:
        written = plain(cell)
        word = "".join(written.split()).upper()
        found = words.get(word) or next((value for part, value in parts if part in word), "")
        return Term(found, written)

    again = lru_cache(maxsize=200)(read)
    return lambda cell: (
        again(cell) if type(cell) is str else read(cell)
    )  # 1, 1.0 and True are one key, and not one cell


_SEX = _read(
    {
        "男": "male",
        "男性": "male",
        "M": "male",
        "1": "male",
        "女": "female",
        "女性": "female",
        "F": "female",
        "2": "female",
    }
)


def sex(cell: Cell) -> Term:
    """男 M 1 → male; 女 F 2 and 0 → female."""
    return Term("female", "0") if cell in (0, "0") and cell is not False and cell is not None else _SEX(cell)


# GB/T 4762 in the groups that a roster is asked for
PARTIES = ("民革", "民盟", "民建", "民进", "农工", "致公", "九三", "台盟", "民主")
political = _read(
    {"党员": "member", "正式党员": "member", "群众": "masses", "团员": "youth", "普通公民": "masses"},
    (
        ("预备", "probationary"),
        ("共青团", "youth"),
        ("中共", "member"),
        ("共产党", "member"),
        ("无党派", "independent"),
        ("群众", "masses"),
        *((party, "party") for party in PARTIES),
    ),
)
education = _read(
    {"大学": "bachelor", "专科": "college", "初中及以下": "junior"},
    (
        ("研究生", "postgraduate"),
        ("硕士", "postgraduate"),
        ("博士", "postgraduate"),
        ("本科", "bachelor"),
        ("学士", "bachelor"),
        ("大专", "college"),
        ("专科", "college"),
        ("高职", "college"),
        ("中专", "secondary"),
        ("中技", "secondary"),
        ("技校", "secondary"),
        ("职高", "secondary"),
        ("职业高中", "secondary"),
        ("高中", "high"),
        ("初中", "junior"),
        ("小学", "primary"),
    ),
)
employment_kind = _read({}, (("专职", "fulltime"), ("兼职", "parttime"), ("兼任", "parttime")))
identity_kind = _read(
    {},
    (
        ("专职", "community"),
        ("两委", "committee"),
        ("小组长", "group_leader"),
        ("辅警", "auxiliary"),
        ("村干部", "committee"),
        ("书记", "committee"),
        ("主任", "committee"),
        ("委员", "committee"),
        ("其他", "other"),
    ),
)
channel = _read(
    {},
    (
        ("派遣", "agency"),
        ("公益", "welfare"),
        ("决议", "resolution"),
        ("兼任", "concurrent"),
        ("兼职", "concurrent"),
        ("统一", "unified"),
        ("招录", "unified"),
        ("公开", "open"),
        ("招聘", "open"),
        ("其他", "other"),
    ),
)
certificate_level = _read(
    {},
    (
        ("助理", "assistant"),
        ("初级", "assistant"),
        ("高级", "senior"),
        ("社会工作师", "social_worker"),
        ("社工师", "social_worker"),
        ("中级", "social_worker"),
    ),
)
grid_kind = _read(
    {},
    (("专属", "special"), ("农村", "rural"), ("城镇", "urban"), ("社区", "urban"), ("城市", "urban"), ("村", "rural")),
)
mentor_level = _read(
    {"否": "none", "不是": "none", "N": "none", "是": "yes", "有": "yes", "Y": "yes", "1": "yes", "√": "yes"},
    (
        ("县", "county"),
        ("区级", "county"),
        ("市级", "county"),
        ("乡", "township"),
        ("镇", "township"),
        ("街道", "township"),
        ("小教员", "yes"),
    ),
)
yes = _read(
    {
        "是": "yes",
        "有": "yes",
        "已签": "yes",
        "已签订": "yes",
        "Y": "yes",
        "YES": "yes",
        "1": "yes",
        "√": "yes",
        "✓": "yes",
        "否": "no",
        "未签": "no",
        "未签订": "no",
        "N": "no",
        "NO": "no",
        "×": "no",
        "X": "no",
    }
)
