// Shown by the service worker where there is no network: which papers are on this phone, and the way back to them.
import { PREFIX } from "./exam-mirror.js";

const list = document.querySelector("[data-papers]");
let waiting = "";
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);

try {
  for (const key of Object.keys(localStorage).filter((one) => one.startsWith(PREFIX))) {
    const { title, paper, handed, unsent } = JSON.parse(localStorage.getItem(key));
    const line = document.createElement("li");
    if (handed) line.textContent = fill(list.dataset.handed, { title, receipt: handed });
    else {
      const link = document.createElement("a");
      Object.assign(link, { href: paper, className: "btn wide", textContent: fill(list.dataset.back, { title }) });
      if (unsent) waiting = paper;
      line.append(link, unsent ? fill(list.dataset.unsent, { n: unsent }) : "");
    }
    list.append(line);
  }
} catch {
  // no storage, so no paper either
}
// Back on line: what waits goes out from its paper; who is already on the way somewhere is not called back.
let going = false;
document.addEventListener("click", () => (going = true));
addEventListener("online", () => going || (waiting ? location.assign(waiting) : location.reload()));
