// The page before the bell: looks at this phone, counts down by what the server said, and lights the button at the bell without a reload.
// Once the button is lit it stays lit: the server judges the tap, and says so if it came too early.
const words = document.querySelector("[data-words]").dataset;
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);
const AGAIN = 240_000; // how often the waiting page asks the server, more or less
const DAY = 86_400;

// --- the phone

function say(name, tone, text) {
  const row = document.querySelector(`[data-check="${name}"]`);
  for (const sign of row.querySelectorAll("[data-sign]")) sign.hidden = sign.dataset.sign !== tone;
  row.querySelector("[data-said]").textContent = text;
}

async function ask(url) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 10_000);
  const sent = performance.now();
  try {
    const response = await fetch(url, { credentials: "same-origin", redirect: "manual", cache: "no-store", signal: stop.signal });
    if (!response.ok) throw new Error(String(response.status));
    const reply = await response.json();
    return { ...reply, took: performance.now() - sent };
  } finally {
    clearTimeout(timer);
  }
}

function browser() {
  const fine = "serviceWorker" in navigator && "AbortController" in window && window.crypto && crypto.subtle;
  say("browser", fine ? "ok" : "warn", fine ? words.browserOk : words.browserWarn);
}

async function storage() {
  try {
    localStorage.setItem("exam:check", "1".repeat(100_000));
    localStorage.removeItem("exam:check");
  } catch {
    return say("storage", "bad", words.storageBad);
  }
  const room = navigator.storage && navigator.storage.estimate ? await navigator.storage.estimate().catch(() => null) : null;
  const tight = room && room.quota && room.quota - room.usage < 20_000_000;
  return say("storage", tight ? "warn" : "ok", tight ? words.storageWarn : words.storageOk);
}

function gap(seconds) {
  const off = Math.abs(seconds);
  const [unit, size] = [["wholeDays", DAY], ["hours", 3600], ["minutes", 60], ["seconds", 1]].find(([, one]) => off >= 1.5 * one || one === 1);
  return fill(words[unit], { n: Math.round(off / size) });
}

async function network(url) {
  try {
    await ask(url); // the first one also opens the connection
    const reply = await ask(url);
    const ms = Math.round(reply.took);
    say("network", ms < 1500 ? "ok" : "warn", fill(ms < 1500 ? words.networkOk : words.networkWarn, { ms }));
    const off = Date.now() / 1000 - reply.epoch - reply.took / 2000;
    say("clock", Math.abs(off) < 30 ? "ok" : "warn", Math.abs(off) < 30 ? words.clockOk : fill(words.clockWarn, { gap: gap(off) }));
  } catch {
    say("network", "bad", words.networkBad);
    say("clock", "open", words.clockOpen);
  }
}

function screenSize() {
  const large = document.documentElement.dataset.print === "large";
  const narrow = document.documentElement.clientWidth < 320;
  say("screen", narrow ? "warn" : "ok", narrow ? words.screenWarn : large ? words.screenLarge : words.screenOk);
}

// The paper's own files with what they import, so that at the bell only the paper has to come. A <link rel="prefetch"> is refused by our policy
// in a Chromium before 113, which then reports it.
async function ahead(files) {
  const wanted = new Set(files.map((file) => new URL(file, location.href).href));
  try {
    for (const url of wanted) {
      const text = await (await fetch(url)).text();
      for (const [, part] of text.matchAll(/^import .*"(\.\/[^"]+)"/gm)) wanted.add(new URL(part, url).href);
    }
  } catch {
    // then they come with the paper
  }
}

const checks = document.querySelector("[data-checks]");
for (const row of checks.querySelectorAll("[data-check]")) say(row.dataset.check, "open", words.looking);
browser();
storage();
network(checks.dataset.clock).then(() => ahead(checks.dataset.ahead.split(" ")));
screenSize();
addEventListener("online", () => network(checks.dataset.clock));
addEventListener("offline", () => say("network", "bad", words.networkBad));
addEventListener("resize", screenSize);

// --- the bell

function written(seconds) {
  const left = Math.max(0, Math.ceil(seconds));
  if (left >= DAY) return fill(words.days, { d: Math.floor(left / DAY), h: Math.floor((left % DAY) / 3600) });
  const pad = (n) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(left / 3600), Math.floor((left % 3600) / 60)];
  return `${hours ? `${hours}:${pad(minutes)}` : minutes}:${pad(left % 60)}`;
}

function wait(bell) {
  const form = document.getElementById("start");
  const button = document.querySelector("[data-begin]");
  const voice = bell.querySelector("[data-bell-say]");
  let at = performance.now() + Number(bell.dataset.bell) * 1000;
  let rung = false;

  const ring = () => {
    rung = true;
    form.action = form.dataset.start;
    button.disabled = false;
    button.textContent = button.dataset.begin;
    bell.querySelector("[data-left]").textContent = words.open;
    bell.querySelector("[data-wait-hint]").hidden = true;
    bell.querySelector("[data-wait-how]").textContent = voice.textContent = voice.dataset.now;
  };
  const show = () => {
    if (rung) return;
    const left = (at - performance.now()) / 1000;
    bell.querySelector("[data-left]").textContent = written(left);
    if (left <= 60 && left > 0 && !voice.textContent) voice.textContent = voice.dataset.soon;
    if (left <= 0) ring();
  };
  // a sleeping phone's steady clock may stand still, and a window may be moved: the server is asked again
  const sync = async () => {
    try {
      const reply = await ask(bell.dataset.clock);
      at = performance.now() + reply.left * 1000;
      show();
    } catch {
      // no network: the countdown goes on by what was known
    }
  };
  const often = () => setTimeout(() => (rung ? null : sync().then(often)), AGAIN * (0.75 + Math.random() / 2));
  bell.querySelector("[data-wait-how]").textContent = words.waitHow;
  document.addEventListener("visibilitychange", () => document.hidden || rung || sync());
  setInterval(show, 250);
  show();
  often();
}

const bell = document.querySelector("[data-bell]");
if (bell) wait(bell);
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
