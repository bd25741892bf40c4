"""The table of the exam day: goals, what is here, and what Moodle took on the same machine."""

from django.db import connection
from exam_stored import POSTGRES


def verdict(pairs):
    """Of (what is here, at most)."""
    missed = [
        f"{has:.3g} > {most:.3g}" if has < 100 else f"{has:,.0f} > {most:,.0f}" for has, most in pairs if has > most
    ]
    return f"MISSED ({', '.join(missed)})" if missed else "met"


def table(size, questions, d):
    save, rate, p99 = (0.9, 1500, 15) if POSTGRES else (0.75, 900, 20)
    page, assets, sent, later = d["weight"]
    rows = [
        (
            "save one answer",
            f"{save} ms; {rate:,} a second; at 360 a second p99 {p99} ms",
            f"{d['save'].cost:.2f} ms; {d['save'].rate:,.0f}; p50 {d['steady'].wait(0.5):.1f} p99 {d['steady'].wait(0.99):.1f} ms",
            "20–34 ms, 45–86 a second",
            [(d["save"].cost, save), (rate, d["save"].rate), (d["steady"].wait(0.99), p99)],
        ),
        ("start, paper already drawn", "1.2 ms", f"{d['start'].cost:.2f} ms", "66–76 ms", [(d["start"].cost, 1.2)]),
        (
            f"the paper, {questions} questions of real Chinese text",
            "1.2 ms; 60 KB before compression; scripts and styles under 80 KB",
            f"{d['paper'].cost:.2f} ms; {page:.1f} KB, {d['paper'].bytes / 1000:.0f} sent; {assets:.1f} KB, {sent:.0f} sent once, and {later:.0f} afterwards",
            "69–131 ms; 174–314 KB and 1.4 MB",
            [(d["paper"].cost, 1.2), (page, 60), (assets, 80)],
        ),
        (
            "hand in and mark",
            f"{2.0 if POSTGRES else 0.5} ms",
            f"{d['hand_in'].cost:.2f} ms",
            "55–107 ms",
            [(d["hand_in"].cost, 2.0 if POSTGRES else 0.5)],
        ),
        ("close an attempt left open", "1 ms", f"{d['left'].cost:.2f} ms", "47 ms", [(d["left"].cost, 1.0)]),
        ("sign-in", "30 ms", f"{d['sign'].cost:.0f} ms", "54–65 ms", [(d["sign"].cost, 30)]),
        (
            "one candidate's whole exam, sign-in included",
            "0.09 s",
            f"{d['alone']:.3f} s; {d['whole']:.3f} with entry page, receipt page, ten answers changed and the beats of an hour",
            "1.6–2.2 s",
            [(d["alone"], 0.09)],
        ),
        ("stored an attempt with its journal", "20 KB", f"{d['kept']:.1f} KB", "", [(d["kept"], 20)]),
    ]
    print(
        f"\n| step, {size:,} candidates × {questions} questions, time compressed | goal: CPU of web and database"
        f" | here, {connection.vendor} | Moodle 4.5 on the same machine | |"
    )
    print("|---|---|---|---|---|")
    for what, goal, has, moodle, pairs in rows:
        print(f"| {what} | {goal} | {has} | {moodle} | {verdict(pairs)} |")
    # twice, for the machine may change its speed in between
    bare = f"{d['bare'].cost:.2f} before, {d['again'].cost:.2f} after"
    print(f"| Django hello, without and with all middleware | | {bare}; {d['full'].cost:.2f} ms | | |")
    print(
        f"| entry page; receipt page; a beat alone | | {d['entry'].cost:.1f}; {d['receipt'].cost:.1f}; {d['beat'].cost:.2f} ms | | |"
    )
