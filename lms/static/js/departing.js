// On signing out the phone forgets what it kept for this person: all that begins with "in-" or "in:". What was never sent is kept, for it is nowhere else.
document.addEventListener("submit", ({ target }) => {
  if (!String(target.getAttribute("action")).endsWith("/sign-out/")) return;
  try {
    for (const key of Object.keys(localStorage).filter((one) => one.startsWith("in:"))) {
      if (!JSON.parse(localStorage.getItem(key)).unsent) localStorage.removeItem(key);
    }
  } catch {
    // no storage: nothing was kept
  }
  if (!window.caches) return;
  caches.keys().then((names) => names.filter((name) => name.startsWith("in-")).forEach((name) => caches.delete(name)));
});
