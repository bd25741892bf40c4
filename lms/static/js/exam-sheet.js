// The questions on the page: one at a time, what is answered in each, and the table of all of them.
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
  constructor(element, number, cell, words) {
    Object.assign(this, { element, number, cell, words });
    this.item = element.dataset.question;
    this.seq = Number(element.dataset.seq);
    this.text = element.querySelector("textarea");
    this.choices = [...element.querySelectorAll(".opts input")];
    this.flag = element.querySelector("[name=flag]");
    this.unsent = false;
    this.count();
  }

  get value() {
    if (this.text) return this.text.value;
    return this.choices.filter((input) => input.checked).map((input) => Number(input.value)).sort((a, b) => a - b);
  }

  set value(value) {
    if (this.text) this.text.value = value;
    for (const input of this.choices) input.checked = value.includes(Number(input.value));
    this.count();
  }

  get answered() {
    return this.text ? this.text.value.trim() !== "" : this.choices.some((input) => input.checked);
  }

  // Answered on a slow phone before this script had come; the form keeps nothing of its own over a reload (autocomplete=off).
  get early() {
    if (this.text) return this.text.value !== this.text.defaultValue;
    return this.choices.some((input) => input.checked !== input.defaultChecked);
  }

  count() {
    const hint = this.text && this.element.querySelector("[data-count]");
    if (hint) hint.textContent = fill(hint.dataset.count, { n: this.text.value.length });
  }

  say(state, at = "") {
    this.unsent = state !== "saved";
    this.element.querySelector("[data-state]").textContent = `${this.words[state]} ${at}`.trim();
    this.mark();
  }

  note(text) {
    const note = this.element.querySelector("[data-note]");
    note.textContent = text;
    note.hidden = !text;
  }

  mark() {
    const { words, cell, flag } = this;
    cell.className = `${this.answered ? "done" : ""} ${flag.checked ? "flag" : ""}`.trim();
    const told = [fill(words.cell, { n: this.number }), this.answered ? words.cellDone : words.cellOpen];
    if (flag.checked) told.push(words.cellFlag);
    if (this.unsent) told.push(words.cellUnsent);
    cell.setAttribute("aria-label", told.join("，"));
  }
}

export class Sheet {
  constructor(form, words) {
    this.cells = document.getElementById("cells");
    this.place = place(`exam:${form.dataset.exam}:now`);
    const buttons = [...this.cells.querySelectorAll("[data-go]")];
    this.questions = [...form.querySelectorAll("[data-question]")].map((element, place) => new Question(element, place + 1, buttons[place], words));
    this.byItem = new Map(this.questions.map((question) => [question.item, question]));
    this.sections = [...form.querySelectorAll("[data-section]")];
    this.words = words;
    this.questions.forEach((question) => question.mark());
    this.show(this.asked() || Number(this.place.get()) || 1, { focus: false });
    document.querySelectorAll("[data-plain]").forEach((button) => button.remove());
    this.bind(buttons);
  }

  bind(buttons) {
    for (const button of buttons) {
      button.addEventListener("click", () => {
        this.cells.close();
        this.show(Number(button.dataset.go));
      });
    }
    for (const button of document.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => this.show(this.now + Number(button.dataset.step)));
    }
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
    for (const question of this.questions) question.element.hidden = question.number !== this.now;
    const { element } = this.current;
    for (const section of this.sections) section.hidden = !section.contains(element);
    for (const question of this.questions) question.cell.toggleAttribute("aria-current", question.number === this.now);
    document.querySelector("[data-step='-1']").hidden = false;
    document.querySelector("[data-step='-1']").disabled = this.now === 1;
    document.querySelector("[data-step='1']").hidden = this.now === last;
    document.querySelector("[data-last]").hidden = this.now !== last;
    document.querySelector("[data-dialog=cells]").hidden = false;
    this.place.set(this.now);
    if (!focus) return;
    scrollTo(0, 0);
    element.focus({ preventScroll: true });
  }

  get current() {
    return this.questions[this.now - 1];
  }

  tally() {
    const done = this.questions.filter((question) => question.answered).length;
    const flag = this.questions.filter((question) => question.flag.checked).length;
    const text = fill(this.words.counts, { done, open: this.questions.length - done, flag });
    this.cells.querySelector("[data-counts]").textContent = text;
  }

  flags() {
    return this.questions.filter((question) => question.flag.checked).map((question) => Number(question.item));
  }

  // Nothing can be changed any more, and the page shows it.
  freeze(frozen) {
    for (const { choices, text, flag } of this.questions) [...choices, flag, text].forEach((input) => input && (input.disabled = frozen));
  }
}
