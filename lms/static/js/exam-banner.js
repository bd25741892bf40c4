// What the paper says of itself: one banner for what is wrong, the notices of the room, the state of the whole, a voice for who cannot see them.
import { fill } from "./exam-sheet.js";

export const words = document.querySelector("[data-words]").dataset;
const box = document.querySelector("[data-banner]");
const pill = document.querySelector("[data-save]");
const speech = document.querySelector("[data-voice]");
const within = (selector) => box.querySelector(selector);
// what outweighs what when two things are true
const WEIGHT = { waiting: 1, offline: 1, signedOut: 2, handing: 3, handLater: 3, guess: 4, late: 4, elsewhere: 5, over: 6, done: 6 };

// The same words again would be read out again.
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export const voice = (text) => write(speech, text);

export function overall(state) {
  pill.hidden = state === "none";
  if (pill.dataset.state !== state) pill.dataset.state = state;
}
pill.hidden = pill.dataset.state === "none";

export const banner = {
  now: null,
  at: pill.querySelector("[data-at]").textContent,

  // more: n (how many wait), text instead of the words, link with its text, recall, frail, receipt
  show(name, more) {
    if (this.now && WEIGHT[name] < WEIGHT[this.now.name]) return;
    const heavier = !this.now || WEIGHT[name] > WEIGHT[this.now.name];
    this.now = { name, ...more };
    box.hidden = false;
    this.refresh();
    if (!heavier || WEIGHT[name] < WEIGHT.handing) return;
    box.scrollIntoView({ block: "center" });
    box.focus({ preventScroll: true });
  },

  hide(...names) {
    if (!this.now || !names.includes(this.now.name)) return;
    this.now = null;
    box.hidden = true;
  },

  refresh() {
    if (!this.now) return;
    const { name, n, text, link, linkText, recall, frail, receipt } = this.now;
    const values = { n: n(), at: this.at || words.never, receipt };
    const usual = (values.n === 0 && words[`${name}None`]) || words[`${name}Text`];
    write(within("[data-banner-title]"), words[`${name}Title`]);
    write(within("[data-banner-text]"), fill(text === undefined ? usual : text, values) + (frail ? words.frail : ""));
    const anchor = within("[data-banner-link]");
    anchor.hidden = !link;
    if (link) {
      anchor.href = link;
      write(anchor, linkText || words[`${name}Link`] || words.overLink);
    }
    within("[data-recall]").hidden = !recall;
  },

  saved(at) {
    this.at = at;
    pill.querySelector("[data-at]").textContent = at;
  },

  away(text) {
    const line = document.querySelector("[data-away]");
    write(line, text);
    line.hidden = false;
  },

  rescue(wanted) {
    within("[data-rescue-open]").hidden = !wanted;
  },

  onRecall: (act) => within("[data-recall]").addEventListener("click", act),
  onRescue: (act) => within("[data-rescue-open]").addEventListener("click", act),
};

const board = document.querySelector("[data-news]");
const list = board.querySelector("[data-news-list]");

export const news = {
  add(text) {
    const line = document.createElement("li");
    line.textContent = text;
    list.append(line);
    board.hidden = false;
  },

  onRead(act) {
    board.querySelector("[data-news-close]").addEventListener("click", () => {
      list.replaceChildren();
      board.hidden = true;
      act();
    });
  },
};
