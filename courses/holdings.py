"""What the courses hold of people."""

from lms.personal import Gone, declare, nothing

WHY = "记学到哪里、学了多久，折算学时"
LONG = "随档案长期保留；人被删除以后整行删除，学时已在档案里"

nothing("courses.CatalogPage", "intro page_ptr")
nothing("courses.CoursePage", "subject summary audience page_ptr")
nothing("courses.LessonPage", "body text page_ptr")
declare(
    "courses.Requirement", plain="employment reason due_on", hands="created_by", why="谁布置的必修", long="长期保留"
)
declare(
    "courses.LessonProgress",
    about="学习进度",
    holds={"place": "看到哪一段", "checks": "自测题选了什么", "seconds": "学了多少秒", "finished_at": "学完时间"},
    why=WHY,
    long=LONG,
    gone=Gone.DELETED,
    of="worker",
)
declare(
    "courses.StudyClock",
    about="正在学的课",
    holds={"heard_at": "最后一次听到在学的时间"},
    why=WHY,
    long=LONG,
    gone=Gone.DELETED,
    of="worker",
)
nothing("courses.Session", "title subject mode place")
declare(
    "courses.Attendance",
    about="培训签到",
    holds={"signed_at": "签到时间"},
    why="培训签到，记学时",
    long="随档案长期保留；人被删除以后只剩编号",
    gone=Gone.KEPT,
    of="worker",
)
