// One post to the fast lane, and its answer with what it says of the connection. Never an acknowledgement unless the server's own JSON says so.
const PATIENCE = 15_000;
const MOST_KEPT_ALIVE = 15_000; // signs; browsers let a page that is left send 64 KB

// → {status, delay, …content}; status 0: cut off; 1: no reply in time
export async function post(url, body, { leaving = false } = {}) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE);
  const sent = performance.now();
  const text = JSON.stringify(body);
  try {
    const response = await fetch(url, {
      method: "POST",
      credentials: "same-origin",
      redirect: "manual",
      keepalive: leaving && text.length < MOST_KEPT_ALIVE,
      signal: stop.signal,
      headers: { "Content-Type": "application/json" },
      body: text,
    });
    // a redirect is the sign-in talking
    if (response.type === "opaqueredirect" || response.status === 403) return { status: 403 };
    const content = await response.json().catch(() => ({}));
    const status = response.ok && !content.state ? 502 : response.status; // a page of something in between
    return { ...content, status, delay: (performance.now() - sent) / 1000 };
  } catch {
    return { status: stop.signal.aborted ? 1 : 0 };
  } finally {
    clearTimeout(timer);
  }
}
