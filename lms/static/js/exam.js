// The paper while it is sat: answers go out as they are given, the clock is the server's, and the page never says saved before the server did.
import { banner, news, overall, voice, words } from "./exam-banner.js";
import { Mirror, missing, same, waits } from "./exam-mirror.js";
import { forget, keep, look } from "./exam-offline.js";
import { Outbox, jitter } from "./exam-outbox.js";
import { watch } from "./exam-presence.js";
import { Sheet, fill } from "./exam-sheet.js";
import { Time } from "./exam-time.js";

const form = document.getElementById("paper");
const { answers, handIn, door, rescue, exam } = form.dataset;
const clock = document.querySelector("[data-countdown]");
const paper = location.pathname;
const RESCUE_AFTER = 60_000;
const LAST_SECONDS = 8;
const TAKEN = ["closed", "handed_in", "elsewhere"]; // after these the server still looks at what comes

const mirror = new Mirror(exam);
const sheet = new Sheet(form, words);
const time = new Time(clock, mirror);
const outbox = new Outbox({
  mirror,
  answers,
  handIn,
  known: sheet.questions.map(({ item, number, seq, shown, told }) => [item, { number, seq, value: shown, at: told.textContent.replace(/^\D+/, "") }]),
});
let ended = false; // the server's time is over, as far as this page knows
let over = false; // the server said that nothing is saved here any more
let wasCut = false;
let flushed = false;
let spoken = 0;

const unsent = () => mirror.read().unsent;
const show = (name, more) => banner.show(name, { n: unsent, ...more });

// --- answers

for (const question of sheet.questions) {
  const typing = ({ target }) => target === question.text;
  question.element.addEventListener("input", (event) => {
    if (event.target === question.flag) outbox.putFlags(sheet.flags());
    else outbox.put(question.item, question.value, { typing: typing(event) && time.left > LAST_SECONDS });
    question.note("");
    question.count();
    question.mark();
    sheet.tally();
  });
  question.element.addEventListener("change", (event) => typing(event) && outbox.soon());
}

outbox.addEventListener("state", ({ detail: { item, state, at } }) => {
  if (item) sheet.byItem.get(item).say(state, at);
  if (state !== "none") overall(state);
  if (state !== "offline" && state !== "waiting") return;
  wasCut = true;
  show(state, { frail: !mirror.kept });
});

outbox.addEventListener("saved", ({ detail: { item, at, value, yours } }) => {
  const question = sheet.byItem.get(item);
  if (yours !== undefined) {
    // words typed here are shown below, never thrown away
    question.note(question.text ? fill(words.newerText, { yours }) : words.newer);
    voice(words.newer);
  }
  if (!same(question.value, value)) question.value = value;
  question.say("saved", at);
  banner.saved(at);
  sheet.tally();
  if (unsent()) return;
  overall("saved");
  if (wasCut || performance.now() - spoken < 5000) return;
  spoken = performance.now();
  voice(fill(words.voiceSaved, { n: question.number }));
});

outbox.addEventListener("refused", ({ detail: { item, message } }) => {
  const question = sheet.byItem.get(item);
  question.say("refused");
  question.note(message || words.unfit);
  voice(message || words.unfit);
});

outbox.addEventListener("kept", ({ detail: { item, at } }) => {
  sheet.byItem.get(item).say("kept", at);
  overall("none");
});

outbox.addEventListener("signedout", () => show("signedOut", { link: door }));

outbox.addEventListener("time", ({ detail: { left, delay } }) => {
  if (over) return location.reload(); // this device holds the paper again
  const { granted, shortened, slept } = time.heard(left, delay);
  if (granted) news.add(fill(words.granted, { n: granted }));
  if (shortened) news.add(words.shortened);
  if (slept >= 120) news.add(fill(words.slept, { n: Math.round(slept / 60) }));
  banner.hide("signedOut", "guess");
  if (ended && left > 2) resume();
  else if (ended && unsent()) outbox.soon(1000 + jitter(2000));
  else if (ended) outbox.handIn();
  if (unsent()) return;
  banner.hide("offline", "waiting");
  if (wasCut) voice(words.voiceAll);
  wasCut = false;
});

outbox.addEventListener("news", ({ detail }) => {
  mirror.change((content) => {
    for (const one of detail.news) {
      if (one.id <= content.heard) continue;
      content.news.push(one);
      content.heard = one.id;
      news.add(`${one.at} ${one.text}`);
    }
  });
});
news.onRead(() =>
  mirror.change((content) => {
    content.news = [];
  }),
);

// --- the end

// Loaded when it is needed: it only works where the server can be reached, and then it can be loaded.
async function sendRest() {
  const late = await import("./exam-late.js").catch(() => null);
  if (late) await late.sendLate({ attempt: exam, answers });
}

// Shows what the server has received too late.
function tooLate() {
  const late = Object.entries(mirror.read().items).filter(([, one]) => waits(one) && one.kept);
  for (const [item, one] of late) if (sheet.byItem.has(item)) sheet.byItem.get(item).say("kept", one.kept);
}

function freeze() {
  sheet.freeze(true);
  for (const dialog of document.querySelectorAll("#cells, #check, #zoom")) dialog.open && dialog.close();
}

outbox.addEventListener("over", async ({ detail: { state, message, next, saved = [], kept: received = [] } }) => {
  if (over && banner.now && banner.now.name !== "elsewhere") return;
  over = true;
  freeze();
  if (TAKEN.includes(state) && unsent()) await sendRest(); // what other pages of this phone still kept
  tooLate();
  for (const [item] of mirror.waiting().filter(([, entry]) => missing(entry))) if (sheet.byItem.has(item)) sheet.byItem.get(item).say("refused");
  if (unsent()) overall("none");
  offerRescue();
  if (state === "elsewhere") return show("elsewhere", { text: message, link: door });
  clock.hidden = true;
  forget(paper);
  if (state === "handed_in") return show("over", { text: message, link: next });
  if (state !== "closed") return show("over", { text: message, link: next, linkText: state === "void" ? words.voidLink : words.beginLink });
  const told = unsent() || saved.length || received.length;
  show("done", { text: told ? message + (unsent() ? words.leftBehind : "") : words.closed, link: next });
  setTimeout(() => outbox.handIn(), 2000 + jitter(20_000)); // for its receipt number, and not all at once
});

outbox.addEventListener("handed", ({ detail: { receipt: number, next, asked } }) => {
  over = true;
  freeze();
  forget(paper);
  if (asked) return location.assign(next);
  show("done", { receipt: number, text: words.doneText + (unsent() ? words.leftBehind : ""), link: next });
  offerRescue();
});

// At zero the server is asked, a moment spread over all phones later; only its word ends the paper.
clock.addEventListener("countdown:end", ({ detail: { sure } }) => {
  if (over) return;
  if (!sure) return show("guess");
  ended = true;
  freeze();
  show("late", { link: "" });
  outbox.soon(unsent() ? jitter(1000) : 1000 + jitter(9000));
});

function resume() {
  ended = flushed = false;
  sheet.freeze(false);
  banner.hide("late", "guess");
}

// --- hand-in

document.querySelectorAll("[data-check]").forEach((button) => button.addEventListener("click", () => sheet.check()));
document.querySelector("[data-confirm]").addEventListener("click", () => {
  freeze();
  show("handing", { recall: true });
  outbox.askHandIn();
});
outbox.addEventListener("later", () => show("handLater", { recall: true }));
banner.onRecall(() => {
  outbox.recall();
  banner.hide("handing", "handLater");
  if (!ended) sheet.freeze(false);
});

// --- what may happen to a phone

// A phone that slept or was away asks at once what is true.
function ask() {
  if (document.visibilityState === "visible") outbox.wake();
}
watch({
  mirror,
  page: outbox.page,
  onBack: (seconds) => seconds >= 3 && ask(),
  onAway: (n) => n && banner.away(fill(words.away, { n })),
});
document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && unsent() && outbox.send({ leaving: true }));
clock.addEventListener("countdown:doubt", ask);
addEventListener("online", ask);
addEventListener("offline", () => {
  if (over) return;
  outbox.fail(mirror.waiting().map(([item]) => item));
});
addEventListener("pageshow", ({ persisted }) => persisted && ask());

function offerRescue() {
  const [oldest] = mirror.waiting().filter(([, entry]) => missing(entry));
  banner.rescue(Boolean(oldest) && (over || ended || Date.now() - oldest[1].at > RESCUE_AFTER));
}
banner.onRescue(async () => {
  try {
    const { openRescue } = await import(rescue);
    await openRescue({ attempt: exam, mirror });
  } catch {
    news.add(words.noRescue);
  }
});

setInterval(() => {
  offerRescue();
  banner.refresh();
  if (flushed || time.left > LAST_SECONDS || !unsent()) return;
  flushed = true;
  outbox.soon(jitter(2000));
}, 1000);

// --- what the phone had kept, and what another tab of it does

const kept = form.hasAttribute("data-kept");

function merge({ loading = false } = {}) {
  const { items, flags } = mirror.read();
  if (loading && flags && (kept || !flags.sent)) {
    for (const { item, flag } of sheet.questions) flag.checked = flags.items.includes(Number(item));
  }
  for (const question of sheet.questions) {
    const entry = items[question.item];
    const early = loading && !same(question.value, question.shown);
    const newer = entry && entry.seq > question.seq && !(early && entry.at < performance.timeOrigin);
    if (newer && (loading || entry.page !== outbox.page)) {
      if (!same(question.value, entry.value)) question.value = entry.value;
      question.seq = entry.seq;
    } else if (early) {
      outbox.put(question.item, question.value); // tapped before this script had come
    }
    if (!entry || entry.seq < question.seq || (!loading && entry.page === outbox.page)) continue;
    if (waits(entry)) question.say("waiting");
    else if (entry.refused) question.say("refused");
    else {
      outbox.learn(question.item, entry);
      question.say("saved", entry.saved.at);
    }
  }
  sheet.tally();
}
addEventListener("storage", ({ key, newValue }) => key === mirror.key && newValue && merge());

// --- the size of the print changes where one is

document.querySelector("[data-print-switch]").addEventListener("click", (event) => {
  event.preventDefault();
  const button = event.currentTarget;
  const print = button.value;
  document.documentElement.dataset.print = print;
  button.value = print === "large" ? "normal" : "large";
  button.querySelector("span").textContent = button.dataset[button.value];
  look(print);
  fetch(form.dataset.look, { method: "POST", redirect: "manual", body: new URLSearchParams({ print }) }).catch(() => null);
});

// --- begin

merge({ loading: true });
mirror.change((content) => {
  content.title = document.querySelector("h1").textContent;
  content.paper = paper;
});
if (!kept && sheet.questions.some(({ flag }) => flag.checked !== flag.defaultChecked)) outbox.putFlags(sheet.flags());
sheet.open();
time.begin({ kept });
form.addEventListener("submit", (event) => event.preventDefault());
// a copy from the phone is as old as its first opening; what was saved since, the receipts tell
const [newest] = mirror.read().receipts.slice(-1);
if (kept && newest) banner.saved(newest[4]);
for (const one of mirror.read().news) news.add(`${one.at} ${one.text}`);
if (unsent()) overall("waiting");
if (mirror.read().handIn) {
  freeze();
  show("handing", { recall: true });
}
if (mirror.waiting().length || outbox.again.size || mirror.read().handIn || kept) outbox.soon(jitter(1000));
if (!navigator.onLine) outbox.fail(mirror.waiting().map(([item]) => item), "offline");
keep({ paper, files: [rescue] });
