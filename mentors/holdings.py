"""What is held of 小教员."""

from lms.personal import Gone, declare

declare(
    "mentors.Mentor",
    about="小教员",
    holds={"level": "县级或乡级", "specialities": "专长", "since": "聘任起始", "until": "聘任截止"},
    why="聘任小教员、分派评卷、计带教服务",
    long="随档案长期保留；人被删除以后只剩编号",
    gone=Gone.EMPTIED,
    of="worker",
    empties="specialities",
)
declare(
    "mentors.Claim",
    about="领取的答卷",
    plain="key",
    holds={"mentor": "哪位小教员领的", "taken_at": "领取时间"},
    inner="mentor",
    why="一份答卷同时只在一个人手里",
    long="随成绩长期保留",
    gone=Gone.KEPT,
    of="mentor__worker",
)
