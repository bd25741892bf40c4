// [data-countdown=seconds] counts down by the page's own steady clock from what the server said; the device's time of day plays no part.
// sync(element, seconds) sets it right again; the element fires "countdown:end" once.
const FIVE = 300;
const ONE = 60;
const ends = new WeakMap();

export function text(seconds) {
  const left = Math.max(0, Math.ceil(seconds));
  const pad = (n) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(left / 3600), Math.floor((left % 3600) / 60)];
  return (hours ? `${hours}:${pad(minutes)}` : `${minutes}`) + `:${pad(left % 60)}`;
}

export function sync(element, seconds) {
  ends.set(element, performance.now() + seconds * 1000);
  show(element);
}

function say(element, key) {
  const voice = element.parentElement.querySelector("[data-countdown-say]");
  if (!voice || element.dataset.said === key) return;
  element.dataset.said = key;
  voice.textContent = voice.dataset[key];
}

function show(element) {
  const left = (ends.get(element) - performance.now()) / 1000;
  element.querySelector("[data-left]").textContent = text(left);
  element.dataset.state = left <= ONE ? "last" : left <= FIVE ? "soon" : "";
  if (left > FIVE) return;
  if (left > 0) return say(element, left <= ONE ? "one" : "five");
  if (element.dataset.said === "end") return;
  say(element, "end");
  element.dataset.said = "end";
  element.dispatchEvent(new CustomEvent("countdown:end", { bubbles: true }));
}

const clocks = [...document.querySelectorAll("[data-countdown]")];
clocks.forEach((element) => sync(element, Number(element.dataset.countdown)));
if (clocks.length) setInterval(() => clocks.forEach(show), 500);
