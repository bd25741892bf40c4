"""
The candidates of `exam_day.py`, played by a few processes over raw sockets that are kept alive, so that the driver takes little of the
machine it measures. Each candidate has one request in flight at most and remembers what was acknowledged.
"""

import gc
import json
import multiprocessing
import select
import socket
import time
from collections import Counter, deque
from random import Random

FRESH = 0.2  # share of answers that are changed once more


class Candidate:
    """One phone: its pass, the answers it means to give, and what it was told."""

    def __init__(self, host, exam, attempt, cookie, items, seed):
        self.exam, self.attempt = exam, attempt
        self.head = f"HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: {cookie}\r\nAccept-Encoding: gzip, deflate, br\r\n"
        self.items, self.chance, self.page = items, Random(seed), 1 + seed  # noqa: S311
        order = list(items)
        self.chance.shuffle(order)
        changed = self.chance.sample(order, int(len(order) * FRESH))
        self.todo = deque(order + changed)
        self.seqs, self.acked, self.receipts, self.sent = Counter(), {}, {}, {}
        self.ended, self.receipt = None, ""

    def request(self, act, body=b"", kind="application/json"):
        method, length = (
            ("GET", "") if act == "paper" else ("POST", f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n")
        )
        return f"{method} /exams/sit/{self.attempt}/{act} {self.head}{length}\r\n".encode() + body

    def choose(self, item):
        kind, options = self.items[item]
        if kind == "multiple":
            return sorted(self.chance.sample(range(options), self.chance.randint(1, options)))
        return [self.chance.randrange(options)]

    def save(self, item, beat=False):
        self.seqs[item] += 1
        value = self.choose(item)
        one = {"item": item, "seq": self.seqs[item], "value": value, "age": 800}
        said = {"page": self.page, "answers": [one]}
        if beat:
            said["beat"] = {"unsent": 0, "heard": 0, "away": []}
        self.sent[item] = (self.seqs[item], value)
        return self.request("answers", json.dumps(said).encode())

    def beat(self):
        return self.request(
            "answers", b'{"page": %d, "answers": [], "beat": {"unsent": 0, "heard": 0, "away": []}}' % self.page
        )

    def heard(self, status, body):
        """Keep what was acknowledged; returns whether it was."""
        if status != 200:
            return False
        told = json.loads(body)
        for one in told["saved"]:
            seq, value = self.sent[one["item"]]
            assert one["seq"] == seq, told
            assert "value" not in one, told
            self.acked[one["item"]] = (seq, value)
            self.receipts[one["item"]] = one["code"]
        return True


class Link:
    """One connection. A connection that the server closed is made anew and the request sent again: it may come twice."""

    def __init__(self, address):
        self.address, self.sock, self.fresh = address, None, False
        self.connect()

    def connect(self):
        self.sock = socket.create_connection(self.address, timeout=30)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer, self.need = b"", None

    def send(self, data):
        self.data, self.buffer, self.need, self.moment = data, b"", None, time.perf_counter()
        self.sock.sendall(data)

    def read(self):
        """(status, headers, body) once it is whole, "gone" when the server hung up, None before."""
        try:
            more = self.sock.recv(262144)
        except OSError:
            more = b""
        if not more:
            return "gone"
        self.buffer += more
        if self.need is None:
            at = self.buffer.find(b"\r\n\r\n")
            if at < 0:
                return None
            self.head = self.buffer[:at].decode("latin-1")
            low = self.head.lower()
            self.need = at + 4 + int(low.split("content-length: ", 1)[1].split("\r\n", 1)[0])
            self.start, self.last = at + 4, "connection: close" in low
        if len(self.buffer) < self.need:
            return None
        return int(self.head[9:12]), self.head, self.buffer[self.start :]


class Tally:
    def __init__(self):
        self.waits, self.statuses, self.resent, self.bytes = [], Counter(), 0, 0


def drive(address, links, pick, done, *, keep=True):  # noqa: C901 - one loop, and what it calls shares its connections
    """Ask `pick(now)` for (job, request, since) while a connection is free; it says None when nothing is due and raises StopIteration at
    the end. `done(job, status, head, body)` hears each answer. Returns a Tally with the waits in seconds."""
    tally, poll = Tally(), select.epoll()
    by_fd, idle, over = {}, [], False
    for _turn in range(links):
        link = Link(address)
        by_fd[link.sock.fileno()] = link
        poll.register(link.sock, select.EPOLLIN)
        idle.append(link)

    def anew(link):
        del by_fd[link.sock.fileno()]
        poll.unregister(link.sock)
        link.sock.close()
        link.connect()
        by_fd[link.sock.fileno()] = link
        poll.register(link.sock, select.EPOLLIN)

    def hang_up(link):
        del by_fd[link.sock.fileno()]
        poll.unregister(link.sock)
        link.sock.close()
        link.sock = None

    def give(link, job):
        link.job = job
        if link.sock is None:
            link.connect()
            by_fd[link.sock.fileno()] = link
            poll.register(link.sock, select.EPOLLIN)
        try:
            link.send(job[1])
        except OSError:
            anew(link)
            link.send(job[1])

    while True:
        while idle and not over:
            try:
                job = pick(time.perf_counter())
            except StopIteration:
                over = True
                break
            if job is None:
                break
            give(idle.pop(), job)
        if over and len(idle) == links:
            break
        for fd, _event in poll.poll(0.002):
            link = by_fd.get(fd)
            if link is None:
                continue
            answer = link.read()
            if answer is None:
                continue
            if answer == "gone":
                waiting = link not in idle
                anew(link)
                if waiting:
                    tally.resent += 1
                    link.send(link.job[1])
                continue
            status, head, body = answer
            job, _data, since = link.job
            tally.waits.append(time.perf_counter() - (since if since is not None else link.moment))
            tally.statuses[status] += 1
            tally.bytes += len(body)
            done(job, status, head, body)
            if link.last or not keep:
                hang_up(link)
            idle.append(link)
    for link in by_fd.values():
        link.sock.close()
    return tally


class Player:
    """One driver process: some of the candidates, and the acts of the day."""

    def __init__(self, address, links, people):
        self.address, self.links = address, links
        host = f"{address[0]}:{address[1]}"
        self.people = [Candidate(host, *one) for one in people]

    def once_each(self, people, request, done, *, keep=True):
        waiting = iter(people)
        return drive(
            self.address, self.links, lambda _now: ((one := next(waiting)), request(one), None), done, keep=keep
        )

    def hello(self, path, count):
        head = f"GET {path} HTTP/1.1\r\nHost: {self.address[0]}:{self.address[1]}\r\n\r\n".encode()
        return self.once_each(range(count), lambda _one: head, lambda *_told: None)

    def start(self):
        def done(one, status, head, _body):
            assert status == 303, (status, head)
            assert f"/exams/sit/{one.attempt}/paper" in head, (status, head)

        form = "application/x-www-form-urlencoded"
        return self.once_each(self.people, lambda one: one.request("start", b"pledge=on", form), done)

    def paper(self):
        def done(_one, status, head, _body):
            assert status == 200, (status, head)
            assert "content-encoding" in head.lower(), (status, head)

        return self.once_each(self.people, lambda one: one.request("paper"), done)

    def beats(self):
        def done(_one, status, _head, _body):
            assert status in {200, 503}, status

        return self.once_each(self.people, Candidate.beat, done)

    def saves(self):
        """Everything that everybody means to answer, as fast as it goes."""
        ready = deque(self.people)
        left = [sum(len(one.todo) for one in self.people)]

        def pick(_now):
            while ready:
                one = ready.popleft()
                if one.todo:
                    return one, one.save(one.todo[0]), None
            if not left[0]:
                raise StopIteration
            return None

        def done(one, status, _head, body):
            if one.heard(status, body):
                one.todo.popleft()
                left[0] -= 1
            else:
                assert status == 503, (status, body)
            ready.append(one)

        return drive(self.address, self.links, pick, done)

    def changes(self, rate, seconds, links, keep=True, beats=0):
        """So many changes of mind a second whether the server keeps up or not; waits count from when each was due. `beats`: share."""
        ready, begun, total, given = deque(self.people), time.perf_counter(), int(rate * seconds), [0]
        pace = Random(total)  # noqa: S311

        def pick(now):
            if given[0] >= total:
                raise StopIteration
            due = begun + given[0] / rate
            if now < due or not ready:
                return None
            one = ready.popleft()
            given[0] += 1
            if pace.random() < beats:
                return (one, True), one.beat(), due
            return (one, False), one.save(one.chance.choice(list(one.items))), due

        def done(job, status, _head, body):
            one, _only_beat = job
            assert one.heard(status, body) or status == 503, (status, body)
            ready.append(one)

        return drive(self.address, links, pick, done, keep=keep)

    def hand_in(self):
        """Nine of ten; every fifth of them twice."""

        def done(one, status, _head, body):
            told = json.loads(body)
            assert status == 200, told
            assert told["state"] == "handed_in", told
            assert one.receipt in {"", told["receipt"]}
            one.receipt = told["receipt"]

        mine = [one for place, one in enumerate(self.people) if place % 10 != 9]
        tally = self.once_each(mine, lambda one: one.request("hand-in"), done)
        self.once_each(mine[::5], lambda one: one.request("hand-in"), done)
        return tally

    def late(self):
        """A save after the hand-in, by every third: none may be taken."""
        told = Counter()

        def done(_one, status, _head, body):
            told[status, json.loads(body)["state"]] += 1

        mine = [one for one in self.people if one.receipt][::3]
        self.once_each(mine, lambda one: one.save(next(iter(one.items))), done)
        assert set(told) <= {(409, "handed_in")}, told
        return sum(told.values())

    def history(self):
        return [(one.attempt, one.page, one.receipt, one.acked, one.receipts) for one in self.people]


def _play(pipe, address, links, people):
    player = Player(address, links, people)
    gc.freeze()
    while True:
        name, given = pipe.recv()
        if name == "end":
            return
        try:
            begun = time.process_time()
            result = getattr(player, name)(**given)
            pipe.send((result, time.process_time() - begun))
        except Exception as error:
            pipe.send((error, 0))


class Players:
    """Several driver processes as one."""

    def __init__(self, address, people, *, processes=2, links=8):
        self.cpu, self.pipes, self.children = 0.0, [], []
        context = multiprocessing.get_context("fork")
        for place in range(processes):
            here, there = context.Pipe()
            child = context.Process(target=_play, args=(there, address, links, people[place::processes]), daemon=True)
            child.start()
            self.pipes.append(here)
            self.children.append(child)

    def do(self, name, **given):
        """The results of all, in a list."""
        for pipe in self.pipes:
            pipe.send((name, given))
        results = []
        for pipe in self.pipes:
            result, cpu = pipe.recv()
            self.cpu += cpu
            results.append(result)
        for result in results:
            if isinstance(result, Exception):
                raise result
        return results

    def end(self):
        for pipe in self.pipes:
            pipe.send(("end", None))
        for child in self.children:
            child.join(10)
