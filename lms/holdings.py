"""What the ground floor holds of people."""

from lms.personal import Gone, declare, nothing

STAGED = "导入名册时核对每一行，导错了能撤回"
STAGED_LONG = "导入完成后 30 天内可以撤回，再过 90 天清空"

nothing("lms.AuditLink", "hash")
nothing("lms.AuditAnchor", "hash file sha256 by seal")
nothing("lms.AuditCheck", "hash key fault")
nothing("wagtailembeds.Embed", wholly=True)
declare(
    "lms.Job",
    holds={"args": "任务的编号类参数，没有姓名和号码", "message": "做不成时给经办人看的一句话"},
    plain="kind state",
    hands="owner",
    why="做完并追查后台任务",
    long="结束后 90 天",
    gone=Gone.EXPIRES,
)
declare(
    "lms.ImportRun",
    holds={
        "file": "上传的原表，封存，内有姓名、身份证号、手机号等",
        "file_name": "原表的文件名",
        "samples": "表头和头几行，封存",
        "message": "读不了时的一句话",
    },
    plain="kind sha256 place state options reading counts brake",
    hands="actor confirmed_by undone_by",
    why=STAGED,
    long=f"{STAGED_LONG}；谁、什么时候、多少行一直保留",
    gone=Gone.EXPIRES,
)
declare(
    "lms.ImportRow",
    holds={
        "label": "这一行是谁",
        "notes": "这一行的错误和提醒，号码遮住",
        "cells": "这一行的内容，封存",
        "plan": "要写进名册的内容，封存",
        "options": "要由人决定的选项，封存",
        "done": "写之前的内容，封存，撤回时用",
        "key": "同一个人的各行靠它认在一起，带密钥的摘要",
    },
    plain="sheet outcome area question choice",
    why=STAGED,
    long=STAGED_LONG,
    gone=Gone.EXPIRES,
)
declare(
    "lms.ColumnMemory",
    plain="kind place title field",
    hands="by",
    why="下次导入认得同样的表头",
    long="一直保留，表头里没有人",
)
declare(
    "lms.AuditEntry",
    holds={
        "subject": "办的是谁的事，只有编号",
        "detail": "办了什么，只有代码、编号和数字，没有姓名和号码",
    },
    plain="action territory request_id digest",
    hands="actor",
    why="查得清谁在什么时候看过、改过什么（网络安全法要求日志至少留六个月）",
    long="不少于 180 天，不能改，不能删",
)
