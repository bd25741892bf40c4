// Whether the worker looks at the page. Times away are kept and told to the server and to the worker alike; nothing is judged here.
const SHORTEST = 3;
const SHORTEST_LOAD = 15; // a reload on a poor network is no absence

// onBack(seconds) after each return; onAway(count) when the count changed.
export function watch({ mirror, page, onBack, onAway }) {
  const leave = () =>
    mirror.change((content) => {
      content.gone = { page, at: Date.now() };
    });

  function back() {
    let seconds = 0;
    const content = mirror.change((kept) => {
      const { gone } = kept;
      delete kept.gone;
      seconds = gone ? (Date.now() - gone.at) / 1000 : 0;
      // another tab of the same paper was looked at meanwhile
      const here = gone && kept.looked && kept.looked.page !== page && kept.looked.at >= gone.at - 1000;
      kept.looked = { page, at: Date.now() };
      if (here || seconds < (gone && gone.page === page ? SHORTEST : SHORTEST_LOAD)) return;
      kept.away.push([Date.now(), Math.round(seconds)]);
      kept.left += 1;
    });
    awake();
    onAway(content.left);
    onBack(seconds);
  }

  document.addEventListener("visibilitychange", () => (document.visibilityState === "hidden" ? leave() : back()));
  if (document.visibilityState === "visible") back();
  addEventListener("pageshow", ({ persisted }) => persisted && back());
}

// The screen stays on where the device lets us.
async function awake() {
  try {
    await navigator.wakeLock.request("screen");
  } catch {
    // too old, or the battery is low
  }
}
