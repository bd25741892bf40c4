"""`python -m tests.oidc_provider REDIRECT_ADDRESS`: serve on a free port of loopback, whose address is the first line written."""

import os
import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.oidc_provider.settings"

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from oauth2_provider.models import get_application_model  # noqa: E402

from tests.oidc_provider.people import PEOPLE  # noqa: E402


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


call_command("migrate", run_syncdb=True, verbosity=0)
for username in PEOPLE:
    get_user_model().objects.create(username=username)
get_application_model().objects.create(
    client_id="platform",
    client_secret="only-for-tests",
    client_type="confidential",
    authorization_grant_type="authorization-code",
    redirect_uris=sys.argv[1],
    algorithm="RS256",
    skip_authorization=True,
)
server = make_server("127.0.0.1", 0, get_wsgi_application(), Server, Quiet)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
