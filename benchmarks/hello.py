"""
The product with a Django hello beside it, for gunicorn in `exam_day.py`: what the same server and the same Django take for nothing.

`/hello` is a view without any middleware, `/healthz/hello` the same view behind all of it, asked by nobody who is signed in.
"""

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path

from lms.wsgi import application as product  # before anything that wants Django to be set up

from lms import urls  # isort: skip


def hello(_request):
    return HttpResponse("你好", headers={"Content-Length": "6"})


urls.urlpatterns[:0] = [path("hello", hello), path("healthz/hello", hello)]
with override_settings(MIDDLEWARE=[]):
    bare = WSGIHandler()
assert settings.MIDDLEWARE


def application(environ, start_response):
    return (bare if environ["PATH_INFO"] == "/hello" else product)(environ, start_response)
