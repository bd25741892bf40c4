"""docs/personal-data.md, made from the declarations."""

from collections.abc import Iterator

from lms.personal import HAND, Gone, Personal, all_declared

HEAD = """# 个人信息清单

这一页由 `manage.py personal_data` 根据各个模型自己的声明生成，不要手改；与声明不一致时测试不通过。

处理的依据是履行法定职责（《个人信息保护法》第十三条、第三十四条）：城市按网格化管理的规定培训、考核网格员。身份证号按敏感个人信息对待：
封存保存，只用来核对身份；看完整的号码要有职责、要选原因、留记录，本人看得到。没有居民的资料，没有定位，没有人脸。

“规定年限”是设置 `LEFT_WORKER_DAYS`，“导入完成后”的天数是 `IMPORT_ORIGINAL_DAYS`，后台任务是 `JOB_DAYS`；本市另有规定的，改设置。
"""

FLOORS = {
    "roster": "名册和账号",
    "lms": "导入、任务和审计",
    "records": "档案和考核",
    "courses": "学习",
    "exams": "考试",
    "mentors": "小教员",
}


def page() -> str:
    """The whole page as Markdown."""
    declared = list(all_declared().values())
    parts = [HEAD]
    for floor, title in FLOORS.items():
        parts += [f"## {title}\n", *told(one for one in declared if one.floor == floor and one.holds)]
    parts += ["## 所用的库\n", *told(one for one in declared if one.floor not in FLOORS and one.holds)]
    empty = [one.model for one in declared if not one.holds]
    parts += ["## 没有个人信息的\n", "、".join(f"`{name}`" for name in empty) + "\n"]
    return "\n".join(parts)


def told(declarations: Iterator[Personal]) -> Iterator[str]:
    for one in declarations:
        yield f"### {title(one)}\n"
        yield "| 栏 | 是什么 | 本人要求删除或到期以后 |\n|---|---|---|"
        yield "\n".join(f"| `{name}` | {what} | {fate(one, name)} |" for name, what in one.holds.items()) + "\n"
        yield f"- 为什么：{one.why}\n- 多久：{one.long}\n- 人被删除时：{one.gone.value}\n"


def title(one: Personal) -> str:
    given = one.made._meta.original_attrs.get("verbose_name")
    name = one.about or (str(one.made._meta.verbose_name) if given else "")
    return f"{name} `{one.model}`" if name else f"`{one.model}`"


def fate(one: Personal, name: str) -> str:
    if one.gone == Gone.DELETED:
        return "随行删除"
    if one.gone == Gone.EXPIRES:
        return "到期清除"
    if name in one.empties:
        return "清空"
    if name in one.mentions:
        return "其中的姓名改成“已删除人员”和编号"
    if name in one.renames:
        return "改成“已删除人员”和编号"
    return "不属于本人" if one.holds[name] == HAND else "保留"
