"""A picture of a question as an answer to those who may see the question: by which right is for the view to say."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response

from exams.before import pictures
from exams.models import Picture


def reply(request: HttpRequest, picture: Picture) -> HttpResponseBase:
    """The file. A browser that has it asks each time whether it may still show it, and is sent nothing twice."""
    etag = f'"{picture.key}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    known = get_conditional_response(request, etag=etag)
    if known is not None:
        for name, value in headers.items():
            known[name] = value
        return known
    return HttpResponse(pictures.opened(str(picture.file.name)), content_type=pictures.KIND, headers=headers)
