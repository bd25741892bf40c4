// The service worker of /exams/: a paper that was opened stays on the phone, and opens again without network. Answers are not its business.
const FILES = "exam-files";
const PAPERS = "in-exam-papers"; // goes with the sign-in: departing.js deletes what begins with "in-"
const OFFLINE = "/exams/offline/";
const PAPER = /^\/exams\/sit\/\d+\/paper$/;
const PICTURE = /^\/exams\/sit\/\d+\/picture$/; // lies beside its paper, and goes with it
const HASHED = /\.[0-9a-f]{12}\.\w+$/; // such a file never changes
const PATIENCE = 4000;
const MOST_FILES = 200;

self.addEventListener("install", (event) => {
  event.waitUntil(keepOfflinePage().then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname.startsWith("/static/")) event.respondWith(file(request, url));
  else if (PICTURE.test(url.pathname)) event.respondWith(picture(event, request));
  else if (request.mode !== "navigate") return;
  else event.respondWith(PAPER.test(url.pathname) ? paper(event, url.pathname) : page(request));
});

self.addEventListener("message", (event) => {
  const { keep, paper: path, forget, print } = event.data;
  if (keep) event.waitUntil(Promise.all([keepFiles(keep), keepPaper(path)]));
  if (forget) event.waitUntil(drop(forget));
  if (print) event.waitUntil(reprint(print));
});

// null when it takes too long
const within = (promise, span) => Promise.race([promise, new Promise((done) => setTimeout(done, span, null))]);

async function file(request, url) {
  const files = await caches.open(FILES);
  const kept = await files.match(request, { ignoreVary: true });
  if (kept && HASHED.test(url.pathname)) return kept;
  const network = fetch(request).then((reply) => {
    if (reply.status === 200) files.put(request, reply.clone());
    return reply;
  });
  if (!kept) return network;
  return (await within(network.catch(() => null), PATIENCE)) || kept;
}

// The server's page when it comes soon, else the copy: then without word of the server, so the page counts on from what it last heard.
async function paper(event, path) {
  const papers = await caches.open(PAPERS);
  const kept = await papers.match(path);
  const network = fetch(event.request).then((reply) => {
    if (reply.status === 200 && !reply.redirected) event.waitUntil(store(papers, path, reply.clone()));
    return reply;
  });
  if (!kept) return network.catch(offlinePage);
  const reply = await within(network.catch(() => null), PATIENCE);
  return reply && reply.status < 500 ? reply : kept;
}

// Its address changes with its content, so the copy is as good as the server's.
async function picture(event, request) {
  const papers = await caches.open(PAPERS);
  const kept = await papers.match(request.url);
  if (kept) return kept;
  const reply = await fetch(request);
  if (reply.status === 200 && !reply.redirected) event.waitUntil(papers.put(request.url, reply.clone()));
  return reply;
}

const page = (request) => fetch(request).catch(offlinePage);

async function offlinePage() {
  return (await caches.match(OFFLINE, { ignoreVary: true })) || Response.error();
}

// Marked as a copy, with the headers of the page it is a copy of; its policy is one of them.
async function store(papers, path, reply) {
  const headers = new Headers(reply.headers);
  headers.delete("Content-Encoding");
  headers.delete("Content-Length");
  const text = (await reply.text()).replace('id="paper"', 'id="paper" data-kept');
  await papers.put(path, new Response(text, { headers }));
}

async function keepFiles(urls) {
  const files = await caches.open(FILES);
  const have = await files.keys();
  for (const old of have.slice(0, Math.max(0, have.length + urls.length - MOST_FILES))) await files.delete(old);
  const missing = urls.filter((url) => !have.some((request) => request.url === url));
  await Promise.all(missing.map((url) => keepFile(files, url)));
}

// A script with what it imports: one that is loaded only in need must open without network.
async function keepFile(files, url) {
  const reply = await fetch(url).catch(() => null);
  if (!reply || reply.status !== 200) return;
  await files.put(url, reply.clone());
  if (!new URL(url).pathname.endsWith(".js")) return;
  for (const [, part] of (await reply.text()).matchAll(/from "(\.\/[^"]+)"/g)) {
    const next = new URL(part, url).href;
    if (!(await files.match(next))) await keepFile(files, next);
  }
}

async function keepPaper(path) {
  const papers = await caches.open(PAPERS);
  if (!path) return;
  if (!(await papers.match(path))) {
    const reply = await fetch(path, { redirect: "manual" }).catch(() => null);
    if (reply && reply.status === 200) await store(papers, path, reply);
  }
  const kept = await papers.match(path);
  if (kept) await keepPictures(papers, path, await kept.text());
}

// Those that the page loaded before this worker began; the browser has them still, so nothing is fetched twice.
async function keepPictures(papers, path, text) {
  const names = new Set(text.match(/picture\?key=\w+/g));
  for (const name of names) {
    const url = new URL(name, self.location.origin + path).href;
    if (await papers.match(url)) continue;
    const reply = await fetch(url, { redirect: "manual" }).catch(() => null);
    if (reply && reply.status === 200) await papers.put(url, reply);
  }
}

// A paper with its pictures.
async function drop(path) {
  const papers = await caches.open(PAPERS);
  const own = path.replace(/[^/]*$/, "");
  for (const request of await papers.keys()) if (new URL(request.url).pathname.startsWith(own)) await papers.delete(request);
}

async function keepOfflinePage() {
  const reply = await fetch(OFFLINE, { redirect: "manual" }).catch(() => null);
  if (!reply || reply.status !== 200) return;
  const text = await reply.clone().text();
  const files = await caches.open(FILES);
  await files.put(OFFLINE, reply);
  const wanted = [...text.matchAll(/(?:src|href)="(\/static\/[^"#]+)/g)].map(([, path]) => new URL(path, self.location.href).href);
  await keepFiles([...new Set(wanted)]);
}

// The copies follow when somebody changes the size of the print.
async function reprint(print) {
  const papers = await caches.open(PAPERS);
  for (const request of await papers.keys()) {
    if (!PAPER.test(new URL(request.url).pathname)) continue;
    const kept = await papers.match(request);
    const text = (await kept.text()).replace(/data-print="\w+"/, `data-print="${print}"`);
    await papers.put(request, new Response(text, { headers: kept.headers }));
  }
}
