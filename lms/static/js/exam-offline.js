// Asks the worker of /exams/ to keep what the paper needs without network, and to forget it.
const ready = "serviceWorker" in navigator
  ? navigator.serviceWorker.register("/exams/worker.js", { scope: "/exams/", updateViaCache: "all" }).then(() => navigator.serviceWorker.ready).catch(() => null)
  : Promise.resolve(null); // too old, or no https: then the phone needs the network for a reload, and for nothing else

async function ask(message) {
  const registration = await ready;
  if (registration && registration.active) registration.active.postMessage(message);
}

// The worker sees only what is loaded after it began. A copy of the paper is fetched only where it missed it, and not by all at once.
export function keep({ paper, files = [] }) {
  const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
  const wanted = [...loaded, ...files.map((file) => new URL(file, location.href).href)].filter((url) => url.startsWith(`${location.origin}/static/`));
  const here = "serviceWorker" in navigator && navigator.serviceWorker.controller;
  setTimeout(() => ask({ keep: [...new Set(wanted)], paper }), here ? 0 : 500 + Math.random() * 7500);
}

export const forget = (paper) => ask({ forget: paper });
export const look = (print) => ask({ print });
