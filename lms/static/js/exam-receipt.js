// After the hand-in: what this phone still kept was never with the server. It is counted here truly, and kept for whoever must decide.
const attempt = document.querySelector("[data-receipt]").dataset.receipt;
const note = document.querySelector("[data-unsent]");
try {
  const kept = JSON.parse(localStorage.getItem(`exam:${attempt}`)) || {};
  const unsent = Object.keys(kept).filter((item) => item !== "flags").length;
  if (unsent) {
    note.querySelector("[data-unsent-text]").textContent = note.dataset.unsent.replace("{n}", unsent);
    note.hidden = false;
  }
} catch {
  // no storage, so nothing was kept on this phone
}
