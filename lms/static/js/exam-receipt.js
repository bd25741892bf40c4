// After the hand-in: what this phone still kept was never with the server. It is sent now, for a person to decide about; what the server does not
// take is counted here truly, and can be carried away as a backup.
// When the server has all of it, only the receipts stay, until the sign-out.
import { sendLate } from "./exam-late.js";
import { Mirror } from "./exam-mirror.js";

const { receipt: attempt, paper, answers } = document.querySelector("[data-receipt]").dataset;
const mirror = new Mirror(attempt);
if (mirror.read().unsent && (await sendLate({ attempt, answers }))) location.reload(); // the page says what became of it
const content = mirror.read();
const note = document.querySelector("[data-unsent]");
const kept = document.querySelector("[data-kept-receipts]");

if (content.unsent) {
  note.querySelector("[data-unsent-text]").textContent = note.dataset.unsent.replace("{n}", content.unsent);
  note.hidden = false;
  note.querySelector("[data-rescue-open]").addEventListener("click", async () => {
    const { openRescue } = await import(note.dataset.rescue);
    await openRescue({ attempt, mirror });
  });
} else if (content.receipts.length) {
  mirror.change((now) => {
    const { receipts, title } = now;
    for (const name of Object.keys(now)) delete now[name];
    Object.assign(now, { items: {}, receipts, title, paper, handed: document.querySelector(".receipt-no").textContent });
  });
}
if (content.receipts.length) {
  const newest = new Map(content.receipts.map((row) => [row[0], row]));
  for (const [number, , , , at, code] of [...newest.values()].sort((a, b) => a[0] - b[0])) {
    const line = document.createElement("li");
    line.textContent = kept.dataset.line.replace("{n}", number).replace("{at}", at).replace("{code}", code);
    kept.querySelector("ol").append(line);
  }
  kept.hidden = false;
}
if (navigator.serviceWorker && navigator.serviceWorker.controller) navigator.serviceWorker.controller.postMessage({ forget: paper });
