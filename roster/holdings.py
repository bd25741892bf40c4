"""What the roster and the accounts hold of people. The libraries' models are in `roster.holdings_of_libraries`."""

from lms.personal import Gone, declare, nothing
from roster import holdings_of_libraries

__all__ = ["holdings_of_libraries"]

POST = "在岗期间和离岗以后的规定年限，期满由市级管理员办理删除"
LIFE = "查得清一个人的任职经过"

nothing("roster.Territory", "level code name stem kind path valid_from valid_to")
nothing("roster.FormerName", "name stem code until")
nothing("roster.PostBand", "name basis")
nothing("roster.Grid", "code name kind former_codes valid_to")
declare(
    "roster.TerritoryChange",
    plain="kind on document reason detail",
    hands="operator",
    why="区划变动谁办的",
    long="长期保留",
)
declare(
    "roster.Worker",
    about="名册上的资料",
    holds={
        "number": "登录号",
        "user": "账号",
        "name": "姓名",
        "pinyin": "姓名的拼音",
        "initials": "姓名的拼音首字母",
        "sex": "性别",
        "id_number": "身份证号，封存",
        "id_hash": "身份证号的摘要，带密钥",
        "mobile": "手机号，封存",
        "mobile_hash": "手机号的摘要，带密钥",
        "mobile_tail_hash": "手机尾号的摘要，带密钥",
        "telephones": "其他电话，封存",
        "employment": "专职或兼职",
        "identity": "身份",
        "position": "身份或职务",
        "channel": "招录渠道",
        "recruited_by": "选聘方式",
        "employer": "用工单位",
        "managed_by": "管理单位",
        "joined_on": "上岗时间",
        "education": "学历",
        "political_status": "政治面貌",
        "certificate": "社工证书",
        "certificate_level": "社工证书级别",
        "certificate_number": "社工证书编号",
        "certificate_expires_on": "社工证登记有效期",
        "step": "岗位等级",
        "listed_as_mentor": "名册中标为小教员",
        "listed_agreement": "名册中写的是否签订保密协议",
        "listed_grade": "名册中写的上年度考核等次",
        "state": "在岗、停职、已退出等",
    },
    plain="joined_precision",
    inner="user pinyin initials id_hash mobile_hash mobile_tail_hash",
    why="认得清是谁，安排培训、考试和考核；身份证号只用来核对身份、防止两个人记成一个人",
    long=POST,
    gone=Gone.EMPTIED,
    of="pk",
    empties=(
        "pinyin initials sex id_number id_hash mobile mobile_hash mobile_tail_hash telephones identity position channel "
        "recruited_by employer managed_by education political_status certificate certificate_level certificate_number "
        "certificate_expires_on step listed_as_mentor listed_agreement listed_grade"
    ),
    renames="name",
)
declare(
    "roster.Posting",
    about="负责的网格",
    holds={"since": "从哪天起负责", "until": "到哪天为止"},
    why="谁在什么时候负责哪个网格",
    long=POST,
    gone=Gone.KEPT,
    of="worker",
)
declare(
    "roster.Batch",
    plain="kind listing",
    holds={"done": "一次办了哪些人，封存，撤回时用"},
    hands="actor undone_by",
    why="一次给很多人办的，办错了能整批撤回",
    long="只有编号，长期保留",
)
declare(
    "roster.Step",
    about="任职经过",
    holds={
        "kind": "办理了什么",
        "on": "日期",
        "reason": "原因的代码",
        "outcome": "调整、更换、清退",
        "note": "说明",
        "decided_by": "决定单位",
        "document": "文号",
        "scan": "文件扫描件，封存",
        "closed": "随之交回的网格",
    },
    plain="state_before state_after",
    hands="operator",
    inner="scan closed",
    why=LIFE,
    long=POST,
    gone=Gone.EMPTIED,
    of="worker",
    empties="reason outcome note decided_by document scan",
)
declare(
    "roster.WorkerChange",
    about="资料变更",
    holds={"fields": "改前、改后的内容，封存", "reason": "更改的原因", "source": "从哪里来"},
    hands="by",
    why="改错了查得清、改得回来",
    long=POST,
    gone=Gone.DELETED,
    of="worker",
)
declare(
    "roster.Correction",
    about="更正申请",
    holds={
        "field": "哪一项",
        "held": "当时登记的，封存",
        "proposed": "本人说应该是，封存",
        "note": "本人的说明",
        "state": "处理结果",
        "reason": "管理员的理由",
    },
    hands="decided_by",
    why="本人有权更正自己的资料",
    long=POST,
    gone=Gone.DELETED,
    of="worker",
)
declare(
    "roster.PasswordSheet",
    holds={"slips": "首次密码，封存，打印以后清空"},
    hands="made_by",
    why="把首次密码交到本人手里",
    long="打印后清空；没有打印的，过期由系统清空",
    gone=Gone.EXPIRES,
)
nothing("roster.Tally", "key")
declare(
    "roster.OneTimeCode",
    holds={"user": "谁的验证码", "code": "验证码的摘要，带密钥", "asked": "要验证码的那个浏览器的摘要，带密钥"},
    plain="purpose channel",
    inner="code asked",
    why="忘记密码时核对是本人",
    long="过期一天后由系统清除",
    gone=Gone.EXPIRES,
)
nothing("roster.Agreement", "title text")
declare(
    "roster.Signature",
    about="保密协议的签署",
    holds={"name": "签署的姓名", "signed_at": "签署时间"},
    why="证明签过保密协议",
    long=POST,
    gone=Gone.EMPTIED,
    of="worker",
    renames="name",
)
nothing("roster.Notice", "title text")
declare(
    "roster.Acceptance",
    about="个人信息告知的确认",
    holds={"user": "谁", "accepted_at": "什么时候"},
    inner="user",
    why="证明已经告知",
    long=POST,
    gone=Gone.KEPT,
    of="user__worker",
)
declare(
    "roster.User",
    about="账号",
    holds={
        "username": "登录名（登录号）",
        "name": "姓名",
        "mobile_hash": "手机号的摘要，登录时用",
        "password": "密码的摘要，还原不出密码",
        "email": "电子邮箱，一般不填",
        "last_login": "上次登录",
    },
    inner="mobile_hash password",
    why="登录，只让该看的人看",
    long=POST,
    gone=Gone.EMPTIED,
    of="worker",
    empties="mobile_hash email password last_login",
    renames="name",
)
declare(
    "roster.RoleGrant",
    about="管理角色",
    holds={
        "role": "什么角色",
        "since": "从哪天起",
        "until": "到哪天为止",
        "reason": "给的原因",
        "end_reason": "终止的原因",
    },
    plain="line duties",
    hands="granted_by ended_by",
    why="查得清谁在什么时候管什么",
    long="长期保留",
    gone=Gone.EMPTIED,
    of="user__worker",
    empties="reason end_reason",
)
declare(
    "roster.SavedView",
    about="名单的视图",
    holds={"name": "视图的名称", "query": "筛选条件"},
    plain="listing",
    why="名单按自己习惯的样子打开",
    long="本人删掉为止",
    gone=Gone.DELETED,
    of="user__worker",
)
