"""The door of a gunicorn of our own, knocked at as browsers do: the page fetched, the form sent with its CSRF token, cookies kept."""

import http.client
import re
import subprocess
import sys
import time
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from apart import HERE, PASSWORD, PORT, ROOT

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def open_up(application):
    """gunicorn as `script/server` runs it, ready to answer."""
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", application]
    server = subprocess.Popen(command, cwd=ROOT)  # noqa: S603 - our own
    for _turn in range(900):  # a machine that does much else takes its time
        try:
            if ask("GET", "/healthz")[0] == 200:
                return server
        except OSError:
            if server.poll() is not None:
                break
            time.sleep(0.1)
    server.terminate()
    raise SystemExit("gunicorn does not answer")


def ask(method, path, cookies="", form=None):
    link = http.client.HTTPConnection(*HERE, timeout=60)
    try:
        headers = {"Cookie": cookies} if cookies else {}
        if form is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Referer": f"http://127.0.0.1:{PORT}/"}
        link.request(method, path, urlencode(form) if form else None, headers)
        answer = link.getresponse()
        return answer.status, answer.getheaders(), answer.read().decode()
    finally:
        link.close()


def jar(headers):
    kept = SimpleCookie()
    for name, value in headers:
        if name.lower() == "set-cookie":
            kept.load(value)
    return "; ".join(f"{name}={one.value}" for name, one in kept.items())


def fetch():
    """The page of the sign-in: its cookies and its token."""
    status, headers, page = ask("GET", "/sign-in/")
    assert status == 200, status
    return jar(headers), TOKEN.search(page)[1]


def sign_in(mobile):
    """The whole of it; returns the cookies of the session."""
    cookies, token = fetch()
    form = {"csrfmiddlewaretoken": token, "username": mobile, "password": PASSWORD, "next": ""}
    status, headers, _page = ask("POST", "/sign-in/", cookies, form)
    assert status == 302, status  # to the home page, or to an exam whose bell has rung
    assert "sessionid=" in jar(headers)
    return jar(headers)
