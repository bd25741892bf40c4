// Shown by the service worker where there is no network: which papers are on this phone, and the way back to them.
import { PREFIX } from "./exam-mirror.js";

const list = document.querySelector("[data-papers]");
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);

try {
  for (const key of Object.keys(localStorage).filter((one) => one.startsWith(PREFIX))) {
    const { title, paper, handed, unsent } = JSON.parse(localStorage.getItem(key));
    const line = document.createElement("li");
    if (handed) line.textContent = fill(list.dataset.handed, { title, receipt: handed });
    else {
      const link = document.createElement("a");
      Object.assign(link, { href: paper, className: "btn wide", textContent: fill(list.dataset.back, { title }) });
      line.append(link, unsent ? fill(list.dataset.unsent, { n: unsent }) : "");
    }
    list.append(line);
  }
} catch {
  // no storage, so no paper either
}
addEventListener("online", () => location.reload());
