"""A WSGI application for the web server alone: says what it was sent; `/slow` takes half a second."""

import time


def application(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        time.sleep(0.5)
    if environ["PATH_INFO"] == "/fails":
        raise ValueError
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) or b"nothing"
    if environ["PATH_INFO"] == "/unread":
        body = b"unread"
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
