"""The worker of the web server, as gunicorn runs it: what browsers, proxies and bad networks do to a connection."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from queue import SimpleQueue

import pytest

from lms.runners import LONG, Ready, Runners, Waiting
from tests.lms import answering

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def running(folder):
    """(server, port) of a gunicorn with this worker and four threads."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = folder / "conf.py"
    settings.write_text(
        f'bind = "127.0.0.1:{port}"\nworker_class = "lms.webserver.Worker"\nlogger_class = "lms.webserver.Log"\n'
        "threads = 4\nkeepalive = 2\ncontrol_socket_disable = True\nloglevel = 'error'\n"
        "from lms.webserver import Worker\nWorker.stalled = 2\n"
    )
    command = [sys.executable, "-m", "gunicorn", "-c", str(settings), "tests.lms.answering:application"]
    server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        for _turn in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield server, port
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    with running(tmp_path_factory.mktemp("gunicorn")) as (_server, port):
        yield port


@contextmanager
def talk(port):
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    try:
        yield link
    finally:
        link.close()


def ask(link, path="/", body=b""):
    link.request("POST", path, body=body)
    answer = link.getresponse()
    return answer.status, answer.read()


def test_one_connection_is_asked_again_and_again(port):
    with talk(port) as link:
        assert [ask(link, body=b"%d" % turn) for turn in range(60)] == [(200, b"%d" % turn) for turn in range(60)]


def test_many_connections_at_once_each_hear_their_own_answer(port):
    def one(number):
        with talk(port) as link:
            return [ask(link, body=b"%d-%d" % (number, turn)) for turn in range(30)]

    with ThreadPoolExecutor(24) as pool:
        told = list(pool.map(one, range(24)))
    assert told == [[(200, b"%d-%d" % (number, turn)) for turn in range(30)] for number in range(24)]


def test_requests_sent_ahead_in_one_piece_are_all_answered(port):
    with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
        link.sendall(b"".join(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n%d" % turn for turn in range(5)))
        heard = b""
        while heard.count(b"HTTP/1.1 200") < 5 or not heard.endswith(b"4"):
            heard += link.recv(4096)
    assert [part[-1:] for part in heard.split(b"HTTP/1.1 200 OK")[1:]] == [b"0", b"1", b"2", b"3", b"4"]


def test_a_request_that_comes_in_pieces_is_answered(port):
    with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
        for piece in (b"POST / HTT", b"P/1.1\r\nHost: a\r\nConte", b"nt-Length: 4\r\n\r\nab", b"cd"):
            link.sendall(piece)
            time.sleep(0.05)
        assert link.recv(4096).endswith(b"abcd")


def test_a_failure_ends_only_its_own_request(port):
    with talk(port) as failing, talk(port) as link:
        assert ask(failing, "/fails")[0] == 500
        assert ask(link, body=b"x") == (200, b"x")


def test_those_who_hang_up_or_stay_silent_hold_nobody_up(port):
    silent = [socket.create_connection(("127.0.0.1", port)) for _one in range(20)]
    for turn in range(8):  # asks and does not close after the answer that ends the connection
        link = socket.create_connection(("127.0.0.1", port))
        link.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        silent.append(link)
        if turn % 2:  # asks and is gone
            gone = socket.create_connection(("127.0.0.1", port))
            gone.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            gone.close()
    begun = time.monotonic()
    with talk(port) as link:
        assert [ask(link, body=b"y") for _turn in range(5)] == [(200, b"y")] * 5
    assert time.monotonic() - begun < 5
    for one in silent:
        one.close()


def test_a_connection_that_asks_nothing_more_is_closed(port):
    with talk(port) as link:
        assert ask(link, body=b"z") == (200, b"z")
        begun = time.monotonic()
        assert link.sock.recv(10) == b""
    assert 0.5 < time.monotonic() - begun < 6


def test_slow_answers_are_given_side_by_side(port):
    def slow(_turn):
        with talk(port) as link:
            return ask(link, "/slow", b"s")

    begun = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(slow, range(4))) == [(200, b"s")] * 4
    assert time.monotonic() - begun < 1.5


class Line:
    """A connection as far as those who answer know it: a socket on which something is sent, a letter at a time."""

    timeout = 0.0

    def __init__(self):
        self.sock, self.far = socket.socketpair()

    def send(self, letter):
        self.far.send(letter)


@pytest.fixture
def lines():
    made = [Line() for _turn in range(20)]
    yield made
    for line in made:
        line.sock.close()
        line.far.close()


@contextmanager
def runners(count, act):
    waiting = Waiting()
    one = Runners(count, lambda line: act(line, line.sock.recv(1)), waiting, Ready(b"s"), lambda: None)
    try:
        yield one, waiting
    finally:
        one.shutdown()


def test_one_thread_alone_takes_what_is_quick(lines):
    told = SimpleQueue()
    with runners(4, lambda _line, letter: told.put((letter, threading.current_thread().name))) as (_runners, waiting):
        for line in lines:
            waiting.add(line)
        for letter in b"abc":
            for line in lines:
                line.send(bytes([letter]))
            heard = [told.get(timeout=5) for _line in lines]
            assert {one for one, _name in heard} == {bytes([letter])}
            assert len({name for _one, name in heard}) == 1
            assert len(waiting) == 0  # taken out before it is answered
            for line in lines:
                waiting.add(line)


def test_who_is_held_up_is_helped_and_everybody_rests_afterwards(lines):
    gate, told = threading.Event(), SimpleQueue()

    def act(_line, letter):
        if letter == b"l":
            gate.wait(5)
        told.put(letter)

    with runners(3, act) as (some, waiting):
        for line, letter in zip(lines, (b"l", b"l", b"l", b"q"), strict=False):
            waiting.add(line)
            line.send(letter)
            for _turn in range(10):
                some.look()
                time.sleep(0.002)
        assert (some.awake, told.qsize()) == (3, 0)  # as many as there are, and no more
        gate.set()
        assert sorted(told.get(timeout=5) for _turn in range(4)) == [b"l"] * 3 + [b"q"]
        for _turn in range(1000):
            if some.awake == 1 and some.look() == LONG:
                break
            time.sleep(0.005)
        assert (some.awake, some.asleep) == (1, True)


def test_what_is_swift_goes_first_and_each_eighth_is_another(lines):
    ready = Ready(b"s")
    for place, line in enumerate(lines):
        line.send(b"o" if place < 10 else b"s")
        ready.add(line)
    taken = "".join(ready.next().sock.recv(1).decode() for _line in lines)
    assert taken == "sssssssosssooooooooo"
    assert len(ready) == 0
    with pytest.raises(IndexError):
        ready.next()


def test_beside_one_who_is_held_up_the_next_goes_on_without_being_woken_each_time(lines):
    gate, told = threading.Event(), SimpleQueue()

    def act(_line, letter):
        if letter == b"l":
            gate.wait(5)
        told.put((letter, threading.current_thread().name))

    with runners(3, act) as (some, waiting):
        for line, letter in zip(lines[:2], (b"l", b"q"), strict=True):
            waiting.add(line)
            line.send(letter)
            time.sleep(0.01)
        some.look()
        names = [told.get(timeout=5)[1]]
        for line in lines[2:]:  # nobody looks any more
            waiting.add(line)
            line.send(b"q")
            names.append(told.get(timeout=5)[1])
        assert len(set(names)) == 1
        gate.set()
        assert told.get(timeout=5)[0] == b"l"


def test_who_begins_wakes_the_one_who_looks_after_them(lines):
    woken, told, waiting = threading.Event(), SimpleQueue(), Waiting()
    one = Runners(2, lambda line: told.put(line.sock.recv(1)), waiting, Ready(), woken.set)
    time.sleep(0.06)
    assert one.look() == LONG
    waiting.add(lines[0])
    lines[0].send(b"x")
    assert woken.wait(5)
    assert told.get(timeout=5) == b"x"
    assert one.look() < LONG
    one.shutdown()


def test_of_those_who_wait_only_the_late_are_let_go(lines):
    waiting = Waiting()
    for place, line in enumerate(lines[:3]):
        line.timeout = 10.0 + place
        waiting.add(line)
    assert waiting.late(11.0) == lines[:2]
    lines[0].send(b"x")  # somebody else has it now
    lines[2].send(b"x")
    assert waiting.stirs
    assert waiting.heard(1) == [lines[2]]
    assert (len(waiting), waiting.late(99.0)) == (0, [])
    assert waiting[0].timeout <= time.monotonic()  # asked by gunicorn a moment after the last one was taken


def test_who_asked_while_nobody_got_on_is_answered_all_the_same(port):
    """Four threads, each busy for three seconds; a connection may be silent for two."""
    with talk(port) as link:
        assert ask(link, body=b"a") == (200, b"a")

        def long(_turn):
            with talk(port) as other:
                return ask(other, "/long")

        with ThreadPoolExecutor(4) as pool:
            busy = [pool.submit(long, turn) for turn in range(4)]
            time.sleep(0.2)
            assert ask(link, body=b"b") == (200, b"b")
            assert [one.result() for one in busy] == [(200, b"nothing")] * 4


def test_phones_that_are_lost_in_the_middle_of_a_request_give_their_threads_back(port):
    lost = [socket.create_connection(("127.0.0.1", port), timeout=15) for _one in range(8)]  # of four threads
    for turn, one in enumerate(lost):
        one.sendall((b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab", b"POST / HT")[turn % 2])
    begun = time.monotonic()
    with talk(port) as link:
        assert ask(link, body=b"c") == (200, b"c")
    assert time.monotonic() - begun < 9
    for one in lost:
        one.close()


@pytest.mark.parametrize("address", ["/", "/pieces", "/bare", "/file"])
def test_an_answer_comes_whole_and_its_headers_with_its_beginning(port, address):
    with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
        link.sendall(f"GET {address} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        first = link.recv(65536)
    head, end, body = first.partition(b"\r\n\r\n")
    assert (head[:11], end) == (b"HTTP/1.1 20", b"\r\n\r\n")
    if address in {"/", "/pieces"}:
        assert body
    with talk(port) as link:
        for _turn in range(2):  # the connection goes on
            link.request("GET", address)
            answer = link.getresponse()
            told = {
                "/": b"nothing",
                "/pieces": b"one two three",
                "/bare": b"",
                "/file": Path(answering.__file__).read_bytes(),
            }
            assert (answer.status, answer.read()) == (204 if address == "/bare" else 200, told[address])
            assert answer.headers["X-Said"] == "yes"


def test_a_header_that_would_break_the_answer_is_refused(port):
    with talk(port) as link:
        assert ask(link, "/split")[0] == 500


def test_who_is_being_answered_when_the_server_stops_is_answered(tmp_path):
    with running(tmp_path) as (server, port):
        stop(server, port)


def stop(server, port):
    with closing(socket.create_connection(("127.0.0.1", port), timeout=10)) as link, talk(port) as other:
        assert ask(other, body=b"before") == (200, b"before")
        link.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.1)
        server.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        assert ask(other, body=b"after") == (200, b"after")  # it was kept before, so its next request is still heard
        heard = b""
        while more := link.recv(4096):
            heard += more
    assert heard.endswith(b"nothing")
    assert server.wait(timeout=20) == 0
