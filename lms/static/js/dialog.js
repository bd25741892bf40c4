// [data-dialog=id] opens <dialog id>; [data-close] and a click beside it close it. Without this, href="#id" shows it by :target.
document.addEventListener("click", (event) => {
  const target = event.target;
  if (target instanceof HTMLDialogElement) {
    target.close();
    return;
  }
  const opener = target.closest("[data-dialog]");
  const dialog = opener && document.getElementById(opener.dataset.dialog);
  if (dialog && dialog.showModal) {
    event.preventDefault();
    if (!dialog.open) dialog.showModal();
    return;
  }
  const closer = target.closest("[data-close]");
  const open = closer && closer.closest("dialog[open]");
  if (open) {
    event.preventDefault();
    open.close();
  }
});
