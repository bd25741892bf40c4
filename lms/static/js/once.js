// form[data-once] is sent once: its buttons rest until the next page, a return to this one, or twenty seconds.
const REST = 20_000;

function wake(form) {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("[data-resting]")) {
    button.disabled = false;
    button.removeAttribute("data-resting");
  }
}

function rest(form) {
  // After the event: a button disabled now would not be sent with the form.
  setTimeout(() => {
    for (const button of form.querySelectorAll("button:not([type=button]):not(:disabled)")) {
      button.disabled = true;
      button.setAttribute("data-resting", "");
    }
  });
  setTimeout(() => wake(form), REST);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  if (event.defaultPrevented) return;
  form.dataset.sent = "1";
  rest(form);
});

addEventListener("pageshow", () => document.querySelectorAll("form[data-once]").forEach(wake));
