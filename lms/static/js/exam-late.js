// The time is over and this phone still has answers: they are sent as they are, and the server says of each what becomes of it.
import { Mirror, missing } from "./exam-mirror.js";
import { post } from "./exam-post.js";

const MOST = 100;

// Sends all that waits; says how many the server took, one way or the other.
export async function sendLate({ attempt, answers }) {
  const mirror = new Mirror(attempt);
  let taken = 0;
  for (;;) {
    const waiting = mirror.waiting().filter(([, entry]) => missing(entry));
    if (!waiting.length) return taken;
    const { page } = waiting[0][1];
    const batch = waiting.filter(([, one]) => one.page === page).slice(0, MOST);
    const rows = batch.map(([item, one]) => ({ item: Number(item), seq: one.seq, value: one.value, age: Math.max(0, Date.now() - one.at) }));
    const reply = await post(answers, { page, answers: rows, beat: { unsent: waiting.length, heard: mirror.read().heard, away: [] } });
    if (![200, 409].includes(reply.status)) return taken;
    const told = [...(reply.saved || []), ...(reply.kept || []).map((row) => ({ ...row, kept: true }))];
    mirror.change(({ items, receipts }) => {
      for (const { item, at, code, kept } of told) {
        if (!items[item] || !missing(items[item])) continue;
        if (kept) items[item].kept = at;
        else items[item].saved = { at, code };
        if (code) receipts.push([items[item].number, Number(item), items[item].seq, page, at, code]);
        taken++;
      }
      for (const { item, message } of reply.refused || []) if (items[item]) items[item].refused = message || true;
    });
    if (mirror.read().unsent >= waiting.length) return taken; // nothing was taken: not once more
  }
}

const place = document.querySelector("[data-late]");
if (place) {
  const taken = await sendLate({ attempt: place.dataset.late, answers: place.dataset.answers });
  if (taken) location.reload();
}
