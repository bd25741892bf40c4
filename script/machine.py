"""What script/server and script/test share: the pinned packages in a virtual environment, on a machine that has only python3."""

import hashlib
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.json"
NEWEST_FIRST = ["python3.14", "python3.13", "python3.12", "python3.11"]
# only for machines whose python3 has neither ensurepip nor pip
PIP_WHEEL = "pip-26.3-py3-none-any.whl"
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"

started = time.monotonic()


def say(text):
    print(f"[{time.monotonic() - started:5.1f} s] {text}", flush=True)


def stop(text):
    print(f"\n{text}", file=sys.stderr, flush=True)
    raise SystemExit(1)


def with_new_enough_python():
    """Go on in the newest Python there is when the one we were started with is too old."""
    if sys.version_info >= (3, 11):
        return
    for name in NEWEST_FIRST:
        if shutil.which(name):
            os.execvp(name, [name, *sys.argv])
    stop(f"需要 Python 3.11 或更新的版本，这台机器上只有 {sys.version.split()[0]}。请先安装新版 Python，再运行一次。")


def environment(requirements):
    """Make `.venv` hold exactly what the lock file names. Nothing is done when it did so last time."""
    lock = ROOT / requirements
    wanted = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()
    installed = json.loads(STAMP.read_text()) if STAMP.exists() else {}
    if installed.get(requirements) == wanted and PYTHON.exists():
        return
    if not runs(PYTHON, "-m", "pip", "--version"):
        make_venv()
    install(lock)
    installed = {requirements: wanted}
    if requirements == "requirements-dev.txt":  # it holds all of the other, at the same versions
        product = (ROOT / "requirements.txt").read_bytes()
        installed["requirements.txt"] = hashlib.sha256(product + sys.version.encode()).hexdigest()
    STAMP.write_text(json.dumps(installed))


def runs(*command):
    try:
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def make_venv():
    say("正在建立虚拟环境 .venv")
    if runs(sys.executable, "-m", "venv", "--clear", VENV):
        return
    # Debian without python3-venv: the module is there, the pip that it would put in is not
    if not runs(sys.executable, "-m", "venv", "--clear", "--without-pip", VENV):
        stop("这里的 Python 不能建立虚拟环境。请先安装系统的 python3-venv 软件包，再运行一次。")
    if runs(sys.executable, "-m", "pip", "--python", PYTHON, "install", "--quiet", "pip"):
        return
    say("系统里没有 pip，正在从软件源下载")
    with tempfile.TemporaryDirectory() as folder:
        wheel = Path(folder) / PIP_WHEEL
        wheel.write_bytes(download_pip())
        if not runs(PYTHON, wheel / "pip", "install", "--quiet", "--no-index", wheel):
            stop("pip 没有装上。请先安装系统的 python3-venv 软件包，再运行一次。")


def download_pip():
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/pip/"
    context = ssl.create_default_context(cafile=os.environ.get("PIP_CERT"))
    try:
        with urllib.request.urlopen(index, timeout=60, context=context) as answer:
            found = re.search(rf'href="([^"]*{re.escape(PIP_WHEEL)})[#"]', answer.read().decode())
        if not found:
            stop(f"软件源 {index} 里没有 {PIP_WHEEL}。请先安装系统的 python3-venv 软件包，再运行一次。")
        address = urllib.parse.urljoin(index, found[1])
        with urllib.request.urlopen(address, timeout=60, context=context) as answer:
            wheel = answer.read()
    except OSError as error:
        stop(f"连不上软件源 {index}（{error}）。请检查网络，或用 PIP_INDEX_URL 指定能访问的软件源，再运行一次。")
    if hashlib.sha256(wheel).hexdigest() != PIP_SHA256:
        stop("下载的 pip 与登记的摘要不符，没有使用它。请换一个软件源，再运行一次。")
    return wheel


def install(lock):
    """pip install, with a line now and then instead of pip's hundreds."""
    total = len(re.findall(r"^[a-z0-9][^ ]*==", lock.read_text(), re.MULTILINE))
    say(f"正在安装 {total} 个软件包（{lock.name}）")
    command = [PYTHON, "-m", "pip", "install", "--require-hashes", "--no-compile", "--progress-bar", "off"]
    command += ["--no-input", "--disable-pip-version-check", "-r", lock]
    pip = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
    told, done, lines = time.monotonic(), 0, []
    for line in pip.stdout:
        lines.append(line)
        done += line.startswith(("Collecting ", "Requirement already satisfied"))
        if line.startswith("Installing collected"):
            say("  下载完毕，正在写入")
        elif time.monotonic() > told + 5:
            say(f"  已取得 {done} 个")
            told = time.monotonic()
    if pip.wait():
        print("".join(lines[-15:]), file=sys.stderr)
        stop("软件包没有装全，原因见上面几行。常见的是网络不通：可用 PIP_INDEX_URL 指定能访问的软件源，再运行一次。")


def environment_value(name, default=""):
    """What the settings will see: the environment, else the line in .env."""
    if name in os.environ:
        return os.environ[name]
    file = ROOT / ".env"
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
        key, equals, value = line.partition("=")
        if equals and key.strip() == name:
            return value.strip().strip("\"'")
    return default
