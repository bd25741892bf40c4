// What is left of the exam, as each reply of the server tells it; never more than that. Says whether time was added, taken away or slept through.
import { reading, sync } from "./countdown.js";

const STEP = 5; // a change smaller than this is the network's, in seconds

export class Time {
  constructor(element, mirror) {
    Object.assign(this, { element, mirror, ends: null });
  }

  // kept: this page is a copy from the phone, so what it says of the time is old.
  begin({ kept }) {
    const told = Number(this.element.dataset.countdown);
    const { time } = this.mirror.read();
    if (kept) {
      const passed = time ? Math.max(0, Date.now() - time.wall) / 1000 : 0;
      return sync(this.element, Math.max(0, (time ? time.left : told) - passed), { guess: true });
    }
    const [load] = performance.getEntriesByType("navigation");
    this.heard(told, (performance.now() - ((load && load.requestStart) || 0)) / 1000);
  }

  // The end lies between the reply's seconds counted from when it was asked for and from when it came.
  heard(left, delay) {
    const now = performance.now() / 1000;
    const { slept } = reading(this.element);
    const before = this.ends;
    const next = { low: now + left - delay, high: now + left };
    // a clock that was only set forward is no sleep: then no time of the exam has gone
    const told = { slept: before ? Math.min(slept / 1000, before.low - next.low) : 0 };
    if (before && next.low > before.high + STEP) told.granted = Math.max(1, Math.round((next.low - before.low) / 60));
    else if (before && slept < 1000 * STEP && next.high < before.low - STEP) told.shortened = true;
    else if (before && slept < 1000 * STEP) Object.assign(next, { low: Math.max(next.low, Math.min(before.low, next.high)), high: Math.min(next.high, before.high) });
    this.ends = next;
    const seconds = Math.max(0, next.low - now);
    sync(this.element, seconds);
    this.mirror.change((content) => {
      content.time = { left: seconds, wall: Date.now() };
    });
    return told;
  }

  get left() {
    return reading(this.element).left;
  }
}
