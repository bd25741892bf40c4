"""
Phones with an open paper, as raw HTTP: they keep an answer until it is acknowledged, send it again with the same sequence and page when
the reply did not come, and wait when they are told to. What they did and heard goes to the history. Each is a coroutine.
"""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any
from urllib.parse import urlencode

from exams.day import passes
from tests.faults.city import Seat
from tests.faults.history import Event, History, Outcome
from tests.faults.line import Line, Reply

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
        return self.cookies.get(passes.DEVICE, "")


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
    crowd: float = 0.0  # seconds over which all of them come in, hand in and wake up
    essays: bool = False  # answers in words are long and written anew each time, so that the database grows


class Phone:
    """One opened page. `tab` and `device` tell it from others of the same candidate."""

    def __init__(
        self, seat: Seat, port: int, history: History, *, manner: Manner, seed: str, jar: Jar | None = None
    ) -> None:
        self.seat, self.port, self.history, self.manner = seat, port, history, manner
        self.chance = Random(seed)
        self.name, self.page = seed, self.chance.randrange(1, 2**31)
        self.jar = jar or Jar(seat.cookies())
        self.line = Line(port, manner.patience)
        self.seqs: dict[int, int] = dict.fromkeys(seat.options, 0)
        self.outbox: dict[int, Answer] = {}
        self.texts: dict[int, str] = {}
        self.state = "out"  # out, sitting, elsewhere, and what the server says when it is over
        self.receipt = ""

    # --- one request

    async def ask(self, method: str, path: str, body: str = "", kind: str = FORM) -> Reply | None:
        """The reply, or None when nobody can say what became of it."""
        host, content = f"127.0.0.1:{self.port}", body.encode()
        head = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Origin: http://{host}", f"Cookie: {self.jar.header()}"]
        head += [f"Content-Type: {kind}", f"Content-Length: {len(content)}", "", ""]
        reply = await self.line.ask("\r\n".join(head).encode() + content)
        for one in reply.cookies if reply else ():
            self.jar.take(one)
        return reply

    def close(self) -> None:
        self.line.close()

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

    async def until(self, step: Callable[[], Awaitable[Any]], end: float) -> Any:
        """Try until it goes or the time is over."""
        while time.monotonic() < end:
            if (done := await step()) is not None:
                return done
            await asyncio.sleep(self.chance.uniform(0.05, 0.3))
        return None

    async def enter(self, end: float) -> None:
        """Through the entry page and the pledge to the paper; of what another device holds, take over. Who has a pass needs no entry page."""
        if passes.cookie(self.seat.attempt) not in self.jar.cookies:
            await self.until(self._entry, end)
        await self.until(self._start, end)
        await self.until(self._open, end)

    async def _entry(self) -> bytes | None:
        reply = await self.ask("GET", f"/exams/{self.seat.exam}/")
        return reply.body or b"-" if reply and reply.status < 400 else None

    async def _start(self) -> str | None:
        sent = time.monotonic()
        reply = await self.ask("POST", f"/exams/sit/{self.seat.attempt}/start", urlencode({"pledge": "on"}))
        if reply is None or reply.status != 303:
            self.history.add(self.note("start", sent, Outcome.UNKNOWN))
            return None
        to = reply.headers["location"]
        self.history.add(self.note("start", sent, Outcome.ACKNOWLEDGED, state=to))
        return to

    async def _open(self) -> str | None:
        """The paper, with the sequence of each answer that stands. Where another device holds it: taken over."""
        reply = await self.ask("GET", f"/exams/sit/{self.seat.attempt}/paper")
        if reply is None or reply.status >= 400:
            return None
        if reply.status == 303:
            where = reply.headers["location"]
            if where.endswith("/hand-in/"):
                self.state = "closed"
                return self.state
            return await self.take_over()
        for item, seq in SEQ.findall(reply.body):
            self.seqs[int(item)] = max(int(seq), self.seqs[int(item)])
        self.state = "sitting"
        return self.state

    async def take_over(self) -> str | None:
        """“在这里作答”: the door asked by post, with the token that its form has. None: not yet in."""
        token = "a" * 32
        self.jar.cookies["csrftoken"] = token
        sent = time.monotonic()
        door = f"/exams/attempt/{self.seat.attempt}/"
        reply = await self.ask("POST", door, urlencode({"csrfmiddlewaretoken": token}))
        if reply is None or reply.status >= 400:
            self.history.add(self.note("take_over", sent, Outcome.UNKNOWN, state=str(reply and reply.status)))
            return None
        self.history.add(self.note("take_over", sent, Outcome.ACKNOWLEDGED))
        if not reply.headers["location"].endswith("/paper"):
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

    async def send(self) -> float:
        """Send all that waits; how long to wait before the next time."""
        if not self.outbox or self.state != "sitting":
            return 0.0
        waiting = {item: Answer(one.seq, one.value) for item, one in self.outbox.items()}
        answers = [{"item": item, "seq": one.seq, "value": one.value} for item, one in waiting.items()]
        body = json.dumps({"page": self.page, "answers": answers, "beat": {"unsent": len(answers), "heard": 0}})
        times = 1 + (self.chance.randint(1, 3) if self.chance.random() < self.manner.storms else 0)
        extra = [self._again(body, waiting) for _time in range(times - 1)]
        wait, *_told = await asyncio.gather(self._post(self, body, waiting), *extra)
        return wait

    async def _again(self, body: str, waiting: dict[int, Answer]) -> float:
        """The same request on a line of its own, as a network does that sends twice."""
        double = Phone(self.seat, self.port, self.history, manner=self.manner, seed=f"{self.name}'", jar=self.jar)
        double.page = self.page
        wait = await self._post(double, body, waiting, heeds=False)
        double.close()
        return wait

    async def _post(self, line: "Phone", body: str, waiting: dict[int, Answer], heeds: bool = True) -> float:
        sent, number = time.monotonic(), self.history.number()
        reply = await line.ask("POST", f"/exams/sit/{self.seat.attempt}/answers", body, JSON)

        def note(outcome: Outcome, state: str, item: int, **more: Any) -> None:
            one = waiting[item]
            event = self.note("save", sent, outcome, state=state, item=item, seq=one.seq, value=one.value)
            self.history.add(replace(event, request=number, **more))

        if reply is None or reply.status >= 500:
            said = json.loads(reply.body) if reply and reply.body[:1] == b"{" else {}
            # told to come again: nothing was written, or nobody can say (the connection broke while it was)
            for item in waiting:
                note(Outcome.UNKNOWN, str(reply.status) if reply else "", item)
            return said.get("later", 0.3) * self.manner.haste
        said = json.loads(reply.body) if reply.body[:1] == b"{" else {}
        state = said.get("state", str(reply.status))
        if reply.status != 200:
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

    async def hand_in(self) -> str | None:
        sent = time.monotonic()
        reply = await self.ask("POST", f"/exams/sit/{self.seat.attempt}/hand-in", "{}", JSON)
        said = json.loads(reply.body) if reply and reply.body[:1] == b"{" else {}
        if reply is None or reply.status >= 500:
            self.history.add(self.note("hand_in", sent, Outcome.UNKNOWN, state=str(reply and reply.status)))
            return None
        outcome = Outcome.ACKNOWLEDGED if reply.status == 200 else Outcome.REFUSED
        self.history.add(self.note("hand_in", sent, outcome, state=said.get("state", ""), code=said.get("receipt", "")))
        self.receipt = said.get("receipt", "")
        self.state = said.get("state", "closed")
        return self.state

    # --- the whole sitting

    async def sit(self, end: float, *, dark: tuple[float, float] = (0, 0)) -> None:
        """Answer until then, and hand in or leave it to the clock. `dark`: from when to when the screen is off."""
        hands_in = self.chance.random() < self.manner.hands_in
        until = end - self.chance.uniform(0, self.manner.crowd) if hands_in and not dark[1] else end
        answers = sends = 0.0  # when it will
        while (now := time.monotonic()) < until and self.state == "sitting":
            if dark[0] <= now < dark[1]:
                await asyncio.sleep(dark[1] - now)
                continue
            if now >= answers:
                self.think()
                answers = now + self.chance.uniform(0, 2 * self.manner.pause)
            if self.outbox and now >= sends:
                wait = await self.send()
                sends = time.monotonic() + max(wait, 0.05)
            next_ = min(answers, sends) if self.outbox else answers
            await asyncio.sleep(max(0.0, min(next_, until) - time.monotonic()))
        if hands_in:
            await self.finish(end + 6)
        self.close()

    async def warm(self) -> None:
        """Open the line: ask for the time."""
        await self.ask("POST", f"/exams/sit/{self.seat.attempt}/answers", '{"answers": []}', JSON)

    async def finish(self, end: float) -> None:
        """Send what waits, and hand in."""
        while self.outbox and self.state == "sitting" and time.monotonic() < end:
            await asyncio.sleep(await self.send())
        if self.state == "sitting":
            await self.until(self.hand_in, end)
