// Marking by keys: 1–9 tick points, 0 none of them, Enter saves, R remark, U the one before, ? help. The keys can be switched off.
const KEEP = "marking-keys";
const form = document.querySelector("[data-marking]");
const dialog = document.getElementById("keys");
const keysSwitch = document.querySelector("[data-keys]");
const remark = form.querySelector("textarea");
const none = form.querySelector("[data-none]");
const points = [...form.querySelectorAll("[data-marks]")];
const desk = matchMedia("(hover: hover) and (pointer: fine)").matches; // a phone shows no keys
const total = document.querySelector("[data-total]");

function stored() {
  try {
    return localStorage.getItem(KEEP) !== "off";
  } catch {
    return true;
  }
}

function showKeys(on) {
  keysSwitch.checked = on;
  for (const key of document.querySelectorAll("[data-key]")) key.hidden = !on || !desk;
}

function add() {
  const sum = points.reduce((marks, point) => marks + (point.checked ? Number(point.dataset.marks) : 0), 0);
  total.value = String(Math.min(sum, Number(form.dataset.full)));
}

function tick(box) {
  if (!box || box.matches(":disabled")) return;
  box.checked = !box.checked;
  box.dispatchEvent(new Event("change", { bubbles: true }));
  box.closest(".opt").scrollIntoView({ block: "nearest" });
}

function save() {
  const button = document.querySelector("button[form=mark]");
  if (button) form.requestSubmit(button);
}

form.addEventListener("change", (event) => {
  if (event.target === none && none.checked) for (const point of points) point.checked = false;
  if (event.target.dataset.marks && event.target.checked) none.checked = false;
  add();
});

form.addEventListener("click", (event) => {
  const say = event.target.closest("[data-say]");
  if (!say) return;
  remark.value = [remark.value.trim(), say.textContent.trim()].filter(Boolean).join("\n").slice(0, remark.maxLength);
  remark.focus();
});

keysSwitch.addEventListener("change", () => {
  try {
    localStorage.setItem(KEEP, keysSwitch.checked ? "on" : "off");
  } catch {
    // a browser that keeps nothing: the choice holds for this page
  }
  showKeys(keysSwitch.checked);
});

document.addEventListener("keydown", (event) => {
  if (dialog.open || event.isComposing) return;
  const writing = event.target === remark;
  if (writing && event.key === "Escape") remark.blur();
  if (event.key === "Enter" && event.ctrlKey) {
    event.preventDefault();
    save();
    return;
  }
  if (writing || event.ctrlKey || event.altKey || event.metaKey || !keysSwitch.checked) return;
  if (event.key === "Enter" && !event.target.closest("a, button, summary")) {
    event.preventDefault();
    if (!event.repeat) save();
  } else if (/^[0-9]$/.test(event.key)) {
    if (!event.repeat) tick(form.querySelector(`[data-tick="${event.key}"]`));
  } else if (event.key === "u" || event.key === "U") {
    document.querySelector("[data-undo]")?.click();
  } else if (event.key === "r" || event.key === "R") {
    event.preventDefault();
    remark.focus();
  } else if (event.key === "?") {
    dialog.showModal();
  }
});

showKeys(stored());
for (const part of document.querySelectorAll("[data-scripted]")) part.hidden = false;
for (const part of document.querySelectorAll("[data-desk]")) part.hidden = !desk;
add();
addEventListener("pageshow", add);
