// Answers on their way to the server. Each is written to this phone first, sent soon, sent again until the server has it, and only then forgotten.
// Fires: "state" {item, state}, "saved" {item, at, value?}, "refused" {item, message}, "time" {left}, "over" {message, next}, "signedout".
const SOON = 400;
const TYPING = 1500;
const SLOW = 3000; // no reply for this long is said out loud
const PATIENCE = 15_000;
const LONGEST_WAIT = 60_000;

const jitter = (span) => Math.random() * span;

// One place for all tabs of this phone: read, change, write. Without storage it lives as long as the page.
class Store {
  constructor(key) {
    this.key = key;
    this.memory = {};
  }

  read() {
    try {
      return JSON.parse(localStorage.getItem(this.key)) || {};
    } catch {
      return this.memory;
    }
  }

  change(edit) {
    const content = this.read();
    edit(content);
    this.memory = content;
    try {
      if (Object.keys(content).length) localStorage.setItem(this.key, JSON.stringify(content));
      else localStorage.removeItem(this.key);
    } catch {
      // storage is full or forbidden: memory has it
    }
  }
}

export class Outbox extends EventTarget {
  constructor({ attempt, url, token, seqs }) {
    super();
    Object.assign(this, { url, token, known: new Map(seqs), store: new Store(`exam:${attempt}`), failures: 0, timer: 0 });
    this.refusedSeq = new Map();
    this.store.change((kept) => {
      for (const item of Object.keys(kept)) {
        if (item !== "flags" && (!this.known.has(item) || kept[item].seq <= this.known.get(item))) delete kept[item];
      }
    });
  }

  // what was answered here and is not with the server yet: [item, {value, seq}]
  waiting() {
    return Object.entries(this.store.read()).filter(([item, one]) => item !== "flags" && this.refusedSeq.get(item) !== one.seq);
  }

  put(item, value, { typing = false } = {}) {
    this.store.change((kept) => {
      const seq = Math.max(this.known.get(item) || 0, kept[item] ? kept[item].seq : 0) + 1;
      kept[item] = { value, seq };
    });
    this.tell("state", { item, state: "saving" });
    this.schedule((typing ? TYPING : SOON) + jitter(SOON));
  }

  putFlags(flags) {
    this.store.change((kept) => {
      kept.flags = flags;
    });
    this.schedule(SOON + jitter(SOON));
  }

  schedule(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), delay);
  }

  // Try until nothing waits or the time given is over; says whether all is with the server.
  async drain(within) {
    const until = performance.now() + within;
    while (this.waiting().length && performance.now() < until) {
      if (!(await this.send())) await new Promise((done) => setTimeout(done, 500));
    }
    return this.waiting().length === 0;
  }

  // Send all that waits; with nothing waiting this asks for the time left.
  send({ leaving = false } = {}) {
    clearTimeout(this.timer);
    if (!this.sending) {
      this.sending = this.attempt(leaving).finally(() => {
        this.sending = null;
      });
    } else {
      this.again = true;
    }
    return this.sending;
  }

  async attempt(leaving) {
    const batch = this.waiting();
    const flags = this.store.read().flags;
    const body = { answers: batch.map(([item, one]) => ({ item: Number(item), ...one })), flags };
    const items = batch.map(([item]) => item);
    for (const item of items) this.tell("state", { item, state: "saving" });
    const slow = setTimeout(() => this.fail(items), SLOW);
    let reply;
    try {
      reply = await this.post(body, leaving);
    } catch {
      reply = null;
    }
    clearTimeout(slow);
    return this.take(reply, items, flags);
  }

  async post(body, leaving) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), PATIENCE);
    const sent = performance.now();
    try {
      const response = await fetch(this.url, {
        method: "POST",
        credentials: "same-origin",
        redirect: "manual",
        keepalive: leaving,
        signal: stop.signal,
        headers: { "Content-Type": "application/json", "X-CSRFToken": this.token },
        body: JSON.stringify(body),
      });
      // a redirect or a page instead of JSON is the sign-in talking, never an acknowledgement
      if (response.type === "opaqueredirect" || response.status === 403) return { status: 403 };
      return { status: response.status, delay: performance.now() - sent, ...(await response.json()) };
    } finally {
      clearTimeout(timer);
    }
  }

  take(reply, items, flags) {
    if (reply && reply.status === 409) {
      this.acknowledge(reply.saved || []);
      this.tell("over", reply);
      return true;
    }
    if (!reply || reply.status !== 200) {
      this.retry(items);
      if (reply && reply.status === 403) this.tell("signedout", {});
      return false;
    }
    this.failures = 0;
    this.acknowledge(reply.saved);
    for (const one of reply.refused) {
      this.refusedSeq.set(String(one.item), one.seq);
      this.tell("refused", { item: String(one.item), message: one.message });
    }
    if (flags) this.store.change((kept) => String(kept.flags) === String(flags) && delete kept.flags);
    this.tell("time", { left: reply.left - reply.delay / 2000 });
    if (this.waiting().length || this.again) this.schedule(jitter(SOON));
    this.again = false;
    return true;
  }

  acknowledge(saved) {
    for (const one of saved) {
      const item = String(one.item);
      this.known.set(item, Math.max(this.known.get(item) || 0, one.seq));
      this.store.change((kept) => kept[item] && kept[item].seq <= one.seq && delete kept[item]);
      const newer = this.store.read()[item];
      if (newer) this.tell("state", { item, state: "saving" });
      else this.tell("saved", { item, at: one.at, value: one.value });
    }
  }

  fail(items) {
    const state = navigator.onLine ? "waiting" : "offline";
    for (const item of items) this.tell("state", { item, state });
  }

  retry(items) {
    this.failures += 1;
    this.fail(items);
    const wait = Math.min(LONGEST_WAIT, 1000 * 2 ** Math.min(this.failures, 6));
    this.schedule(wait / 2 + jitter(wait / 2));
  }

  tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
