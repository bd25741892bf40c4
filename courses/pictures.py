"""Which file of a picture a phone gets, and how large it is shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import prefetch_related_objects

# up to this width the file itself is small enough for a phone
NARROW = 720
SMALL, LARGE = "width-480|format-webp|webpquality-70", "width-1080|format-webp|webpquality-70"


@dataclass(frozen=True)
class Shown:
    src: str
    srcset: str
    width: int
    height: int


def shown(image: Any) -> Shown:
    """Drawings and screenshots (PNG) have two pixels for each of the page; photographs come in two sizes to choose from."""
    scale = 2 if image.file.name.lower().endswith(".png") else 1
    width, height = image.width // scale, image.height // scale
    if image.width <= NARROW:
        return Shown(image.file.url, "", width, height)
    sizes = image.get_renditions(SMALL, LARGE)
    small, large = sizes[SMALL], sizes[LARGE]
    return Shown(large.url, f"{small.url} {small.width}w, {large.url} {large.width}w", width, height)


def prepare(body: Iterable[Any]) -> None:
    """Read the sizes of all wide pictures of a lesson in one query."""
    images = [block.value["picture"] for block in body if block.block_type == "picture"]
    wide = [image for image in images if image and image.width > NARROW]
    if wide:
        prefetch_related_objects(wide, "renditions")
