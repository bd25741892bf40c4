"""The columns of a county's roster: by which titles they are met, how each is judged, and what its template says of it."""

from django.utils.translation import gettext_lazy as lazy

from lms.resources import ColumnField
from roster import identity
from roster.gazetteer import PlacedResource
from roster.judges import (
    DateJudge,
    IdNumberJudge,
    MobileJudge,
    NameJudge,
    NumberJudge,
    PlainJudge,
    StepJudge,
    TermJudge,
)

NOT_COLLECTED = lazy("培训和考核用不到，系统不收集，没有读")


class RosterColumns(PlacedResource):
    # titles that are met and are no column of ours, and what is said of them
    unread = (
        (
            (
                *("民族", "籍贯", "出生地", "婚姻状况", "健康状况", "宗教信仰", "户口所在地"),
                *("毕业院校及专业", "毕业院校", "毕业学校", "毕业院校和专业", "毕业院校系及专业", "专业", "所学专业"),
                *("家庭住址", "家庭地址", "现住址", "住址", "通讯地址", "银行卡号", "银行账号", "工资", "补贴"),
            ),
            NOT_COLLECTED,
        ),
        (("出生年月", "出生日期", "出生时间", "出生年月日", "年龄"), lazy("身份证号里有，没有读")),
        (("参加工作时间", "参加工作年月", "工作时间"), lazy("不是上岗时间，没有读")),
    )
    # on lists that were exported from here; it tells who someone is where the ID number is masked
    number = ColumnField(
        "登录号",
        "网格员登录号",
        judge=NumberJudge(),
        hint=lazy("从系统导出的名册里才有，靠它认人；不知道的空着。"),
    )
    name = ColumnField(
        "姓名",
        "网格员姓名",
        judge=NameJudge(),
        samples=("张示例", "李示例"),
        hint=lazy("与身份证上一样。名字里的圆点写“·”。"),
    )
    sex = ColumnField(
        "性别", judge=TermJudge(identity.sex), samples=("男", "女"), choices=("男", "女"), hint=lazy("从选项里选。")
    )
    id_number = ColumnField(
        "身份证号",
        "身份证号码",
        "公民身份号码",
        "公民身份证号码",
        "证件号码",
        "身份证",
        "证件号",
        "居民身份证号",
        "居民身份证号码",
        judge=IdNumberJudge(),
        samples=("421202199003079978", "421202198506129987"),
        hint=lazy("18 位，照证件填。这一列已设成文本；从别的表粘贴时请选“只粘贴数值”，不要让它变成数字。"),
    )
    mobile = ColumnField(
        "手机号",
        "手机号码",
        "联系电话",
        "联系方式",
        "移动电话",
        "手机",
        "电话",
        "电话号码",
        "联系号码",
        "本人电话",
        judge=MobileJudge(),
        samples=("15400000001", "15400000002"),
        hint=lazy("11 位，用来登录。有几个的用“/”隔开，第一个用来登录；没有手机号的空着，用登录号登录。"),
    )
    county = ColumnField(
        "县市区",
        "所属县市区",
        "县(市、区)",
        "区县",
        "县区",
        "县",
        samples=("示例县", "示例县"),
        hint=lazy("可以不填。不同县有同名乡镇的，填上才分得清。"),
    )
    township = ColumnField(
        "乡镇街道",
        "乡镇（街道）",
        "镇街",
        "乡镇办",
        "乡镇",
        "街道",
        "所属乡镇",
        "所在乡镇",
        "所属镇街",
        "所在镇街",
        "所在街道",
        "所属街道",
        "镇（街道）",
        "街道（乡镇）",
        "乡镇名称",
        samples=("示例镇", "示例镇"),
        hint=lazy("从选项里选，要与区划表一致。"),
    )
    community = ColumnField(
        "村社区",
        "社区（村）",
        "村（社区）",
        "所在社区",
        "所属社区",
        "社区",
        "村",
        "村居",
        "村（居）",
        "所在村",
        "所属村",
        "所在村（社区）",
        "所属村（社区）",
        "社区名称",
        "村名",
        samples=("示例社区", "示例村"),
        hint=lazy("要与区划表一致。同一乡镇里社区和村同名的，写明是社区还是村。"),
    )
    grid = ColumnField(
        "网格名称",
        "所属网格",
        "责任网格",
        "网格",
        "所在网格",
        "负责网格",
        "管辖网格",
        "网格名",
        samples=("第一网格", "第二网格"),
        hint=lazy("写“第一网格”这样。一个人管两个网格的写两行，其余各列照抄。"),
    )
    grid_code = ColumnField(
        "网格编码",
        "网格编号",
        "网格代码",
        samples=("421299999001001", "421299999201002"),
        hint=lazy("可以不填。网格名称里看不出是第几网格的，要填。"),
    )
    employment = ColumnField(
        "专兼职",
        "人员类型",
        "人员类别",
        "专（兼）职",
        "专职/兼职",
        "网格员类型",
        judge=TermJudge(identity.employment_kind),
        samples=("专职", "兼职"),
        choices=("专职", "兼职"),
        hint=lazy("从选项里选。空着的，城镇社区网格当作专职，农村网格当作兼职。"),
    )
    position = ColumnField(
        "身份",
        "职务",
        "现任职务",
        "兼任职务",
        "身份或职务",
        samples=("社区专职网格员", "村民小组长"),
        choices=("社区专职网格员", "村（社区）“两委”干部", "村民小组长", "驻村辅警", "其他"),
        hint=lazy("选项里没有的可以自己写，最多 60 个字。"),
    )
    recruited_by = ColumnField(
        "选聘方式",
        "招聘方式",
        "聘用方式",
        "来源",
        samples=("公开招聘", "村组干部兼任"),
        choices=("公开招聘", "统一招录", "劳务派遣", "公益性岗位", "乡镇党委决议聘用", "村组干部兼任", "其他"),
        hint=lazy("选项里没有的可以自己写，最多 60 个字。"),
    )
    joined = ColumnField(
        "上岗时间",
        "入职时间",
        "聘用时间",
        "任职时间",
        "上岗日期",
        "入职日期",
        "聘用日期",
        "到岗时间",
        judge=DateJudge(),
        samples=("2022年3月1日", "2023年5月"),
        hint=lazy("写“2022年3月1日”这样；只记得年月的，写“2022年3月”。不要写成 2022.3。"),
    )
    education = ColumnField(
        "学历",
        "文化程度",
        "全日制学历",
        "最高学历",
        judge=TermJudge(identity.education, keep_text=True),
        samples=("大专", "高中"),
        choices=("研究生", "本科", "大专", "中专", "高中", "初中", "小学"),
        hint=lazy("从选项里选。"),
    )
    political_status = ColumnField(
        "政治面貌",
        judge=TermJudge(identity.political, keep_text=True),
        samples=("中共党员", "群众"),
        choices=("中共党员", "中共预备党员", "共青团员", "民主党派", "无党派人士", "群众"),
        hint=lazy("从选项里选。"),
    )
    certificate = ColumnField(
        "社工证书",
        "职业资格",
        "社工证",
        "社会工作者职业水平",
        samples=("助理社会工作师", ""),
        choices=("助理社会工作师", "社会工作师", "高级社会工作师"),
        hint=lazy("没有的空着。"),
    )
    certificate_number = ColumnField(
        "社工证书编号", "证书编号", "社工证号", "社工证编号", hint=lazy("没有的空着，最多 40 个字。")
    )
    certificate_expires_on = ColumnField(
        "社工证有效期至",
        "社工证登记有效期至",
        "证书有效期",
        "登记有效期",
        judge=DateJudge(),
        samples=("2027年6月30日", ""),
        hint=lazy("登记到期前 90 天系统会提醒。写“2027年6月30日”这样。"),
    )
    employer = ColumnField(
        "用工单位",
        "用人单位",
        "派遣单位",
        "劳务派遣单位",
        samples=("示例人力资源公司", ""),
        hint=lazy("与谁签的劳动合同就写谁；和管理单位一样的可以空着。"),
    )
    managed_by = ColumnField(
        "管理单位", "主管单位", "主管部门", samples=("示例镇综治中心", "示例村"), hint=lazy("平时归谁管就写谁。")
    )
    post = ColumnField(
        "岗位",
        "岗位名称",
        "岗位类别",
        "聘用岗位",
        judge=PlainJudge(),
        samples=("专职工作人员（网格员）", ""),
        hint=lazy("从选项里选，与“岗位等级”里登记的岗位一致。兼职的空着。"),
    )
    step = ColumnField(
        "岗位等级",
        "等级",
        "岗位级别",
        judge=StepJudge(),
        samples=("3", ""),
        hint=lazy("专职网格员填 1 到 18 的整数；没有定级的、兼职的空着。写成“副职七级”这样也认。"),
    )
    listed_agreement = ColumnField(
        "是否签订保密协议",
        "保密协议",
        "签订保密协议",
        "是否签保密协议",
        "是否签署保密协议",
        "保密协议签订情况",
        judge=PlainJudge(),
        samples=("是", "否"),
        choices=("是", "否"),
        hint=lazy("从选项里选。这里写的只记在档案里；要算签署，本人登录后在系统里签。"),
    )
    listed_grade = ColumnField(
        "上年度考核等次",
        "上年考核等次",
        "年度考核等次",
        "考核等次",
        "上年度考核结果",
        "上年度考核情况",
        judge=PlainJudge(),
        samples=("合格", ""),
        choices=("优秀", "合格", "基本合格", "不合格", "不定等次"),
        hint=lazy("照上年度的考核结果填。这里写的只记在档案里，不当作系统里的考核。"),
    )
    mentor = ColumnField(
        "是否小教员",
        "小教员",
        judge=TermJudge(identity.mentor_level),
        samples=("否", "乡级"),
        choices=("否", "乡级", "县级"),
        hint=lazy("从选项里选。不是的可以空着。"),
    )
