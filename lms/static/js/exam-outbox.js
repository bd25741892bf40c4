// Answers on their way to the server. Each is written to this phone first, sent soon, and sent again until the server has said that it has it.
// One request is under way at a time. Fires: "state" {item, state}, "saved" {item, at, value, yours?}, "kept" {item, at}, "refused" {item, message}, "time" {left, delay},
// "news" {news}, "over" {state, message, next}, "signedout", "later" (a hand-in has to wait), "handed" {receipt, next}.
import { post } from "./exam-post.js";
import { same, waits } from "./exam-mirror.js";

const SOON = 400;
const TYPING = 1500;
const LONGEST_TYPING = 10_000;
const SLOW = 2000; // no reply for this long is said out loud
const LONGEST_WAIT = 60_000;
const BEAT_WITH = 60_000; // a save takes the beat along when the last one is this old
const BEAT_ALONE = 75_000; // and one of its own is sent after this silence, give or take
const MOST = 100;

export const jitter = (span) => Math.random() * span;
const clock = () => performance.now();

// The same receipt comes again when its answer was sent again.
function note(receipts, number, { item, seq, at, code }, { page }) {
  if (code && !receipts.some((one) => one[5] === code)) receipts.push([number, item, seq, page, at, code]);
}

export class Outbox extends EventTarget {
  // known: [[item, {number, seq, value}]] as the page shows them
  constructor({ mirror, answers, handIn, known }) {
    super();
    Object.assign(this, { mirror, addresses: { answers, handIn }, page: 1 + Math.floor(Math.random() * (2 ** 31 - 2)), known: new Map(known) });
    Object.assign(this, { failures: 0, due: Infinity, typedDue: Infinity, notBefore: 0, most: MOST, stopped: false, beaten: clock() - jitter(BEAT_WITH) });
    // newer here than on the page: the page is an older copy, or the server lost it; asked once more, the same receipt comes back
    const newer = Object.entries(mirror.read().items).filter(([item, one]) => this.known.has(item) && one.saved && one.seq > this.known.get(item).seq);
    this.again = new Set(newer.map(([item]) => item));
    for (const [item, entry] of newer) this.learn(item, entry);
    this.silent();
  }

  // The server has this, as far as this browser knows.
  learn(item, entry) {
    const { number } = this.known.get(item);
    this.known.set(item, { number, seq: entry.seq, value: entry.value, at: entry.saved.at, entry });
  }

  put(item, value, { typing = false } = {}) {
    const known = this.known.get(item);
    let dropped = false;
    this.mirror.change(({ items }) => {
      const kept = items[item];
      const fresh = kept && !kept.saved && !kept.tried && kept.page === this.page; // never sent: its number is still free
      if (same(value, known.value) && (!kept || kept.saved || fresh)) {
        dropped = true;
        if (fresh && known.entry) items[item] = known.entry;
        else if (fresh) delete items[item];
        return;
      }
      const seq = fresh ? kept.seq : Math.max(known.seq, kept ? kept.seq : 0) + 1;
      items[item] = { number: known.number, seq, value, page: this.page, at: Date.now(), tick: clock(), saved: null };
    });
    if (dropped) return this.tell("state", { item, state: known.seq ? "saved" : "none", at: known.at });
    this.tell("state", { item, state: "saving" });
    if (typing) {
      this.typedSince ||= clock();
      this.typedDue = Math.min(clock() + TYPING + jitter(SOON), this.typedSince + LONGEST_TYPING);
      this.arm();
    } else {
      this.soon();
    }
  }

  putFlags(flags) {
    this.mirror.change((content) => {
      content.flags = { items: flags, sent: false };
    });
    this.soon();
  }

  // The worker wants to hand in: remembered, and done as soon as the server has every answer.
  askHandIn() {
    this.mirror.change((content) => {
      content.handIn = true;
    });
    this.wake();
  }

  recall() {
    this.mirror.change((content) => delete content.handIn);
  }

  soon(delay = SOON + jitter(SOON)) {
    this.due = Math.min(this.due, clock() + delay);
    this.arm();
  }

  arm() {
    clearTimeout(this.timer);
    const at = Math.max(Math.min(this.due, this.typedDue), this.notBefore);
    if (at < Infinity && !this.stopped) this.timer = setTimeout(() => this.send(), at - clock());
  }

  // A connection that is there again need not be waited for.
  wake() {
    this.notBefore = 0;
    return this.send();
  }

  // Send what waits; with nothing waiting this asks for the time left.
  send({ leaving = false } = {}) {
    if (this.sending) {
      this.soon(0);
      return this.sending;
    }
    clearTimeout(this.timer);
    Object.assign(this, { due: Infinity, typedDue: Infinity, typedSince: 0 });
    this.sending = this.round(leaving).finally(() => {
      this.sending = null;
      this.arm();
    });
    return this.sending;
  }

  async round(leaving) {
    const content = this.mirror.read();
    const batch = this.batch(content);
    const flags = content.flags && !content.flags.sent;
    if (!batch.length && content.handIn && !flags) return this.handIn();
    const body = { page: batch.length ? batch[0][1].page : this.page, answers: batch.map(this.row, this) };
    if (flags) body.flags = content.flags.items;
    const beats = clock() - this.beaten >= BEAT_WITH || !batch.length;
    if (beats) body.beat = this.beat(content);
    const items = batch.map(([item]) => item);
    this.mirror.change((now) => items.forEach((item) => (now.items[item].tried = true)));
    const fresh = items.filter((item) => !this.again.has(item));
    for (const item of fresh) this.tell("state", { item, state: "saving" });
    const slow = setTimeout(() => this.fail(fresh), SLOW);
    const reply = await post(this.addresses.answers, body, { leaving });
    clearTimeout(slow);
    this.take(reply, batch, body, fresh);
  }

  // What can go in one request: answers of one page number, the oldest first. An answer keeps the number of the page it was given on,
  // so that the server knows it again when its receipt was lost on the way.
  batch(content) {
    const due = Object.entries(content.items).filter(([item, one]) => this.known.has(item) && (waits(one) || this.again.has(item)));
    due.sort(([, a], [, b]) => a.at - b.at);
    return due.filter(([, one]) => one.page === due[0][1].page).slice(0, this.most);
  }

  row([item, one]) {
    const steady = one.page === this.page ? clock() - one.tick : 0; // stands still while the phone sleeps
    return { item: Number(item), seq: one.seq, value: one.value, age: Math.round(Math.max(0, Date.now() - one.at, steady)) };
  }

  beat({ unsent, heard, away }) {
    return { unsent, heard, away: away.map(([back, seconds]) => [Math.max(0, Math.round((Date.now() - back) / 1000)), seconds]) };
  }

  async handIn() {
    const asked = this.mirror.read().handIn;
    const reply = await post(this.addresses.handIn, {});
    if (reply.status === 200) {
      this.stopped = true;
      this.mirror.change((content) => {
        delete content.handIn;
        content.handed = reply.receipt;
      });
      return this.tell("handed", { ...reply, asked });
    }
    if (reply.status === 409) return this.end(reply);
    this.retry(reply, []);
    if (reply.status === 403) this.tell("signedout", {});
    if (asked) this.tell("later", {});
  }

  take(reply, batch, body, fresh) {
    if (reply.status === 409) {
      this.acknowledge(reply.saved || [], batch);
      this.kept(reply.kept || [], batch);
      for (const one of reply.refused || []) this.refuse(String(one.item), one.seq, one.message);
      return this.end(reply);
    }
    if ([400, 404, 413].includes(reply.status) && batch.length) return this.alone(batch);
    if (reply.status !== 200) {
      this.retry(reply, fresh);
      if (reply.status === 403) this.tell("signedout", {});
      if (this.mirror.read().handIn) this.tell("later", {});
      return;
    }
    Object.assign(this, { failures: 0, notBefore: 0, stopped: false });
    if (body.beat) this.beaten = clock();
    this.mirror.change((content) => {
      if (body.flags && same(content.flags.items, body.flags)) content.flags.sent = true;
      if (body.beat) content.away.splice(0, body.beat.away.length);
    });
    this.acknowledge(reply.saved, batch);
    for (const one of reply.refused) this.refuse(String(one.item), one.seq, one.message);
    this.tell("time", { left: reply.left, delay: reply.delay });
    if (reply.news) this.tell("news", { news: reply.news });
    const left = this.mirror.read();
    const flags = left.flags && !left.flags.sent;
    if (this.batch(left).length || flags || left.handIn) this.soon(left.handIn ? 0 : jitter(SOON));
    this.silent();
  }

  // Something in it no server takes: one at a time, so that the others are not held up.
  alone(batch) {
    if (batch.length === 1) this.refuse(batch[0][0], batch[0][1].seq, "");
    this.most = 1;
    this.soon();
  }

  refuse(item, seq, message) {
    this.again.delete(item);
    this.mirror.change(({ items }) => {
      if (items[item] && items[item].seq === seq) items[item].refused = true;
    });
    this.tell("refused", { item, message });
  }

  acknowledge(rows, batch) {
    const sent = new Map(batch);
    for (const row of rows) {
      const item = String(row.item);
      const mine = sent.get(item);
      if (!mine) continue;
      const stands = row.value === undefined ? mine.value : row.value;
      const { number } = this.known.get(item);
      const entry = { number, seq: row.seq, value: stands, page: mine.page, at: mine.at, saved: { at: row.at, code: row.code } };
      this.learn(item, entry);
      this.again.delete(item);
      let newer = false;
      let yours = mine.value;
      this.mirror.change((content) => {
        const kept = content.items[item] || mine;
        newer = kept.seq > row.seq;
        yours = kept.value;
        if (!newer) content.items[item] = entry;
        note(content.receipts, number, row, mine);
      });
      if (newer) this.tell("state", { item, state: "saving" });
      else this.tell("saved", { item, at: row.at, value: stands, ...(same(stands, yours) ? {} : { yours }) });
    }
  }

  // The server has it and a person decides. It stays here only for the case that this device gets the paper back: then it goes out as an answer.
  kept(rows, batch) {
    const sent = new Map(batch);
    for (const row of rows) {
      const item = String(row.item);
      const mine = sent.get(item);
      if (!mine) continue;
      this.again.delete(item);
      this.mirror.change(({ items, receipts }) => {
        if (items[item] && items[item].seq === row.seq) items[item].kept = row.at;
        note(receipts, mine.number, row, mine);
      });
      this.tell("kept", { item, at: row.at });
    }
  }

  end(reply) {
    this.stopped = true;
    this.recall();
    this.tell("over", reply);
  }

  fail(items, state = navigator.onLine ? "waiting" : "offline") {
    for (const item of items) this.tell("state", { item, state });
    if (!items.length) this.tell("state", { state });
  }

  retry(reply, items) {
    this.failures += 1;
    this.fail(items, reply.status === 0 || !navigator.onLine ? "offline" : "waiting");
    const wait = reply.later ? reply.later * 2000 : Math.min(LONGEST_WAIT, 1000 * 2 ** Math.min(this.failures, 6));
    this.notBefore = clock() + wait / 2 + jitter(wait / 2);
    this.soon(0);
  }

  // A phone that is there but says nothing is heard of now and then.
  silent() {
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => (this.stopped ? null : this.soon(0)), BEAT_ALONE - 15_000 + jitter(30_000));
  }

  tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
