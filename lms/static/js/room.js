// A part of a page that is fetched anew every few seconds while it can be seen: [data-live] holds its address, [data-live-part] the part.
// What is ticked stays ticked, the focus stays where it is. When the server is not there it asks ever less often, and says so.
const room = document.querySelector("[data-live]");
const LONGEST = 120_000;

function exchange(part, html) {
  const ticked = new Set([...part.querySelectorAll("[data-pick]:checked")].map((box) => box.value));
  const focus = document.activeElement;
  const inside = part.contains(focus) ? [focus.id, focus.getAttribute("href")] : null;
  part.innerHTML = html;
  for (const box of part.querySelectorAll("[data-pick]")) box.checked = ticked.has(box.value);
  if (inside) (document.getElementById(inside[0]) ?? part.querySelector(`a[href="${CSS.escape(inside[1] ?? "")}"]`))?.focus({ preventScroll: true });
  document.dispatchEvent(new Event("w-swap:success"));
}

if (room) {
  const part = room.querySelector("[data-live-part]");
  const note = room.querySelector("[data-live-note]");
  const every = Number(room.dataset.every) * 1000;
  let wait = every;
  let etag = "";
  let timer = 0;

  const say = (text) => {
    note.hidden = !text;
    if (note.textContent !== text) note.textContent = text;
  };
  // a little apart, so that forty rooms do not ask in the same second
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(look, wait * (0.9 + Math.random() * 0.2));
  };

  async function look() {
    if (document.hidden) return;
    try {
      const reply = await fetch(room.dataset.live, {
        headers: { "X-Requested-With": "fetch", ...(etag && { "If-None-Match": etag }) },
        redirect: "manual",
        cache: "no-store",
      });
      if (reply.type === "opaqueredirect" || reply.status === 403 || reply.status === 404) return say(room.dataset.out);
      if (reply.status !== 304 && !reply.ok) throw new Error(String(reply.status));
      if (reply.ok) {
        etag = reply.headers.get("ETag") ?? "";
        exchange(part, await reply.text());
      }
      wait = every;
      say("");
    } catch {
      wait = Math.min(wait * 2, LONGEST);
      say(room.dataset.lost.replace("{at}", part.querySelector("[data-live-at]")?.textContent.match(/[\d:]+/)?.[0] ?? ""));
    }
    later();
  }

  document.addEventListener("visibilitychange", () => document.hidden || look());
  later();
}
