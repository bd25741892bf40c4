"""
How a name is typed by its sound: 王桂兰 → wangguilan, wgl.

The readings of single characters come from pypinyin; its phrases are no help with names and would cost 45 MB, so they stay unread.
A surname is read as surnames are (单 shan, 仇 qiu, 万俟 moqi). A character of the given name that is heard in two ways keeps both.
"""

import os
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice, product

from .names import DOUBLE_SURNAMES


def _table(lines: str) -> dict[str, tuple[str, ...]]:
    """单:shan 覃:qin/tan → {单: (shan,), 覃: (qin, tan)}."""
    return {word: tuple(sounds.split("/")) for word, sounds in (pair.split(":") for pair in lines.split())}


# as a surname, where that is not what the dictionary says first; where two are in use the more usual one stands first
SURNAMES = _table(
    "单:shan 解:xie 仇:qiu 曾:zeng 区:ou 查:zha 盖:ge/gai 朴:piao 覃:qin/tan 乐:yue/le 缪:miao 宓:mi/fu 洗:xian "
    "逢:pang/feng 郗:xi/chi 召:shao 黑:he/hei 秘:bi/mi 折:she 员:yun/yuan 繁:po/fan 种:chong 翟:zhai/di "
    "乜:nie/mie 祭:zhai/ji 牟:mou/mu 阚:kan 么:yao 谌:chen/shen 莘:shen/xin 炅:gui 郇:xun/huan 句:gou/ju "
    "柏:bai/bo 隗:wei/kui 佴:nai 藏:zang/cang 都:du 长:chang/zhang 粘:nian 薄:bo 卜:bu 澹:tan 行:xing/hang "
    "适:kuo/shi 费:fei/bi 强:qiang/jiang 六:lu/liu 隽:juan/jun"
)
COMPOUND = _table(
    "尉迟:yu/chi 万俟:mo/qi 单于:chan/yu 澹台:tan/tai 鲜于:xian/yu 宰父:zai/fu 呼延:hu/yan 乐正:yue/zheng 亓官:qi/guan 第五:di/wu"
)
# characters of given names whose second reading in the dictionary nobody is called by
ONE_READING = _table(
    "明:ming 王:wang 红:hong 平:ping 英:ying 青:qing 超:chao 莉:li 洁:jie 月:yue 大:da 立:li 家:jia 有:you "
    "才:cai 和:he 石:shi 土:tu 方:fang 宁:ning 冰:bing 强:qiang 不:bu 六:liu 万:wan 百:bai 女:nv 若:ruo 可:ke "
    "思:si 奇:qi 信:xin 景:jing 夏:xia 南:nan 前:qian 识:shi 余:yu 沙:sha 能:neng 从:cong 彬:bin 俊:jun 映:ying "
    "洋:yang 勤:qin 倩:qian 姣:jiao 露:lu 蕊:rui 苑:yuan 婕:jie 瑗:yuan 园:yuan 羽:yu 育:yu 馥:fu"
)
READINGS, COMBINED = 2, 4  # of one character, of one name
LONGEST, LONGEST_INITIALS = 200, 60


def pinyin_of(name: str) -> tuple[str, str]:
    """
    The name as it is typed in full and by initials, without tones and spaces; several readings stand with a space between them.

    覃芳 → ("qinfang tanfang", "qf tf"). Letters stay, dots and characters without a known reading are passed over.
    """
    sounds = [*_syllables("".join(name.split()))]
    readings = list(dict.fromkeys(islice(product(*sounds), COMBINED))) if sounds else []
    full = dict.fromkeys("".join(reading) for reading in readings)
    initials = dict.fromkeys("".join(part[:1] for part in reading) for reading in readings)
    return _fitting(full, LONGEST), _fitting(initials, LONGEST_INITIALS)


def _syllables(name: str) -> Iterator[tuple[str, ...]]:
    surname = len(name) > 1
    start = 0
    if len(name) > 2 and (name[:2] in COMPOUND or name[:2] in DOUBLE_SURNAMES):
        # 单于 may be 单 with a given name that begins with 于
        yield from _surname_of_two(name[:2])
        start, surname = 2, False
    for character in name[start:]:
        yield from [found] if (found := readings_of(character, surname=surname)) else []
        surname = False


def _surname_of_two(surname: str) -> Iterator[tuple[str, ...]]:
    for character, sound in zip(surname, COMPOUND.get(surname, ("", "")), strict=True):
        heard = readings_of(character, surname=surname == "单于")
        yield tuple(dict.fromkeys([sound, *heard])) if surname == "单于" else (sound or heard[0],)


def _fitting(readings: dict[str, None], longest: int) -> str:
    """As many readings as the column holds; of one that is too long alone its beginning."""
    kept = ""
    for reading in readings:
        longer = f"{kept} {reading}".strip()
        if len(longer) > longest:
            break
        kept = longer
    return kept or next(iter(readings), "")[:longest]


@lru_cache(maxsize=20_000)
def readings_of(character: str, *, surname: bool = False) -> tuple[str, ...]:
    """The sounds of one character without tones; ü is v, as it is typed."""
    if character.isascii():
        return (character.lower(),) if character.isalnum() else ()
    if surname and character in SURNAMES:
        return SURNAMES[character]
    if not surname and character in ONE_READING:
        return ONE_READING[character]
    sounds = dict.fromkeys(without_tone(sound) for sound in _dictionary().get(ord(character), "").split(",") if sound)
    return tuple(sounds)[: 1 if surname else READINGS]


def without_tone(text: str) -> str:
    """zhāng → zhang, lǚ → lv."""
    apart = unicodedata.normalize("NFD", text.lower()).replace("u\u0308", "v")
    return "".join(mark for mark in apart if not unicodedata.combining(mark)).replace("ɡ", "g")


@lru_cache(maxsize=1)
def _dictionary() -> dict[int, str]:
    """Code point → readings with commas; read from its file the first time a name is asked for (40 ms, 13 MB)."""
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "true")
    from pypinyin.pinyin_dict import pinyin_dict

    return pinyin_dict
