"""How an invented worker answers: ability, slips, and what such a person writes under a case."""

import re
from random import Random

from exams.before.questions import Value
from exams.models import PaperItem, QuestionKind

OPENINGS = [
    "我是这样想的。",
    "这种事我们村里去年也碰到过一回。",
    "结合平时的工作，我谈几点做法。",
    "先说怎么处置，再说要注意什么。",
    "接到消息后不能拖，要马上到现场。",
    "材料里做得不对的地方有几处，我一条一条说。",
    "我干网格员六年了，遇到这种情况我会按下面的办法做。",
    "",
]
LEADS = ["", "首先，", "第一，", "要", "还要", "另外，", "同时，", "接着，", "我会", "然后"]
CLOSINGS = [
    "最后在平台上写清楚，过几天再回访一次。",
    "处理完向社区和乡镇报告结果。",
    "自己办不了的，及时交给上级和有关部门。",
    "平时多走动，早发现，事情就不会闹大。",
    "以上做法都要留下记录。",
    "",
    "",
]
WEAK = [
    "这件事要重视，马上向领导汇报，领导怎么安排就怎么办。",
    "应该耐心做双方工作，讲道理，以和为贵，让大家各退一步。",
    "网格员要加强责任心，多走访，多登记，发现问题及时处理，不能马虎。",
    "先拍照发到工作群里，请社区派人来看，等上面的意见。",
    "我觉得材料里的人做得不太好，应当批评教育，以后注意。",
    "多宣传政策，多和群众沟通，把矛盾化解在基层。",
    "这种情况我没有碰到过，我会打电话问社区主任，按他说的办。",
]
CHATTER = [
    "老人家听不清，说话要慢一点。",
    "我们这里住得分散，电话先打通再上门。",
    "碰到不讲理的也不能跟他吵。",
    "有些话当着面不好说，要分开谈。",
    "手机没有信号的地方，先记在本子上，回来再补。",
]


def said(point: dict) -> str:
    """A point of the rubric as a worker would put it: without the marker's own words in front."""
    text = re.sub(r"^(指出|说明|写明|能够|提出|能|知道)", "", point["text"])
    return re.sub(r"^[^，。：]{2,8}：", "", text).rstrip("。；")


def covered(item: PaperItem, words: str) -> list[int]:
    """Indexes of the rubric's points that the words cover."""
    return [place for place, point in enumerate(item.content["points"]) if said(point) in words]


def words(item: PaperItem, ability: float, chance: Random) -> str:
    """A written answer; the abler the worker, the more points it covers. Some leave it blank, some say nothing to the point."""
    if chance.random() < 0.03:
        return ""
    points = [point for point in item.content["points"] if chance.random() < ability]
    if not points:
        return chance.choice(WEAK)
    if chance.random() < 0.25:
        chance.shuffle(points)
    sentences = [chance.choice(LEADS) + said(point) + "。" for point in points]
    if chance.random() < 0.4:
        sentences.insert(chance.randrange(len(sentences) + 1), chance.choice(CHATTER))
    return chance.choice(OPENINGS) + "".join(sentences) + chance.choice(CLOSINGS)


def choose(item: PaperItem, ability: float, chance: Random) -> list[int]:
    """The options chosen: the key as often as the ability says, otherwise what people really do wrong."""
    key, options = item.content["key"], len(item.content["options"])
    roll = chance.random()
    if roll < ability:
        return key
    if roll > 0.992:
        return []
    wrong = [index for index in range(options) if index not in key]
    if item.kind != QuestionKind.MULTIPLE:
        return [chance.choice(wrong)]
    if roll < ability + (1 - ability) * 0.6:  # one short of the key
        return sorted(chance.sample(key, len(key) - 1))
    return sorted({*chance.sample(key, len(key) - 1), chance.choice(wrong)})


def answers(items: list[PaperItem], ability: float, chance: Random) -> dict[int, Value]:
    given: dict[int, Value] = {}
    for item in items:
        if item.kind == QuestionKind.CASE:
            value: Value = words(item, ability - 0.15, chance)
        else:
            value = choose(item, ability - (0.12 if item.kind == QuestionKind.MULTIPLE else 0), chance)
        if value:
            given[item.pk] = value
    return given
