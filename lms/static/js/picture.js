// Pictures of questions; loaded only by a page that has some. One that does not come says so and is asked for again; each opens on the whole screen.
const words = document.querySelector("[data-picture-words]").dataset;
const zoom = document.getElementById("zoom");
const view = zoom.querySelector(".zoom-view");
const big = view.querySelector("img");
const said = zoom.querySelector("[data-zoom-said]");
const SCALES = [1, 1.5, 2, 3, 4, 6];
const TRIES = 4;
let scale = 0; // its place in SCALES
let opener = null;

// --- one that did not come

function watch(figure) {
  const img = figure.querySelector("img");
  const again = figure.querySelector("[data-picture-again]");
  const link = figure.querySelector("[data-zoom]");
  let tries = 0;
  let timer = 0;
  const load = () => {
    clearTimeout(timer);
    again.textContent = words.trying;
    img.src = img.src; // the same address is fetched anew where it failed
  };
  const failed = () => {
    again.textContent = words.failed;
    again.hidden = false;
    link.hidden = true;
    if (tries < TRIES) timer = setTimeout(load, 2 ** tries * (2000 + Math.random() * 4000));
    tries += 1;
  };
  img.addEventListener("error", failed);
  img.addEventListener("load", () => {
    clearTimeout(timer);
    link.hidden = false;
    if (document.activeElement === again) link.focus();
    again.hidden = true;
  });
  again.addEventListener("click", load);
  addEventListener("online", () => again.hidden || setTimeout(load, Math.random() * 3000));
  if (img.complete && !img.naturalWidth) failed();
  if (!zoom.showModal) return; // then the link opens the picture by itself
  link.setAttribute("role", "button");
  link.setAttribute("aria-haspopup", "dialog");
  link.addEventListener("click", (event) => {
    event.preventDefault();
    open(figure, img, link);
  });
  link.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    open(figure, img, link);
  });
}

// --- on the whole screen

function open(figure, img, link) {
  opener = link;
  zoom.querySelector("h2").textContent = figure.dataset.picture;
  for (const name of ["src", "alt", "width", "height"]) big.setAttribute(name, img.getAttribute(name));
  tell();
  zoom.showModal();
  said.textContent = "";
  to(0);
  zoom.querySelector("[data-zoom-step='1']").focus();
}

// As wide as fits whole into the view, times the scale; what was in the middle stays there.
function to(place) {
  const middle = [(view.scrollLeft + view.clientWidth / 2) / view.scrollWidth, (view.scrollTop + view.clientHeight / 2) / view.scrollHeight];
  scale = Math.min(Math.max(place, 0), SCALES.length - 1);
  zoom.querySelector("[data-zoom-move]").hidden = !scale;
  const [width, height] = ["width", "height"].map((name) => Number(big.getAttribute(name)));
  const fit = Math.min(view.clientWidth / width, view.clientHeight / height);
  big.style.inlineSize = `${Math.floor(width * fit * SCALES[scale])}px`;
  view.scrollTo(middle[0] * view.scrollWidth - view.clientWidth / 2, middle[1] * view.scrollHeight - view.clientHeight / 2);
  zoom.querySelector("[data-zoom-scale]").textContent = `${SCALES[scale] * 100}%`;
  const ends = { "-1": !scale, 0: !scale, 1: scale === SCALES.length - 1 };
  for (const button of zoom.querySelectorAll("[data-zoom-step]")) button.setAttribute("aria-disabled", ends[button.dataset.zoomStep]);
}

const step = (way) => to(way ? scale + way : 0);
const move = (x, y) => view.scrollBy({ left: (x * view.clientWidth) / 3, top: (y * view.clientHeight) / 3 });
const KEYS = {
  "+": () => step(1),
  "=": () => step(1),
  "-": () => step(-1),
  0: () => step(0),
  ArrowLeft: () => move(-1, 0),
  ArrowRight: () => move(1, 0),
  ArrowUp: () => move(0, -1),
  ArrowDown: () => move(0, 1),
};

zoom.addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  if (!button) return;
  const { zoomStep, zoomX = 0, zoomY = 0 } = button.dataset;
  if (zoomStep) step(Number(zoomStep));
  else move(Number(zoomX), Number(zoomY));
});
zoom.addEventListener("keydown", (event) => {
  event.stopPropagation(); // the page below may have keys of its own
  if (!KEYS[event.key] || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  KEYS[event.key]();
});
zoom.addEventListener("close", () => {
  big.removeAttribute("src");
  if (opener) opener.focus();
});
addEventListener("resize", () => zoom.open && to(scale));

// --- the clock goes on: what the page below says of it is said here too

const clock = document.querySelector("[data-countdown]");
const voice = document.querySelector("[data-countdown-say]");
function tell() {
  if (!clock) return;
  const time = zoom.querySelector("[data-zoom-time]");
  time.hidden = false;
  time.querySelector("[data-zoom-left]").textContent = clock.querySelector("[data-left]").textContent;
  if (voice && zoom.open && said.textContent !== voice.textContent) said.textContent = voice.textContent;
}
if (clock) new MutationObserver(() => zoom.open && tell()).observe(clock.parentElement, { childList: true, characterData: true, subtree: true });

document.querySelectorAll("[data-picture]").forEach(watch);
