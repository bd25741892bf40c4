// A lesson: tells the server that it is being read, keeps the place, answers check questions in place.
// What counts is what the server witnesses; nothing here measures time.
const EVERY = 20_000;
const article = document.querySelector("[data-lesson]");
const token = () => document.querySelector("input[name=csrfmiddlewaretoken]")?.value ?? "";
const blocks = [...document.querySelectorAll("[data-block]")];
// some in-app browsers never report the focus, so only a reported loss of it counts
let away = false;
let timer = 0;

/** The first block that is still in view. */
const place = () => blocks.find((block) => block.getBoundingClientRect().bottom > 96)?.dataset.block ?? "";

const message = () => {
  const form = new FormData();
  form.set("csrfmiddlewaretoken", token());
  form.set("place", place());
  return form;
};

const show = ({ seconds, shortfall, studied }) => {
  const set = (selector, act) => document.querySelectorAll(selector).forEach(act);
  set("[data-studied]", (node) => { node.textContent = studied; });
  set("[data-bar]", (node) => { node.value = seconds; });
  set("[data-shortfall]", (node) => {
    const words = shortfall || node.dataset.enough;
    if (node.textContent !== words) node.textContent = words;
  });
  set("[data-finish]", (node) => { node.classList.toggle("quiet", Boolean(shortfall)); });
};

const trouble = (is) => document.querySelectorAll("[data-trouble]").forEach((node) => { node.hidden = !is; });

const beat = async () => {
  if (document.visibilityState !== "visible" || away) return;
  try {
    const answer = await fetch(article.dataset.lesson, { method: "POST", body: message(), redirect: "error" });
    if (!answer.ok) throw new Error(String(answer.status));
    show(await answer.json());
    trouble(false);
  } catch {
    trouble(true);
  }
};

const start = () => {
  clearInterval(timer);
  timer = setInterval(beat, EVERY);
  beat();
};

const leave = () => {
  clearInterval(timer);
  timer = 0;
  navigator.sendBeacon?.(article.dataset.lesson, message());
};

const resume = () => {
  const note = document.querySelector("[data-resume]");
  const block = note && document.getElementById(note.hash.slice(1));
  if (!block) return;
  // a place in the address, or one the browser has kept on going back, is the reader's own wish
  if (location.hash || scrollY > 200) return;
  const words = note.querySelector("[data-words]");
  words.textContent = words.dataset.words;
  block.before(note);
  note.scrollIntoView({ block: "start" });
};

const answer = async (event) => {
  const form = event.target.closest?.("[data-check]");
  if (!form) return;
  event.preventDefault();
  try {
    const reply = await fetch(form.action, {
      method: "POST", body: new FormData(form), headers: { "X-Requested-With": "fetch" }, redirect: "error",
    });
    if (!reply.ok) throw new Error(String(reply.status));
    const parsed = new DOMParser().parseFromString(await reply.text(), "text/html").querySelector("[data-check]");
    form.replaceWith(parsed);
    parsed.querySelector("[data-verdict], .error")?.scrollIntoView({ block: "nearest" });
  } catch {
    form.submit();
  }
};

if (article) {
  resume();
  start();
  addEventListener("blur", () => { away = true; });
  addEventListener("focus", () => { away = false; beat(); });
  document.addEventListener("visibilitychange", () => (document.visibilityState === "visible" ? start() : leave()));
  addEventListener("pagehide", () => timer && leave());
  document.addEventListener("submit", answer);
}
