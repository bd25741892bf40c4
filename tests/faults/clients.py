"""
Phones with an open paper, as raw HTTP: they keep an answer until it is acknowledged, send it again with the same sequence and page when
the reply did not come, and wait when they are told to. What they did and heard goes to the history.
"""

import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from random import Random
from typing import Any
from urllib.parse import urlencode

from tests.faults.city import Seat
from tests.faults.history import Event, History, Outcome

SEQ = re.compile(rb'name="seq-(\d+)" value="(\d+)"')
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
WORDS = ["先劝开双方", "分开听，不当场判对错", "登记上报社区", "约定回话时间", "三天后回访"]
OVER = {"handed_in", "closed", "void"}


@dataclass
class Jar:
    """The cookies of one browser; its tabs share them."""

    cookies: dict[str, str] = field(default_factory=dict)

    def header(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def take(self, set_cookie: str) -> None:
        name, _is, value = set_cookie.partition(";")[0].partition("=")
        self.cookies[name] = value

    @property
    def device(self) -> str:
        return self.cookies.get("exam-device", "")


@dataclass
class Answer:
    seq: int
    value: Any


@dataclass
class Manner:
    """How a phone behaves."""

    pause: float = 0.15  # seconds between two answers
    patience: float = 3.0  # seconds before a reply is given up
    haste: float = 1.0  # share of the time it is told to wait that it really waits
    storms: float = 0.0  # chance that a request is sent again at once, several times
    hands_in: float = 0.7  # chance that it hands in before the end
    essays: bool = False  # answers in words are long and written anew each time, so that the database grows


class Phone:
    """One opened page. `tab` and `device` tell it from others of the same candidate."""

    def __init__(
        self, seat: Seat, port: int, history: History, *, manner: Manner, seed: str, jar: Jar | None = None
    ) -> None:
        self.seat, self.port, self.history, self.manner = seat, port, history, manner
        self.chance = Random(seed)
        self.name, self.page = seed, self.chance.randrange(1, 2**31)
        self.jar = jar or Jar({"sessionid": seat.session})
        self.seqs: dict[int, int] = dict.fromkeys(seat.options, 0)
        self.outbox: dict[int, Answer] = {}
        self.texts: dict[int, str] = {}
        self.line: HTTPConnection | None = None
        self.state = "out"  # out, sitting, elsewhere, and what the server says when it is over
        self.receipt = ""

    # --- one request

    def ask(self, method: str, path: str, body: str = "", kind: str = FORM) -> tuple[int, dict[str, str], bytes] | None:
        """(status, headers, body), or None when nobody can say what became of it."""
        head = {"Cookie": self.jar.header(), "Content-Type": kind, "Origin": f"http://127.0.0.1:{self.port}"}
        head["Host"] = head["Origin"].partition("//")[2]
        if self.line is None:
            self.line = HTTPConnection("127.0.0.1", self.port, timeout=self.manner.patience)
        try:
            self.line.request(method, path, body.encode() if body else None, head)
            reply = self.line.getresponse()
            content = reply.read()
        except (OSError, HTTPException):
            self.close()
            return None
        for name, value in reply.getheaders():
            if name.lower() == "set-cookie":
                self.jar.take(value)
        return reply.status, dict(reply.getheaders()), content

    def close(self) -> None:
        if self.line:
            self.line.close()
        self.line = None

    def note(self, act: str, sent: float, outcome: Outcome, **more: Any) -> Event:
        return Event(
            act,
            self.seat.attempt,
            self.name,
            self.jar.device,
            self.page,
            sent,
            time.monotonic(),
            outcome,
            **more,
        )

    # --- getting in

    def until(self, step: Any, end: float) -> Any:
        """Try until it goes or the time is over."""
        while time.monotonic() < end:
            if (done := step()) is not None:
                return done
            time.sleep(self.chance.uniform(0.05, 0.3))
        return None

    def enter(self, end: float) -> None:
        """Through the entry page and the pledge to the paper; of what another device holds, take over."""
        self.until(lambda: self._get(f"/exams/{self.seat.exam}/"), end)
        self.until(self._start, end)
        self.until(self._open, end)

    def _get(self, path: str) -> bytes | None:
        reply = self.ask("GET", path)
        return reply[2] or b"-" if reply and reply[0] < 400 else None

    def _start(self) -> str | None:
        sent = time.monotonic()
        reply = self.ask("POST", f"/exams/sit/{self.seat.attempt}/start", urlencode({"pledge": "on"}))
        if reply is None or reply[0] != 303:
            self.history.add(self.note("start", sent, Outcome.UNKNOWN))
            return None
        to = reply[1]["Location"]
        self.history.add(self.note("start", sent, Outcome.ACKNOWLEDGED, state=to))
        return to

    def _open(self) -> str | None:
        """The paper, with the sequence of each answer that stands. Where another device holds it: taken over."""
        reply = self.ask("GET", f"/exams/sit/{self.seat.attempt}/paper")
        if reply is None or reply[0] >= 400:
            return None
        if reply[0] == 303:
            where = reply[1]["Location"]
            if where.endswith("/hand-in/"):
                self.state = "closed"
                return self.state
            return self.take_over()
        for item, seq in SEQ.findall(reply[2]):
            self.seqs[int(item)] = max(int(seq), self.seqs[int(item)])
        self.state = "sitting"
        return self.state

    def take_over(self) -> str | None:
        """“在这里作答”: the door asked by post, with the token that its form has. None: not yet in."""
        token = "a" * 32
        self.jar.cookies["csrftoken"] = token
        sent = time.monotonic()
        door = f"/exams/attempt/{self.seat.attempt}/"
        reply = self.ask("POST", door, urlencode({"csrfmiddlewaretoken": token}))
        if reply is None or reply[0] >= 400:
            self.history.add(self.note("take_over", sent, Outcome.UNKNOWN, state=str(reply and reply[0])))
            return None
        self.history.add(self.note("take_over", sent, Outcome.ACKNOWLEDGED))
        if not reply[1]["Location"].endswith("/paper"):
            self.state = "closed"
            return self.state
        return None  # and now the paper

    # --- answering

    def think(self, item: int = 0) -> None:
        """Answer one question, by choice or by chance: on the phone first."""
        item = item or self.chance.choice(list(self.seat.options))
        options = self.seat.options[item]
        if options:
            value: Any = sorted(self.chance.sample(range(options), self.chance.randint(1, self.seat.at_most[item])))
        elif self.manner.essays:
            value = "".join(chr(self.chance.randrange(0x4E00, 0x9FA5)) for _sign in range(2500))
        else:
            value = f"{self.texts.get(item, '')}{self.chance.choice(WORDS)}{self.chance.randrange(10)}。"[-400:]
            self.texts[item] = value
        self.seqs[item] += 1
        self.outbox[item] = Answer(self.seqs[item], value)

    def send(self) -> float:
        """Send all that waits; how long to wait before the next time."""
        if not self.outbox or self.state != "sitting":
            return 0.0
        waiting = {item: Answer(one.seq, one.value) for item, one in self.outbox.items()}
        answers = [{"item": item, "seq": one.seq, "value": one.value} for item, one in waiting.items()]
        body = json.dumps({"page": self.page, "answers": answers, "beat": {"unsent": len(answers), "heard": 0}})
        times = 1 + (self.chance.randint(1, 3) if self.chance.random() < self.manner.storms else 0)
        extra = [threading.Thread(target=self._again, args=(body, waiting)) for _time in range(times - 1)]
        for one in extra:
            one.start()
        wait = self._post(self, body, waiting)
        for one in extra:
            one.join()
        return wait

    def _again(self, body: str, waiting: dict[int, Answer]) -> None:
        """The same request on a line of its own, as a network does that sends twice."""
        double = Phone(self.seat, self.port, self.history, manner=self.manner, seed=f"{self.name}'", jar=self.jar)
        double.page = self.page
        self._post(double, body, waiting, heeds=False)
        double.close()

    def _post(self, line: "Phone", body: str, waiting: dict[int, Answer], heeds: bool = True) -> float:
        sent, number = time.monotonic(), self.history.number()
        reply = line.ask("POST", f"/exams/sit/{self.seat.attempt}/answers", body, JSON)

        def note(outcome: Outcome, state: str, item: int, **more: Any) -> None:
            one = waiting[item]
            event = self.note("save", sent, outcome, state=state, item=item, seq=one.seq, value=one.value)
            self.history.add(Event(**{**event.__dict__, "request": number, **more}))

        if reply is None or reply[0] >= 500:
            said = json.loads(reply[2]) if reply and reply[2][:1] == b"{" else {}
            # told to come again: nothing was written, or nobody can say (the connection broke while it was)
            for item in waiting:
                note(Outcome.UNKNOWN, str(reply[0]) if reply else "", item)
            return said.get("later", 0.3) * self.manner.haste
        said = json.loads(reply[2]) if reply[2][:1] == b"{" else {}
        state = said.get("state", str(reply[0]))
        if reply[0] != 200:
            for item in waiting:
                note(Outcome.REFUSED, state, item)
            if heeds:
                self.state = state
            return 0.0
        for row in said["saved"]:
            stands = (row["seq"], row["value"]) if "value" in row else None
            note(Outcome.ACKNOWLEDGED, state, row["item"], at=row["at"], code=row["code"], stands=stands)
            if heeds:
                self._settled(row["item"], waiting[row["item"]], row["seq"])
        for row in said["refused"]:
            note(Outcome.REFUSED, "unfit", row["item"])
        return 0.0

    def _settled(self, item: int, sent: Answer, seq: int) -> None:
        self.seqs[item] = max(self.seqs[item], seq)
        if item in self.outbox and self.outbox[item].seq == sent.seq:
            del self.outbox[item]

    def hand_in(self) -> str | None:
        sent = time.monotonic()
        reply = self.ask("POST", f"/exams/sit/{self.seat.attempt}/hand-in", "{}", JSON)
        said = json.loads(reply[2]) if reply and reply[2][:1] == b"{" else {}
        if reply is None or reply[0] >= 500:
            self.history.add(self.note("hand_in", sent, Outcome.UNKNOWN, state=str(reply and reply[0])))
            return None
        done = reply[0] == 200
        outcome = Outcome.ACKNOWLEDGED if done else Outcome.REFUSED
        self.history.add(self.note("hand_in", sent, outcome, state=said.get("state", ""), code=said.get("receipt", "")))
        self.receipt = said.get("receipt", "")
        self.state = said.get("state", "closed")
        return self.state

    # --- the whole sitting

    def sit(self, end: float, *, dark: tuple[float, float] = (0, 0)) -> None:
        """Answer until then, and hand in or leave it to the clock. `dark`: from when to when the screen is off."""
        ready = 0.0
        while time.monotonic() < end and self.state == "sitting":
            if dark[0] <= time.monotonic() < dark[1]:
                time.sleep(0.1)
                continue
            self.think()
            if time.monotonic() >= ready:
                ready = time.monotonic() + self.send()
            time.sleep(self.chance.uniform(0, 2 * self.manner.pause))
        if self.chance.random() < self.manner.hands_in:
            self.finish(end + 6)
        self.close()

    def warm(self) -> None:
        """Open the line: ask for the time."""
        self.ask("POST", f"/exams/sit/{self.seat.attempt}/answers", '{"answers": []}', JSON)

    def finish(self, end: float) -> None:
        """Send what waits, and hand in."""
        while self.outbox and self.state == "sitting" and time.monotonic() < end:
            time.sleep(self.send())
        if self.state == "sitting":
            self.until(self.hand_in, end)
