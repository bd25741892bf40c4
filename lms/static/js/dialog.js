// [data-dialog=id] opens <dialog id>; [data-close] and a click beside it close it. Without this, href="#id" shows it by :target.
// iPhones before iOS 15.4 know no dialogs: there they are boxes in front of the page.
if (!("HTMLDialogElement" in window)) {
  for (const box of document.querySelectorAll(".dialog")) {
    Object.defineProperty(box, "open", { get: () => box.hasAttribute("open") });
    box.tabIndex = -1;
    box.setAttribute("role", "dialog");
    box.showModal = () => {
      box.setAttribute("open", "");
      box.focus();
    };
    box.close = () => box.removeAttribute("open");
  }
}
document.addEventListener("click", (event) => {
  const target = event.target;
  if (target.localName === "dialog" && target.close) {
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
