"""A WSGI application for the web server alone: says what it was sent; `/slow` takes half a second, `/long` three."""

import time
from pathlib import Path


def application(environ, start_response):
    time.sleep({"/slow": 0.5, "/long": 3.0}.get(environ["PATH_INFO"], 0))
    if environ["PATH_INFO"] == "/fails":
        raise ValueError
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) or b"nothing"
    if environ["PATH_INFO"] == "/unread":
        body = b"unread"
    said = ("X-Said", "yes\r\nX-More: no" if environ["PATH_INFO"] == "/split" else "yes")
    if environ["PATH_INFO"] == "/bare":
        start_response("204 No Content", [said])
        return []
    if environ["PATH_INFO"] == "/pieces":  # of a length that is not told before
        start_response("200 OK", [said])
        return iter([b"one ", b"two ", b"three"])
    if environ["PATH_INFO"] == "/file":
        start_response("200 OK", [said, ("Content-Length", str(Path(__file__).stat().st_size))])
        return environ["wsgi.file_wrapper"](Path(__file__).open("rb"))
    start_response("200 OK", [said, ("Content-Length", str(len(body)))])
    return [body]
