"""Sending a video in pieces: telephones play nothing from a server that cannot answer a range (RFC 9110, 14)."""

import re
from collections.abc import Iterator
from typing import IO, Any

from django.http import HttpResponse, StreamingHttpResponse

TYPES = {"mp4": "video/mp4", "vtt": "text/vtt; charset=utf-8"}
PIECE = 64 * 1024
ONE_RANGE = re.compile(r"bytes=(\d*)-(\d*)$")


def span(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte that a Range header asks for; None for the whole. Raises ValueError for what cannot be given."""
    match = ONE_RANGE.match(header.strip())
    if not match or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    start, end = (int(first), int(last) if last else size - 1) if first else (max(0, size - int(last)), size - 1)
    end = min(end, size - 1)
    if start > end:
        raise ValueError(header)
    return start, end


def answer(file: Any, content_type: str, header: str) -> HttpResponse | StreamingHttpResponse:
    """The whole file, the piece asked for (206), or 416 for a piece that is not there."""
    size = file.size
    try:
        asked = span(header, size)
    except ValueError:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    start, end = asked or (0, size - 1)
    response = StreamingHttpResponse(
        _pieces(file.open("rb"), start, end), status=206 if asked else 200, content_type=content_type
    )
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Content-Length"] = str(end - start + 1)
    response.headers["Cache-Control"] = "private, max-age=86400"
    if asked:
        response.headers["Content-Range"] = f"bytes {start}-{end}/{size}"
    return response


def _pieces(file: IO[bytes], start: int, end: int) -> Iterator[bytes]:
    with file:
        file.seek(start)
        left = end - start + 1
        while left and (piece := file.read(min(PIECE, left))):
            left -= len(piece)
            yield piece
