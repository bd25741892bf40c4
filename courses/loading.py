"""Make catalog pages from written courses (courses/content/*.toml): pages, pictures, forms and films."""

import hashlib
import io
import tomllib
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from PIL import Image as Picture
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.models import Collection, GroupCollectionPermission, GroupPagePermission, Page, Site

from courses import drawing, handouts
from courses.markup import to_html
from courses.models import CatalogPage, CoursePage, LessonPage
from records.models import Skill, Subject
from roster import roles

CONTENT = Path(__file__).parent / "content"
MEDIA = CONTENT / "media"
COLLECTION = "课程资料"
INTRO = "三个科目，都是走村入户用得上的。必修的排在最前面，学到哪里系统会记住。"
Json = dict[str, Any]


def load(*, folder: Path = CONTENT, renew: bool = False, say: Callable[[str], None] = lambda text: None) -> int:
    """Make what is missing of the catalog and its courses; returns the number of lessons written.

    What is there already stays as its editors left it, unless `renew` asks for a new version of each page.
    """
    above, written = catalog(), 0
    files = [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.toml"))]
    for data in sorted(files, key=lambda data: Subject.values.index(data["subject"])):
        with transaction.atomic():
            written += _course(above, data, renew=renew)
        say(data["title"])
    return written


def catalog() -> CatalogPage:
    """The catalog page, the root of the site, so that it is served at /study/; editors may write below it."""
    found = CatalogPage.objects.first()
    if found is None:
        root = Page.get_first_root_node()
        found = root.add_child(instance=CatalogPage(title=_("学习"), slug="study", intro=INTRO))
    site = Site.objects.filter(is_default_site=True).first() or Site(hostname="localhost", is_default_site=True)
    if site.root_page_id != found.pk:
        welcome = site.root_page if site.root_page_id else None
        site.root_page = found
        site.save()
        if welcome and welcome.specific_class is Page and welcome.depth > 1 and welcome.is_leaf():
            Page.objects.get(pk=welcome.pk).delete()
    let_editors_write(found)
    return found


def let_editors_write(page: CatalogPage) -> None:
    """The group of editors may write and publish courses and put pictures and documents into their collection."""
    editors, _made = Group.objects.get_or_create(name=roles.EDITORS)
    for codename in ("add_page", "change_page", "publish_page"):
        right = Permission.objects.get(codename=codename, content_type__app_label="wagtailcore")
        GroupPagePermission.objects.get_or_create(group=editors, page=page, permission=right)
    rights = Permission.objects.filter(
        codename__in=[f"{act}_{kind}" for act in ("add", "change", "choose") for kind in ("image", "document")],
        content_type__app_label__in=["wagtailimages", "wagtaildocs"],
    )
    for right in rights:
        GroupCollectionPermission.objects.get_or_create(group=editors, collection=collection(), permission=right)


def collection() -> Collection:
    return Collection.objects.filter(name=COLLECTION).first() or Collection.get_first_root_node().add_child(
        name=COLLECTION
    )


def _course(above: CatalogPage, data: Json, *, renew: bool) -> int:
    values = {
        "title": data["title"],
        "subject": data["subject"],
        "summary": data["summary"],
        "audience": "" if data["audience"] == "all" else data["audience"],
        "skill": Skill.objects.filter(code=data.get("skill", "")).first(),
    }
    page = CoursePage.objects.child_of(above).filter(slug=data["slug"]).first()
    page, _written = _put(above, page, CoursePage, data["slug"], values, renew=renew)
    return sum(_lesson(page, lesson, renew=renew) for lesson in data["lessons"])


def _lesson(course: CoursePage, data: Json, *, renew: bool) -> bool:
    page = LessonPage.objects.child_of(course).filter(slug=data["slug"]).first()
    if page and not renew:
        return False
    name = f"{course.slug}/{data['slug']}"
    body = [_block(name, number, block) for number, block in enumerate(data["blocks"])]
    stream = LessonPage._meta.get_field("body").stream_block.to_python(body)
    values = {"title": data["title"], "minutes": data["minutes"], "body": stream}
    return _put(course, page, LessonPage, data["slug"], values, renew=renew)[1]


def _put(above: Page, page: Any, model: Any, slug: str, values: Json, *, renew: bool) -> tuple[Any, bool]:
    """The page with these values, published; a page that is there gets a new version only to renew it."""
    if page is None:
        now = timezone.now()
        dates = {"first_published_at": now, "last_published_at": now, "latest_revision_created_at": now}
        return above.add_child(instance=model(slug=slug, **values, **dates)), True
    if renew:
        for field, value in values.items():
            setattr(page, field, value)
        page.save_revision().publish()
    return page, renew


def _block(name: str, number: int, data: Json) -> Json:
    """A written block as the stream holds it. Its id depends on where it stands, so that a reader's place survives a renewal."""
    kind, value = BLOCKS[data["kind"]](data)
    return {"type": kind, "value": value, "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}#{number}"))}


def _flow(data: Json) -> tuple[str, Json]:
    image = put_image(data["title"], drawing.flow(data["items"]), "png")
    picture = {"image": image.pk, "decorative": False, "alt_text": data.get("alt") or "、".join(data["items"])}
    return "picture", {"picture": picture, "caption": data["title"]}


def _document(data: Json) -> tuple[str, Json]:
    sheet = data["sheet"]
    content = handouts.workbook(data["title"], sheet["columns"], sheet["rows"])
    document = put_document(data["title"], content, f"{data['filename'].removesuffix('.xlsx')}.xlsx")
    return "handout", {"title": data["title"], "document": document.pk}


def _video(data: Json) -> tuple[str, Json]:
    title, captions, poster = data["title"], data.get("captions"), data.get("poster")
    value: Json = {"title": title, "transcript": data["transcript"], "captions": None, "poster": None}
    value["video"] = put_document(title, (MEDIA / data["file"]).read_bytes(), data["file"]).pk
    if captions:
        value["captions"] = put_document(f"{title}（字幕）", (MEDIA / captions).read_bytes(), captions).pk
    if poster:
        image = put_image(f"{title}（封面）", (MEDIA / poster).read_bytes(), "jpg")
        value["poster"] = {"image": image.pk, "decorative": True, "alt_text": ""}
    return "video", value


def _plain(kind: str, *fields: str) -> Callable[[Json], tuple[str, Json]]:
    return lambda data: (kind, {field: data[field] for field in fields})


BLOCKS: dict[str, Callable[[Json], tuple[str, Any]]] = {
    "text": lambda data: ("text", str(to_html(data["text"]))),
    "remember": _plain("remember", "title", "text"),
    "quote": _plain("quote", "text", "source"),
    "steps": _plain("steps", "title", "items"),
    "story": _plain("story", "title", "text"),
    "check": _plain("check", "stem", "options", "key", "explanation"),
    "flow": _flow,
    "document": _document,
    "video": _video,
}


def put_image(title: str, content: bytes, ending: str) -> Any:
    """The image with this content, made once."""
    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    found = get_image_model().objects.filter(file_hash=digest).first()
    if found:
        return found
    with Picture.open(io.BytesIO(content)) as picture:
        width, height = picture.size
    return get_image_model().objects.create(
        title=title[:255],
        file=ContentFile(content, name=f"{digest[:12]}.{ending}"),
        width=width,
        height=height,
        file_size=len(content),
        file_hash=digest,
        collection=collection(),
    )


def put_document(title: str, content: bytes, name: str) -> Any:
    """The document with this content and title, made once."""
    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    found = get_document_model().objects.filter(file_hash=digest, title=title).first()
    return found or get_document_model().objects.create(
        title=title,
        file=ContentFile(content, name=name),
        file_size=len(content),
        file_hash=digest,
        collection=collection(),
    )
