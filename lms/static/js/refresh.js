// A page with data-refresh="2" shows work in progress: it loads itself again while it can be seen.
const waiting = document.querySelector("[data-refresh]");
if (waiting) {
  const again = () => (document.hidden ? setTimeout(again, 1000) : location.reload());
  setTimeout(again, Number(waiting.dataset.refresh) * 1000);
}
