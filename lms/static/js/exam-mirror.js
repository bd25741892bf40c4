// What this phone keeps of one attempt, for all tabs of this browser: every answer given here with its sequence, time and receipt, and what is not
// sent yet. Kept until the receipt page has shown that the server has all of it. Without storage it lives as long as the page.
//
// {items: {item: {number, seq, page, value, at, tick, tried?, refused?, kept?, saved: null | {at, code}}}, receipts: [[number, item, seq, page, at, code]],
//  unsent, flags?: {items, sent}, time: {left, wall}, heard, news, away, left, gone?, looked?, handIn?, handed?, title, paper}
// kept: when the server received it for a person to decide; at: the phone's clock in ms; tick: the page's steady clock; saved.at: the server's clock in words; unsent: how many answers are missing there;
// away: [when back, seconds] not told yet; left: how often the page was left.
export const PREFIX = "in:exam:";
const MOST_RECEIPTS = 600;

const blank = () => ({ items: {}, receipts: [], unsent: 0, heard: 0, news: [], away: [], left: 0 });

export const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
export const waits = (entry) => !entry.saved && !entry.refused;
export const missing = (entry) => waits(entry) && !entry.kept; // the server does not have it

export class Mirror {
  constructor(attempt) {
    this.key = PREFIX + attempt;
    this.memory = blank();
    this.kept = true; // false: storage is full or forbidden, only memory has it
  }

  read() {
    if (!this.kept) return this.memory;
    try {
      return { ...blank(), ...JSON.parse(localStorage.getItem(this.key)) };
    } catch {
      return this.memory;
    }
  }

  change(edit) {
    const content = this.read();
    edit(content);
    content.unsent = Object.values(content.items).filter(missing).length;
    content.receipts.splice(0, content.receipts.length - MOST_RECEIPTS);
    this.memory = content;
    try {
      localStorage.setItem(this.key, JSON.stringify(content));
      this.kept = true;
    } catch {
      this.kept = false;
    }
    return content;
  }

  // [item, entry] of what is not with the server, the oldest first.
  waiting() {
    return Object.entries(this.read().items).filter(([, entry]) => waits(entry)).sort(([, a], [, b]) => a.at - b.at);
  }

  forget() {
    this.memory = blank();
    try {
      localStorage.removeItem(this.key);
    } catch {
      // nothing was kept
    }
  }
}
