"""Pieces of work for a real worker to do; it imports this module with --include."""

import time
from pathlib import Path

from lms import jobs
from lms.refusal import Refused


@jobs.work("test.count")
def count(handle: jobs.Handle) -> None:
    """Write a line a step. Steps that were written by an earlier run are not written again: safe to repeat."""
    file, total = Path(handle.args["file"]), handle.args["total"]
    for step in range(total):
        if step >= len(lines(file)):
            with file.open("a") as out:
                out.write(f"{step}\n")
        handle.progress(step + 1, total)
        time.sleep(handle.args["pause"])


@jobs.work("test.silent")
def silent(handle: jobs.Handle) -> None:
    """Long work that never says how far it is; only its heart beats."""
    with Path(handle.args["file"]).open("a") as out:
        out.write("begun\n")
    time.sleep(handle.args["pause"])


@jobs.work("test.fail")
def fail(handle: jobs.Handle) -> None:
    raise ValueError("王桂兰 13907150001")


@jobs.work("test.refuse")
def refuse(handle: jobs.Handle) -> None:
    raise Refused("名单里没有可以导入的人，请检查文件。")


def lines(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []
