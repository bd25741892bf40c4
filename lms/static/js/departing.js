// On signing out the phone forgets what it kept for this person: all that begins with "in-" or "in:". What was never sent is kept, for it is nowhere else.
// On signing in it forgets the pages, for they may be another person's.
document.addEventListener("submit", ({ target }) => {
  const out = String(target.getAttribute("action")).endsWith("/sign-out/");
  if (out) forget();
  if (!window.caches || (!out && !location.pathname.startsWith("/sign-in/"))) return;
  caches.keys().then((names) => names.filter((name) => name.startsWith("in-")).forEach((name) => caches.delete(name)));
});

function forget() {
  try {
    for (const key of Object.keys(localStorage).filter((one) => one.startsWith("in:"))) {
      if (!JSON.parse(localStorage.getItem(key)).unsent) localStorage.removeItem(key);
    }
  } catch {
    // no storage: nothing was kept
  }
}
