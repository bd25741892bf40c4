// Boxes in front of the rows of a list: one for all on the page, and how many are chosen. The list is exchanged when a filter changes,
// so nothing is bound to it; without script the boxes work as boxes do.
const words = (n, unit) => `已选 ${n} ${unit}`;

function show() {
  const form = document.querySelector("[data-acts]");
  if (!form) return;
  const boxes = [...document.querySelectorAll("[data-pick]")];
  const picked = boxes.filter((box) => box.checked);
  const every = form.querySelector("[data-pick-every]");
  const all = document.querySelector("[data-pick-all]");
  if (all) {
    all.checked = boxes.length > 0 && picked.length === boxes.length;
    all.indeterminate = picked.length > 0 && picked.length < boxes.length;
  }
  for (const box of boxes) box.closest("tr").classList.toggle("bo-picked-row", box.checked || Boolean(every?.checked));
  const text = form.querySelector("[data-picked]");
  text.dataset.empty ??= text.textContent;
  const none = picked.length === 0 && !every?.checked;
  text.textContent = every?.checked ? every.nextElementSibling.textContent : none ? text.dataset.empty : words(picked.length, text.dataset.unit);
  form.querySelector("button").disabled = none;
  form.parentElement.classList.toggle("bo-any", !none);
}

document.addEventListener("change", (event) => {
  if (event.target.matches?.("[data-pick-all]")) {
    for (const box of document.querySelectorAll("[data-pick]")) box.checked = event.target.checked;
  }
  if (event.target.matches?.("[data-pick], [data-pick-all], [data-pick-every]")) show();
});
// a drop-down closes when one clicks elsewhere or presses Escape
const close = (except) => document.querySelectorAll("details.bo-drop[open]").forEach((one) => one !== except && one.removeAttribute("open"));
document.addEventListener("click", (event) => close(event.target.closest?.("details.bo-drop")));
document.addEventListener("keydown", (event) => event.key === "Escape" && close(null));
document.addEventListener("w-swap:success", show);
show();
