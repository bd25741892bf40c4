"""What comes in as a file is told by its content, made harmless, and handed out from a place where nothing runs."""

import io
import re
import zipfile
import zlib
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from PIL.TiffImagePlugin import IFDRational
from wagtail.documents import get_document_model
from wagtail.images import get_image_model

from courses import loading
from lms import policy, uploads
from lms.refusal import Refused
from roster.models import User

HTML = b"<!doctype html><script>alert(1)</script>"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"


def drawn(kind: str = "JPEG", size: tuple[int, int] = (64, 48), **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "#285").save(out, kind, **options)
    return out.getvalue()


def with_place() -> bytes:
    """A photograph as a phone takes it: where it was taken, with what, when, and turned by a quarter."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0132], exif[0x0112] = "Maker", "Phone X", "2026:09:16 10:00:00", 6
    degrees = (IFDRational(29), IFDRational(50), IFDRational(0))
    exif.get_ifd(0x8825).update({1: "N", 2: degrees, 3: "E", 4: degrees})
    return drawn(exif=exif, comment=b"hidden words")


def moving(kind: str) -> bytes:
    out = io.BytesIO()
    some = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    some[0].save(out, kind, save_all=True, append_images=some[1:], duration=200)
    return out.getvalue()


def endless_gif(frames: int) -> bytes:
    """Each frame is one point, in 21 bytes."""
    frame = b"," + bytes(4) + b"\1\0\1\0\x80" + bytes(6) + b"\2\2\x44\1\0"
    return b"GIF89a\1\0\1\0\0\0\0" + frame * frames + b";"


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return out.getvalue()


DOCX = zipped("[Content_Types].xml", "word/document.xml")


# --- pictures -------------------------------------------------------------------------------------------------------


def test_where_a_photograph_was_taken_stays_behind() -> None:
    data, kind = uploads.picture(with_place())
    with Image.open(io.BytesIO(data)) as clean:
        assert (kind, clean.size, dict(clean.getexif()), clean.getexif().get_ifd(0x8825)) == ("JPEG", (48, 64), {}, {})
    assert not [word for word in (b"Exif", b"Phone X", b"hidden words", b"http://ns.adobe.com") if word in data]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("tail", [HTML, zipped("run.exe"), b"%PDF-1.7 %%EOF"])
def test_what_hangs_on_a_picture_stays_behind(kind: str, tail: bytes) -> None:
    data, kept = uploads.picture(drawn(kind) + tail)
    assert kept == kind
    assert tail not in data
    assert not zipfile.is_zipfile(io.BytesIO(data))


def test_a_picture_that_is_seen_through_stays_so() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (4, 4), (1, 2, 3, 0)).save(out, "PNG")
    with Image.open(io.BytesIO(uploads.picture(out.getvalue())[0])) as clean:
        assert (clean.mode, clean.getpixel((0, 0))) == ("RGBA", (1, 2, 3, 0))


@pytest.mark.parametrize(
    "data",
    [HTML, SVG, b"", b"GIF89a" + HTML, endless_gif(10_000), drawn("BMP"), drawn("TIFF"), drawn()[:200], b"\x00" * 99],
    ids=["html", "svg", "empty", "gif-html", "gif-10000", "bmp", "tiff", "cut", "zeros"],
)
def test_what_is_no_picture_of_ours_is_refused(data: bytes) -> None:
    with pytest.raises(Refused, match="对不上"):
        uploads.picture(data)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_picture_that_moves_is_refused(kind: str) -> None:
    with pytest.raises(Refused, match="会动的图片"):
        uploads.picture(moving(kind))


@pytest.mark.parametrize(("width", "height"), [(8_000, 8_000), (60_000, 60_000)])
def test_a_picture_of_too_many_points_is_not_opened(width: int, height: int) -> None:
    """Its size stands in the first bytes: what it would unpack to is never asked for."""
    data = bytearray(drawn("PNG"))
    data[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    with pytest.raises(Refused, match="图片太大"):
        uploads.picture(bytes(data))


def noise(size: tuple[int, int]) -> bytes:
    """What compresses worst."""
    out = io.BytesIO()
    Image.effect_noise(size, 120).convert("RGB").save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (drawn(size=(3000, 1500)), (1280, 640)),
        (drawn(size=(300, 2560)), (150, 1280)),
        (drawn("PNG", (100, 80)), (100, 80)),
        (drawn("PNG", (4000, 1)), (1280, 1)),
    ],
)
def test_a_picture_is_made_light(data: bytes, size: tuple[int, int]) -> None:
    light, width, height = uploads.light(data, edge=1280, heaviest=150_000)
    with Image.open(io.BytesIO(light)) as made:
        assert (made.format, made.size, (width, height)) == ("WEBP", size, size)


def test_a_picture_loses_quality_and_then_size_until_it_is_light() -> None:
    light, width, height = uploads.light(noise((1280, 1280)), edge=1280, heaviest=150_000)
    assert len(light) <= 150_000
    assert (width, height) < (1280, 1280)
    with pytest.raises(Refused, match="太复杂"):
        uploads.light(noise((64, 64)), edge=1280, heaviest=40)


def test_what_was_seen_through_stands_on_white() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (16, 16), (0, 0, 0, 0)).save(out, "PNG")
    light, _width, _height = uploads.light(out.getvalue(), edge=1280, heaviest=150_000)
    with Image.open(io.BytesIO(light)) as made:
        assert (made.mode, made.getpixel((0, 0))) == ("RGB", (255, 255, 255))


# --- documents ------------------------------------------------------------------------------------------------------


def judged(data: bytes, ending: str) -> None:
    uploads.check(io.BytesIO(data), ending=ending, size=len(data))


@pytest.mark.parametrize(
    ("data", "ending"),
    [
        (b"%PDF-1.7\n...%%EOF\n", "pdf"),
        (DOCX, "docx"),
        ("第一行\n".encode("gb18030"), "txt"),
        (b"WEBVTT\n\n00:00.000 --> 00:01.000\nx", "vtt"),
        (b"\x00\x00\x00\x18ftypmp42\x00", "mp4"),
    ],
)
def test_what_is_as_it_says_comes_in(data: bytes, ending: str) -> None:
    judged(data, ending)


@pytest.mark.parametrize(
    ("data", "ending"),
    [
        (DOCX, "pdf"),  # a zip that says it is a PDF
        (HTML, "pdf"),
        (b"\n%PDF-1.7 %%EOF", "pdf"),
        (b"%PDF-1.7 half", "pdf"),
        (b"%PDF-1.7 %%EOF", "docx"),
        (DOCX, "xlsx"),
        (zipped("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "docx"),
        (zipped("[Content_Types].xml", "word/document.xml", "../../etc/passwd"), "docx"),
        (zipped("[Content_Types].xml", "word/document.xml", "/etc/passwd"), "docx"),
        (zipped("run.exe"), "docx"),
        (b"PK\x03\x04" + b"0" * 50, "docx"),
        (HTML, "txt"),
        (b"\xef\xbb\xbf  <svg onload=alert(1)>", "txt"),
        (b"a\x00b", "txt"),
        (b"plain", "vtt"),
        (HTML, "mp4"),
        (b"", "pdf"),
        (HTML, "html"),
        (SVG, "svg"),
        (b"MZ", "exe"),
        (b"x", ""),
    ],
)
def test_what_is_not_is_refused_in_a_sentence(data: bytes, ending: str) -> None:
    with pytest.raises(Refused, match=r"。$"):
        judged(data, ending)


def test_a_document_is_so_large_at_most() -> None:
    with pytest.raises(Refused, match="最大 30 MB"):
        uploads.check(io.BytesIO(b"%PDF-"), ending="pdf", size=31 * uploads.MEGABYTE)


# --- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("..\\..\\windows\\a.pdf", "a.pdf"),
        ("C:\\Users\\x\\调令 1.PDF", "调令 1.pdf"),
        ("调令\u202efdp.exe.pdf", "调令fdp.exe.pdf"),
        ("a\x00b\r\nc.pdf", "abc.pdf"),
        ("\u200b\ufeff.pdf", "文件.pdf"),
        ("<img src=x onerror=alert(1)>.pdf", "img src=x onerror=alert(1).pdf"),
        ('";rm -rf ~.pdf', "rm -rf ~.pdf"),
        ("." * 50, "文件"),
        ("", "文件"),
        ("长" * 300 + ".pdf", "长" * 80 + ".pdf"),
        ("e\u0301.pdf", "é.pdf"),
    ],
)
def test_a_name_can_do_no_harm(name: str, safe: str) -> None:
    assert uploads.safe_name(name) == safe


def test_a_name_keeps_no_ending_of_its_own_beside_the_content() -> None:
    assert uploads.safe_name("照片.html", "jpg") == "照片.jpg"


# --- by way of the back office --------------------------------------------------------------------------------------


@pytest.fixture
def library(editor: User) -> None:
    """What the editors' group may do in the collection of the lessons."""
    loading.catalog()


def send(client: Client, address: str, name: str, data: bytes, title: str = "题") -> dict[str, Any]:
    sent = {"title": title, "files[]": SimpleUploadedFile(name, data), "collection": loading.collection().pk}
    return client.post(address, sent, HTTP_X_REQUESTED_WITH="XMLHttpRequest").json()


@pytest.mark.django_db
@pytest.mark.parametrize("title", ["题", "长" * 300], ids=["whole", "put-aside"])
def test_a_picture_for_a_lesson_is_made_anew(client_of: Any, editor: User, library: None, title: str) -> None:
    """Also where Wagtail puts the file aside, because something else in the form is wrong."""
    from wagtail.models import UploadedFile

    reply = send(client_of(editor), "/cms/images/multiple/add/", "照\u202e片.jpg", with_place() + HTML, title)
    assert reply["success"], reply
    kept = get_image_model().objects.first() or UploadedFile.objects.get()
    with kept.file.open() as file:
        data = file.read()
    assert not [word for word in (b"Exif", b"Phone X", b"<script") if word in data]
    assert "\u202e" not in kept.file.name


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["照片.jpg", "照片.png", "照片.svg", "照片.html"])
@pytest.mark.parametrize("data", [HTML, SVG, endless_gif(10_000)], ids=["html", "svg", "gif"])
def test_what_is_none_does_not_come_in(client_of: Any, editor: User, library: None, name: str, data: bytes) -> None:
    assert not send(client_of(editor), "/cms/images/multiple/add/", name, data)["success"]
    assert get_image_model().objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "data"),
    [("a.pdf", DOCX), ("a.docx", HTML), ("a.txt", HTML), ("a.html", HTML), ("a.svg", SVG), ("a.xlsx", DOCX)],
)
def test_no_document_comes_in_under_a_false_name(
    client_of: Any, editor: User, library: None, name: str, data: bytes
) -> None:
    assert not send(client_of(editor), "/cms/documents/multiple/add/", name, data)["success"]
    assert get_document_model().objects.count() == 0


@pytest.mark.django_db
def test_a_document_is_handed_out_to_be_kept_and_runs_nothing(
    client_of: Any, editor: User, library: None, worker: Any
) -> None:
    # the accent in two signs: Django alone would drop it
    name = "../安全\u202e须知e\u0301.pdf"
    assert send(client_of(editor), "/cms/documents/multiple/add/", name, b"%PDF-1.7 %%EOF")["success"]
    document = get_document_model().objects.get()
    assert re.fullmatch(r"documents/安全须知é\w*\.pdf", document.file.name)
    reply = client_of(worker.user).get(document.url)
    assert reply.getvalue() == b"%PDF-1.7 %%EOF"
    assert reply.headers["Content-Disposition"].startswith("attachment")
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert (reply.headers["Content-Type"], reply.headers["Content-Security-Policy"]) == ("application/pdf", policy.FILE)
    assert Client().get(document.url).status_code == 302


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        "/media/../db.sqlite3",
        "/media/images/../../db.sqlite3",
        "/media/images/%2e%2e/%2e%2e/db.sqlite3",
        "/media/images/..%2f..%2fdb.sqlite3",
        "/media//etc/passwd",
        "/media/images//etc/passwd",
        "/media/documents/a.pdf",
        "/media/original_images/..\\..\\db.sqlite3",
        "/static/../lms/settings.py",
        "/static/%2e%2e/%2e%2e/.env",
        "/documents/1/..%2f..%2fdb.sqlite3",
    ],
)
def test_no_path_leads_out(client_of: Any, worker: Any, path: str) -> None:
    assert client_of(worker.user).get(path).status_code in {400, 404}
