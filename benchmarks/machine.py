"""What processes of this machine use, read from /proc."""

import os
import re
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def stat(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def children(pid):
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def family(pid):
    """Seconds of CPU of a process, its children that live and those that ended."""
    total = 0
    for one in [pid, *children(pid)]:
        try:
            fields = stat(one)
        except FileNotFoundError:
            continue
        total += sum(map(int, fields[11:15] if one == pid else fields[11:13]))
    return total / TICKS


def whole():
    """Seconds of CPU that all processes of this machine used."""
    fields = list(map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]))
    return (sum(fields) - fields[3] - fields[4]) / TICKS


def memory(pid):
    """MB of a process and its children, what they share counted once."""
    total = 0
    for one in [pid, *children(pid)]:
        total += int(re.search(r"^Pss: +(\d+)", Path(f"/proc/{one}/smaps_rollup").read_text(), re.MULTILINE)[1])
    return total / 1024
