// The questions on the page: one at a time or all, what is answered in each, and the table of all of them.
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_all, name) => values[name]);

// Where the reader was, for a reload.
function place(key) {
  const quietly = (act) => {
    try {
      return act();
    } catch {
      return null; // no storage: a reload begins at the first question
    }
  };
  return { get: () => quietly(() => sessionStorage.getItem(key)), set: (number) => quietly(() => sessionStorage.setItem(key, number)) };
}

class Question {
  constructor(element, number, words) {
    Object.assign(this, { element, number, words });
    this.item = element.dataset.question;
    this.seq = Number(element.querySelector(`[name="seq-${this.item}"]`).value);
    this.text = element.querySelector("textarea");
    this.choices = [...element.querySelectorAll(".opts input")];
    this.flag = element.querySelector("[name=flag]");
    this.told = element.querySelector("[data-state]");
    this.unsent = false;
    this.cell = document.createElement("button");
    Object.assign(this.cell, { type: "button", textContent: number });
    this.cell.dataset.go = number;
    // as the server wrote it; a browser that kept the form's state may show something else already
    this.shown = this.text ? this.text.defaultValue : this.chosen("defaultChecked");
    this.count();
  }

  chosen(property) {
    return this.choices.filter((input) => input[property]).map((input) => Number(input.value)).sort((a, b) => a - b);
  }

  get value() {
    return this.text ? this.text.value : this.chosen("checked");
  }

  set value(value) {
    if (this.text && this.text.value !== value) this.text.value = value;
    for (const input of this.choices) input.checked = value.includes(Number(input.value));
    this.count();
  }

  get answered() {
    return this.text ? this.text.value.trim() !== "" : this.choices.some((input) => input.checked);
  }

  count() {
    const hint = this.text && this.element.querySelector("[data-count]");
    if (hint) hint.textContent = fill(hint.dataset.count, { n: this.text.value.length });
  }

  say(state, at = "") {
    this.unsent = !["saved", "kept", "none"].includes(state);
    this.told.textContent = `${this.words[state]} ${at}`.trim();
    this.told.classList.toggle("warn", state === "waiting" || state === "offline" || state === "refused");
    this.told.classList.add("tone");
    this.mark();
  }

  note(text) {
    let note = this.element.querySelector("[data-note]");
    if (!note && !text) return;
    if (!note) {
      note = document.createElement("p");
      note.className = "small warn tone";
      note.dataset.note = "";
      this.element.append(note);
    }
    note.textContent = text;
    note.hidden = !text;
  }

  mark() {
    dress(this.cell, this);
  }
}

// What a cell shows and says, never by colour alone.
function dress(cell, { words, number, answered, flag, unsent }) {
  cell.className = `${answered ? "done" : ""} ${flag.checked ? "flag" : ""}`.trim();
  const told = [fill(words.cell, { n: number }), answered ? words.cellDone : words.cellOpen];
  if (flag.checked) told.push(words.cellFlag);
  if (unsent) told.push(words.cellUnsent);
  cell.setAttribute("aria-label", told.join("，"));
}

export class Sheet {
  constructor(form, words) {
    this.dialogs = { cells: document.getElementById("cells"), check: document.getElementById("check") };
    this.place = place(`exam:${form.dataset.exam}:now`);
    this.frozen = false;
    this.single = form.dataset.layout !== "all";
    this.questions = [...form.querySelectorAll("[data-question]")].map((element, number) => new Question(element, number + 1, words));
    this.byItem = new Map(this.questions.map((question) => [question.item, question]));
    this.sections = [...form.querySelectorAll("[data-section]")];
    this.words = words;
    this.questions.forEach((question) => question.mark());
    this.dialogs.cells.querySelector("[data-all]").append(...this.questions.map(({ cell }) => cell));
  }

  // From here on the page is the script's: the plain buttons go.
  open() {
    document.querySelectorAll("[data-plain]").forEach((button) => button.remove());
    for (const selector of ["[data-step='-1']", "[data-step='1']"]) document.querySelector(selector).hidden = !this.single;
    document.querySelector("[data-dialog=cells]").hidden = false;
    document.querySelector("[data-last]").hidden = this.single;
    this.show(this.asked() || Number(this.place.get()) || 1, { focus: false });
    document.addEventListener("click", ({ target }) => {
      const button = target.closest && target.closest("[data-go], [data-step]");
      if (!button) return;
      for (const dialog of Object.values(this.dialogs)) dialog.open && dialog.close();
      this.show(button.dataset.go ? Number(button.dataset.go) : this.now + Number(button.dataset.step));
    });
    addEventListener("hashchange", () => this.show(this.asked() || this.now));
  }

  // The question named in the address, which is then forgotten: left there, the browser would jump and draw a frame around it.
  asked() {
    const asked = /^#q-(\d+)$/.exec(location.hash);
    if (asked) history.replaceState(null, "", location.pathname);
    return asked && Number(asked[1]);
  }

  show(number, { focus = true } = {}) {
    const last = this.questions.length;
    this.now = Math.min(Math.max(1, number), last);
    const { element } = this.current;
    if (this.single) {
      for (const question of this.questions) question.element.hidden = question.number !== this.now;
      for (const section of this.sections) section.hidden = !section.contains(element);
      document.querySelector("[data-step='-1']").disabled = this.now === 1;
      document.querySelector("[data-step='1']").hidden = this.now === last;
      document.querySelector("[data-last]").hidden = this.now !== last;
    }
    for (const question of this.questions) question.cell.toggleAttribute("aria-current", question.number === this.now);
    this.place.set(this.now);
    if (!focus) return;
    if (this.single) scrollTo(0, 0);
    else element.scrollIntoView();
    element.focus({ preventScroll: true });
  }

  get current() {
    return this.questions[this.now - 1];
  }

  tally() {
    const done = this.questions.filter((question) => question.answered).length;
    const flag = this.questions.filter((question) => question.flag.checked).length;
    const open = this.questions.length - done;
    const text = fill(open ? this.words.counts : this.words.allDone, { done, open, flag });
    for (const dialog of Object.values(this.dialogs)) dialog.querySelector("[data-counts]").textContent = text;
  }

  // The last look before the hand-in: what is open, marked or not sent, each a way back to it.
  check() {
    this.tally();
    const left = this.questions.filter(({ answered, flag, unsent }) => !answered || flag.checked || unsent);
    this.dialogs.check.querySelector("[data-open]").replaceChildren(...left.map(({ cell }) => cell.cloneNode(true)));
    const unsent = this.questions.filter((question) => question.unsent).length;
    const still = this.dialogs.check.querySelector("[data-still]");
    still.hidden = !unsent;
    still.textContent = fill(this.words.still, { n: unsent });
    if (this.dialogs.cells.open) this.dialogs.cells.close();
    // it stands where the button before it stood: a double tap must not hand in
    const confirm = this.dialogs.check.querySelector("[data-confirm]");
    confirm.disabled = true;
    setTimeout(() => (confirm.disabled = this.frozen), 600);
    this.dialogs.check.showModal();
  }

  flags() {
    return this.questions.filter((question) => question.flag.checked).map((question) => Number(question.item));
  }

  // Nothing can be changed, and the page shows it. What is written stays readable and can be copied.
  freeze(frozen) {
    this.frozen = frozen;
    for (const { choices, text, flag } of this.questions) {
      for (const input of [...choices, flag]) input.disabled = frozen;
      if (text) text.readOnly = frozen;
    }
    for (const button of document.querySelectorAll("[data-check], [data-confirm]")) button.disabled = frozen;
  }
}
