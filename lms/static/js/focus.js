// The error summary takes the focus when a page comes back with it.
document.querySelector("[data-focus]")?.focus();
