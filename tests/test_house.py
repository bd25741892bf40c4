"""What holds for the whole house, whatever floor a thing stands on."""

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.template.loader import get_template

from tests.databases import ROOT

FLOORS = ["lms", "roster", "records", "courses", "exams", "mentors"]
HAN = re.compile("[一-鿿]")


def sources() -> list[Path]:
    return [path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py")) if "migrations" not in path.parts]


def templates() -> list[Path]:
    folders = [ROOT / "templates", *(ROOT / floor / "templates" for floor in FLOORS)]
    return [path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix in {".html", ".txt"}]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_floors_only_point_down():
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_files_are_named_for_their_subject():
    """Files named by subject stay small; files named by kind of thing grow."""
    forbidden = {"utils", "helpers", "common", "services", "misc"}
    assert [name(path) for path in sources() if path.stem in forbidden or path.parent.name in forbidden] == []


@pytest.mark.django_db
def test_no_migration_is_missing():
    try:
        call_command("makemigrations", check=True, dry_run=True, verbosity=0)
    except SystemExit:
        pytest.fail("models have changed without a migration")


def test_every_template_compiles():
    for path in templates():
        get_template(str(path.relative_to(path.parents[len(path.parts) - path.parts.index("templates") - 2])))


INLINE = {
    "inline script": re.compile(r"<script(?![^>]*\ssrc=)", re.IGNORECASE),
    "inline style": re.compile(r"<style\b|\sstyle\s*=", re.IGNORECASE),
    "inline handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "script address": re.compile(r"javascript:", re.IGNORECASE),
}


def test_no_template_of_the_front_needs_more_than_the_policy_allows():
    """`script-src 'self'; style-src 'self'`: a browser would drop it without a word."""
    found = [
        (name(path), what)
        for path in templates()
        if not path.name.startswith("cms_")
        for what, pattern in INLINE.items()
        if pattern.search(re.sub(r"{#.*?#}|{% comment.*?endcomment %}", "", path.read_text(), flags=re.DOTALL))
    ]
    assert found == []


def test_every_setting_is_documented_and_nothing_else():
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "lms" / "settings.py").read_text()))
    documented = set(re.findall(r"^(?:# )?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    # what `serve` reads itself, before or beside the settings
    assert documented - {"HOST", "PORT", "DEMO_SCALE", "WEB_PROCESSES", "WEB_THREADS", "WORKER_PROCESSES"} == read


def refusals() -> Iterator[tuple[str, ast.Call]]:
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "Refused":
                yield f"{name(path)}:{node.lineno}", node


def sentence(node: ast.AST) -> str:
    """The words as they are written in the call; "" for what comes in a variable."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(sentence(part) or "…" for part in parts)
        case ast.BinOp(left=left, op=ast.Mod()):
            return sentence(left)
        case ast.Call(func=ast.Name(id="_" | "gettext" | "ngettext"), args=[first, *_]):
            return sentence(first)
        case ast.Call(func=ast.Attribute(value=text, attr="format")):
            return sentence(text)
    return ""


def test_every_refusal_is_a_whole_sentence():
    """In Chinese, with a full stop; a sentence that comes in a variable was judged where it was written."""
    assert [place for place, call in refusals() if not call.args] == []
    spoken = [(place, sentence(call.args[0])) for place, call in refusals()]
    assert [
        (place, text)
        for place, text in spoken
        if text and not (HAN.search(text) and text.rstrip().endswith(("。", "？")))
    ] == []


def test_a_worker_process_knows_every_piece_of_work():
    """Work that no app's tasks.py imports would be queued and never done."""
    written = {kind for path in sources() for kind in re.findall(r'@jobs\.work\("([^"]+)"\)', path.read_text())}
    code = (
        "import django; django.setup()\n"
        "from lms.celery import app; app.loader.import_default_modules()\n"
        "from lms import jobs; print(*jobs._works)"
    )
    known = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert written == set(known.split())


def test_every_task_of_beat_exists():
    from lms.celery import app

    for floor in FLOORS:
        if (ROOT / floor / "tasks.py").exists():
            importlib.import_module(f"{floor}.tasks")
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert scheduled - set(app.tasks) == set()


def test_every_model_is_called_something_in_chinese():
    """Its name stands in sentences: “后来已有“应试”，撤不回来。”"""
    ours = [model for floor in FLOORS for model in apps.get_app_config(floor).get_models()]
    assert [
        model.__name__
        for model in ours
        if not (HAN.search(str(model._meta.verbose_name)) and HAN.search(str(model._meta.verbose_name_plural)))
    ] == []
