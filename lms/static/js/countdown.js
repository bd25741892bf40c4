// [data-countdown=seconds] counts down from what the server said by the page's own steady clock; what the device holds for the time of day plays no part.
// sync(element, seconds) sets it right again. Fires "countdown:end" once, {sure: false} when the seconds were a guess, and "countdown:doubt" when the
// device seems to have slept, for then the steady clock stood still: until the next sync the smaller figure is shown, and called a guess.
const FIVE = 300;
const ONE = 60;
const SLEPT = 5000;
const starts = new WeakMap();

export function text(seconds) {
  const left = Math.max(0, Math.floor(seconds));
  const pad = (n) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(left / 3600), Math.floor((left % 3600) / 60)];
  return (hours ? `${hours}:${pad(minutes)}` : `${minutes}`) + `:${pad(left % 60)}`;
}

export function sync(element, seconds, { guess = false } = {}) {
  starts.set(element, { seconds, guess, tick: performance.now(), wall: Date.now(), doubted: false });
  show(element);
}

// Seconds left by the steady clock; how long the device may have slept since, in ms.
export function reading(element) {
  const { seconds, tick, wall } = starts.get(element);
  const passed = performance.now() - tick;
  return { left: seconds - passed / 1000, slept: Math.max(0, Date.now() - wall - passed) };
}

function say(element, key) {
  const voice = element.parentElement.querySelector("[data-countdown-say]");
  if (!voice || element.dataset.said === key) return;
  element.dataset.said = key;
  voice.textContent = voice.dataset[key];
}

function show(element) {
  const start = starts.get(element);
  const { left, slept } = reading(element);
  const doubt = slept > SLEPT;
  const shown = doubt ? left - slept / 1000 : left;
  element.querySelector("[data-left]").textContent = text(shown);
  const guess = element.querySelector("[data-guess]");
  if (guess) guess.hidden = !doubt && !start.guess;
  element.dataset.state = shown <= ONE ? "last" : shown <= FIVE ? "soon" : "";
  if (doubt && !start.doubted) {
    start.doubted = true;
    element.dispatchEvent(new CustomEvent("countdown:doubt", { bubbles: true }));
  }
  if (shown > FIVE) delete element.dataset.said;
  else if (shown > 0) say(element, shown <= ONE ? "one" : "five");
  if (left > 0 || start.ended) return;
  start.ended = true;
  if (!start.guess) say(element, "end");
  element.dispatchEvent(new CustomEvent("countdown:end", { bubbles: true, detail: { sure: !start.guess } }));
}

const clocks = [...document.querySelectorAll("[data-countdown]")];
clocks.forEach((element) => sync(element, Number(element.dataset.countdown)));
if (clocks.length) setInterval(() => clocks.forEach(show), 500);
