// The paper while it is sat: answers go out as they are given, the clock is the server's, and the page never says saved before the server did.
import { sync } from "./countdown.js";
import { Outbox } from "./exam-outbox.js";
import { Sheet, fill } from "./exam-sheet.js";

const form = document.getElementById("paper");
const words = document.querySelector("[data-words]").dataset;
const clock = document.querySelector("[data-countdown]");
const pill = document.querySelector("[data-save]");
const banner = document.querySelector("[data-banner]");
const PULSE = 90_000;

const sheet = new Sheet(form, words);
const outbox = new Outbox({
  attempt: form.dataset.exam,
  url: form.action,
  token: form.querySelector("[name=csrfmiddlewaretoken]").value,
  seqs: sheet.questions.map((question) => [question.item, question.seq]),
});
let lastSaved = pill.querySelector("[data-at]").textContent;
let heard = performance.now();
let leaving = false;
let ended = false;
let signedOut = false;

function tell(name) {
  banner.hidden = !name;
  if (!name) return;
  const values = { n: outbox.waiting().length, at: lastSaved || words.never };
  write("[data-banner-title]", fill(words[`${name}Title`], values));
  write("[data-banner-text]", fill(words[`${name}Text`], values));
}

// The same words again would be read out again.
function write(place, text) {
  const element = banner.querySelector(place);
  if (element.textContent !== text) element.textContent = text;
}

function overall(state) {
  pill.hidden = state === "none";
  if (pill.dataset.state !== state) pill.dataset.state = state;
  pill.querySelector("[data-at]").textContent = lastSaved;
}

// --- answers

for (const question of sheet.questions) {
  question.element.addEventListener("input", ({ target }) => {
    if (target === question.flag) outbox.putFlags(sheet.flags());
    else outbox.put(question.item, question.value, { typing: target === question.text });
    question.note("");
    question.count();
    question.mark();
    sheet.tally();
  });
}

outbox.addEventListener("state", ({ detail }) => {
  sheet.byItem.get(detail.item).say(detail.state);
  overall(detail.state);
  if (detail.state === "offline" || detail.state === "waiting") tell(signedOut ? "signedOut" : detail.state);
});

outbox.addEventListener("saved", ({ detail }) => {
  const question = sheet.byItem.get(detail.item);
  if (detail.value !== undefined) {
    // words typed here are shown below, never thrown away
    question.note(question.text ? fill(words.newerText, { yours: question.value }) : words.newer);
    question.value = detail.value;
  }
  lastSaved = detail.at;
  question.say("saved", detail.at);
  sheet.tally();
  if (outbox.waiting().length) return;
  overall("saved");
  tell("");
});

outbox.addEventListener("refused", ({ detail }) => {
  const question = sheet.byItem.get(detail.item);
  question.say("refused");
  question.note(detail.message);
});

outbox.addEventListener("signedout", () => {
  signedOut = true;
  tell("signedOut");
});

outbox.addEventListener("time", ({ detail }) => {
  heard = performance.now();
  signedOut = false;
  sync(clock, detail.left);
  if (ended && detail.left > 2) resume();
  else if (ended) outbox.schedule(1000 + Math.random() * 1000);
  if (!outbox.waiting().length) tell("");
});

outbox.addEventListener("over", ({ detail }) => {
  leaving = true;
  sheet.freeze(true);
  location.assign(detail.next || form.dataset.handIn);
});

// --- time

// At zero the server is asked, a moment spread over all phones later; only its word ends the paper.
clock.addEventListener("countdown:end", () => {
  ended = true;
  sheet.freeze(true);
  tell("late");
  outbox.schedule(1000 + Math.random() * 2000);
});

// There is more time than this page knew.
function resume() {
  ended = false;
  delete clock.dataset.said;
  sheet.freeze(false);
}

// A phone that slept or was away asks at once what time it is.
function ask() {
  if (document.visibilityState === "visible" && !leaving) outbox.send();
}
document.addEventListener("visibilitychange", () => (document.visibilityState === "visible" ? ask() : outbox.waiting().length && outbox.send({ leaving: true })));
addEventListener("online", ask);
addEventListener("offline", () => outbox.fail(outbox.waiting().map(([item]) => item)) || tell("offline"));
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
setInterval(() => performance.now() - heard > PULSE + Math.random() * PULSE && ask(), 15_000);

// --- hand-in

for (const button of document.querySelectorAll("[data-check]")) {
  button.addEventListener("click", async () => {
    button.disabled = true;
    const sent = await outbox.drain(8000);
    button.disabled = false;
    if (leaving) return;
    if (sent && navigator.onLine) {
      location.assign(form.dataset.handIn);
      return;
    }
    sheet.cells.close();
    tell("unsent");
    banner.scrollIntoView({ block: "center" });
  });
}
form.addEventListener("submit", (event) => event.preventDefault());

// --- what was given before this script had come, and what a reload found on this phone

const kept = new Map(outbox.waiting());
for (const question of sheet.questions) {
  if (question.early && !kept.has(question.item)) outbox.put(question.item, question.value);
}
if (sheet.questions.some(({ flag }) => flag.checked !== flag.defaultChecked)) outbox.putFlags(sheet.flags());

overall(pill.dataset.state);
sheet.tally();
for (const [item, one] of outbox.waiting()) {
  const question = sheet.byItem.get(item);
  question.value = one.value;
  question.say("waiting");
}
if (outbox.waiting().length) {
  overall("waiting");
  outbox.send();
}
