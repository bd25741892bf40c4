"""What goes wrong while people sit. Each acts until it is told that the exam is over, and leaves the system whole behind it."""

import threading
from collections.abc import Callable
from random import Random

from tests.faults.servers import Cluster, Redis
from tests.faults.system import System

Nemesis = Callable[[threading.Event], None]


def now_and_then(act: Callable[[], object], *, every: float, seed: str = "nemesis") -> Nemesis:
    """Again and again, at moments nobody can foresee."""
    chance = Random(seed)

    def nemesis(over: threading.Event) -> None:
        while not over.wait(chance.uniform(0.5 * every, 1.5 * every)):
            act()

    return nemesis


def kill_web(system: System, *, every: float = 0.7) -> Nemesis:
    return now_and_then(system.kill_web_workers, every=every)


def kill_part(system: System, name: str, *, every: float = 2.0) -> Nemesis:
    return now_and_then(lambda: system.kill(name), every=every)


def once(act: Callable[[], object], *, after: float) -> Nemesis:
    def nemesis(over: threading.Event) -> None:
        if not over.wait(after):
            act()

    return nemesis


def restart_database(cluster: Cluster, *, after: float) -> Nemesis:
    return once(cluster.restart_at_once, after=after)


def freeze_database(cluster: Cluster, *, after: float, seconds: float) -> Nemesis:
    return once(lambda: cluster.freeze(seconds), after=after)


def flush_redis(redis: Redis, *, every: float = 1.0) -> Nemesis:
    return now_and_then(redis.flush, every=every)


def stop_redis(redis: Redis, *, after: float) -> Nemesis:
    """Gone for the rest of the exam."""

    def nemesis(over: threading.Event) -> None:
        if not over.wait(after):
            redis.stop()
            over.wait()
            redis.start()

    return nemesis
