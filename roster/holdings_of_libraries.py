"""What the libraries that the house is built with hold of people: Django, allauth, Wagtail."""

from lms.personal import Gone, declare, nothing

SAFE = "看得到自己在哪些设备上登录过，能退出别处的登录"
EDITOR = "编辑的内容是谁改的，查得清，退得回"
EDITOR_LONG = "随内容保留；只有编号和内容编辑的账号，没有网格员的资料"

declare(
    "sessions.Session",
    holds={"session_key": "会话", "session_data": "登录状态，没有姓名和号码"},
    why="登录以后不用每一页再输密码",
    long="14 天；过期由系统清除",
    gone=Gone.EXPIRES,
)
declare(
    "usersessions.UserSession",
    about="登录的设备",
    holds={
        "ip": "网络地址",
        "user_agent": "浏览器",
        "session_key": "会话",
        "data": "会话的附加信息",
        "last_seen_at": "最后一次使用",
    },
    inner="session_key data",
    why=SAFE,
    long="会话结束以后由系统清除",
    gone=Gone.DELETED,
    of="user__worker",
)
declare(
    "mfa.Authenticator",
    about="第二重验证",
    holds={"type": "哪一种", "data": "动态口令的种子，封存"},
    inner="data",
    why="管理账号登录时的第二重验证",
    long="本人停用或者账号停用为止",
    gone=Gone.DELETED,
    of="user__worker",
)
declare(
    "account.EmailAddress",
    about="电子邮箱",
    holds={"email": "电子邮箱，一般没有"},
    why="统一登录时可能带来",
    long="账号停用为止",
    gone=Gone.DELETED,
    of="user__worker",
)
declare(
    "account.EmailConfirmation",
    about="邮箱的确认",
    holds={"key": "确认邮箱用的一次性代码"},
    inner="key",
    why="统一登录时可能带来",
    long="账号停用为止",
    gone=Gone.DELETED,
    of="email_address__user__worker",
)
declare(
    "socialaccount.SocialAccount",
    about="统一登录",
    holds={"provider": "哪个平台", "uid": "在那边的编号", "extra_data": "那边给的资料"},
    why="用市里统一的账号登录",
    long="解除绑定或者账号停用为止",
    gone=Gone.DELETED,
    of="user__worker",
)
declare(
    "socialaccount.SocialToken",
    about="统一登录的令牌",
    holds={"token": "对方平台的令牌，不保存", "token_secret": "同上"},
    inner="token token_secret",
    why="用市里统一的账号登录",
    long="不保存",
    gone=Gone.DELETED,
    of="account__user__worker",
)
nothing("socialaccount.SocialApp", wholly=True)
declare(
    "wagtailusers.UserProfile",
    about="后台外观",
    holds={"avatar": "头像，不用"},
    plain="preferred_language current_time_zone dismissibles theme contrast density",
    inner="avatar",
    why="后台的语言和外观",
    long="账号停用为止",
    gone=Gone.DELETED,
    of="user__worker",
)
declare(
    "wagtaildocs.Document",
    plain="title file file_hash",
    hands="uploaded_by_user",
    why="课程的资料和视频是谁传的",
    long=EDITOR_LONG,
)
declare(
    "wagtailimages.Image",
    plain="title file description file_hash",
    hands="uploaded_by_user",
    why="课程的图片是谁传的；照片里的拍摄信息不保留",
    long=EDITOR_LONG,
)
declare("wagtailcore.UploadedFile", plain="file", hands="uploaded_by_user", why="一次传很多文件时暂存", long="传完即删")
declare(
    "wagtailadmin.EditingSession",
    about="打开的编辑页",
    plain="object_id",
    holds={"user": "谁开着这一页"},
    inner="user",
    why="两个人同时改一页时互相看得见",
    long="关页以后一小时",
    gone=Gone.DELETED,
    of="user__worker",
)
declare(
    "wagtailadmin.FormState",
    about="没有存好的内容",
    holds={"data": "没有存好的课程内容", "user": "谁写的"},
    plain="object_id parent_object_id",
    inner="data user",
    why="写了一半的课程不丢",
    long="存好为止",
    gone=Gone.DELETED,
    of="user__worker",
)
declare(
    "wagtailcore.APIToken",
    about="接口令牌",
    holds={"name": "名称", "key_hash": "令牌的摘要", "prefix": "令牌开头几位"},
    inner="key_hash prefix",
    why="不用",
    long="不保存",
    gone=Gone.DELETED,
    of="user__worker",
)
declare(
    "wagtailcore.ModelLogEntry",
    plain="action object_id",
    holds={"label": "改的是哪条", "data": "改了什么", "user": "谁改的"},
    why=EDITOR,
    long=EDITOR_LONG,
)
declare(
    "wagtailcore.PageLogEntry",
    plain="action",
    holds={"label": "改的是哪页", "data": "改了什么", "user": "谁改的"},
    why=EDITOR,
    long=EDITOR_LONG,
)
declare("wagtailcore.Revision", plain="object_id object_str content", hands="user", why=EDITOR, long=EDITOR_LONG)
declare(
    "wagtailcore.Page",
    plain="path title draft_title slug url_path seo_title search_description",
    hands="locked_by owner",
    why=EDITOR,
    long=EDITOR_LONG,
)
declare("wagtailcore.WorkflowState", plain="object_id status", hands="requested_by", why=EDITOR, long=EDITOR_LONG)
declare("wagtailcore.TaskState", plain="status comment", hands="finished_by", why=EDITOR, long=EDITOR_LONG)
declare(
    "wagtailcore.Comment",
    plain="contentpath position",
    holds={"text": "对课程的批注"},
    hands="user resolved_by",
    why=EDITOR,
    long=EDITOR_LONG,
)
declare("wagtailcore.CommentReply", holds={"text": "对批注的答复"}, hands="user", why=EDITOR, long=EDITOR_LONG)
declare(
    "wagtailcore.PageSubscription",
    about="批注的提醒",
    holds={"user": "谁关注了这一页"},
    inner="user",
    why="批注有答复时提醒",
    long="取消关注为止",
    gone=Gone.DELETED,
    of="user__worker",
)

for label in [
    "wagtailimages.Rendition",
    "wagtailsearch.IndexEntry",
    "wagtailsearch.SQLiteFTSIndexEntry",
    "wagtailadmin.Admin",
    "wagtailcore.Locale",
    "wagtailcore.Site",
    "wagtailcore.GroupSitePermission",
    "wagtailcore.CollectionViewRestriction",
    "wagtailcore.Collection",
    "wagtailcore.GroupCollectionPermission",
    "wagtailcore.WorkflowContentType",
    "wagtailcore.Workflow",
    "wagtailcore.WorkflowTask",
    "wagtailcore.Task",
    "wagtailcore.GroupApprovalTask",
    "wagtailcore.GroupPagePermission",
    "wagtailcore.PageViewRestriction",
    "wagtailcore.WorkflowPage",
    "wagtailcore.ReferenceIndex",
    "taggit.Tag",
    "taggit.TaggedItem",
    "auth.Permission",
    "auth.Group",
    "contenttypes.ContentType",
]:
    nothing(label, wholly=True)
