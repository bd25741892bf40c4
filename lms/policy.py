"""
What a browser may do with an answer of ours: one policy for each kind of answer. Nothing of ours is written inline, so no nonce is
needed, and none can be stolen.
"""

from django.http import HttpRequest
from django.http.response import HttpResponseBase

BACK_OFFICE = "/cms/"
# Wagtail writes scripts (choosers, dates) and styles (its text editor) into these pages; nowhere else does it need that (8.0)
EDITOR = "/cms/pages/"
# answered by `lms.violations`, before sessions and without a database
REPORT = "/policy-report/"
ENDPOINT = "policy"

COMMON = "default-src 'none'; object-src 'none'; base-uri 'none'; form-action 'self'"
PARTS = (
    "style-src 'self'; font-src 'self'; connect-src 'self'; media-src 'self'; manifest-src 'self'; worker-src 'self'"
)
TOLD = f"report-uri {REPORT}; report-to {ENDPOINT}"
FRONT = f"{COMMON}; script-src 'self'; {PARTS}; img-src 'self' data:; frame-ancestors 'none'; {TOLD}"
# screens of administrators: a frame of our own (a preview) and pictures from memory (before they are sent)
OFFICE = f"{COMMON}; script-src 'self'; {PARTS}; img-src 'self' data: blob:; frame-src 'self'; frame-ancestors 'self'; {TOLD}"
# the same with scripts and styles inside the page; still no script in an attribute, no eval, nothing from elsewhere
WRITING = OFFICE.replace("script-src 'self'", "script-src 'self' 'unsafe-inline'; script-src-attr 'none'").replace(
    "style-src 'self'", "style-src 'self' 'unsafe-inline'"
)
# a service worker: it asks our own server and nobody else, and loads no further script
WORKER = "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
# whatever is not a page: if a browser shows it all the same, nothing in it runs, loads or is framed
FILE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"

DENIED = (
    "accelerometer, autoplay, browsing-topics, camera, clipboard-read, display-capture, encrypted-media, geolocation, "
    "gyroscope, hid, idle-detection, local-fonts, magnetometer, microphone, midi, otp-credentials, payment, "
    "publickey-credentials-create, publickey-credentials-get, serial, storage-access, sync-xhr, usb, "
    "xr-spatial-tracking"
)
# the paper of an exam keeps the screen awake
PERMISSIONS = ", ".join([*(f"{feature}=()" for feature in DENIED.split(", ")), "screen-wake-lock=(self)"])


def of(path: str, response: HttpResponseBase) -> str:
    """The policy of an answer: by what it is, and for pages by where they stand."""
    if "Service-Worker-Allowed" in response:
        return WORKER
    sent_away = response.get("Content-Disposition", "").startswith("attachment")
    if sent_away or not response.get("Content-Type", "").startswith("text/html"):
        return FILE
    if not path.startswith(BACK_OFFICE):
        return FRONT
    return WRITING if path.startswith(EDITOR) else OFFICE


def dress(request: HttpRequest, response: HttpResponseBase) -> None:
    """Write the headers of an answer; no view has a say in the policy."""
    policy = of(request.path, response)
    headers = response.headers
    headers["Content-Security-Policy"] = policy
    headers["X-Frame-Options"] = "SAMEORIGIN" if policy in {OFFICE, WRITING} else "DENY"
    headers["Permissions-Policy"] = PERMISSIONS
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if policy is not FILE:
        headers["Reporting-Endpoints"] = f'{ENDPOINT}="{REPORT}"'
    # what is made for one person is not kept by a proxy for the next one
    headers.setdefault("Cache-Control", "private, no-cache")
