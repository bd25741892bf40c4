// When the server cannot be reached: the answers of this phone as an encrypted file and, the same bytes, as QR codes. Works without a network.
// Bytes: "WGX1", 1 when deflated else 0, a fresh public key (65), a nonce (12), AES-GCM of the text; the head is authenticated with it.
import { qr, room } from "./qr.js";

const MAGIC = [0x57, 0x47, 0x58, 0x31];
const VERSION = 15; // the largest code: 77 points wide, which a cheap camera still reads off a phone of 360
const MOST_PARTS = 99;
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

const bytesOf = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
const joined = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));

// [[item, seq, value, age, acknowledged, page], …] of what the phone holds: {item: {seq, value, age or at, acked or saved, page}}.
// A mirror may hold them as its `items`, or give them by `read()`.
export function rows(mirror, now = Date.now()) {
  const content = typeof mirror.read === "function" ? mirror.read() : mirror;
  return Object.entries(content.items || content)
    .filter(([item, one]) => /^[1-9]\d*$/.test(item) && one && one.seq > 0 && one.value !== undefined)
    .map(([item, one]) => {
      const age = one.age ?? (typeof one.at === "number" ? Math.max(0, now - one.at) : null);
      return [Number(item), one.seq, one.value, age === null ? null : Math.round(age), one.acked || one.saved ? 1 : 0, one.page || content.page || 0];
    });
}

async function deflated(bytes) {
  if (typeof CompressionStream !== "function") return [0, bytes];
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return [1, new Uint8Array(await new Response(stream).arrayBuffer())];
}

// The bytes of a backup; only who holds the private half of `key` can read them.
export async function seal(content, key) {
  const curve = { name: "ECDH", namedCurve: "P-256" };
  const theirs = await crypto.subtle.importKey("raw", bytesOf(key), curve, false, []);
  const ours = await crypto.subtle.generateKey(curve, false, ["deriveBits"]);
  const point = new Uint8Array(await crypto.subtle.exportKey("raw", ours.publicKey));
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, ours.privateKey, 256);
  const master = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const way = { name: "HKDF", hash: "SHA-256", salt: point, info: new TextEncoder().encode("answer rescue file") };
  const secret = await crypto.subtle.deriveKey(way, master, { name: "AES-GCM", length: 256 }, false, ["encrypt"]);
  const [packed, text] = await deflated(new TextEncoder().encode(JSON.stringify(content)));
  const head = joined(MAGIC, [packed], point);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const body = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: head }, secret, text);
  return joined(head, iv, new Uint8Array(body));
}

function base32(bytes) {
  let text = "", held = 0, bits = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) text += BASE32[(held >> (bits - 5)) & 31];
  }
  return bits ? text + BASE32[(held << (5 - bits)) & 31] : text;
}

export async function printOf(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest.slice(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join("").toUpperCase();
}

// "WGX1/<print>/<number>/<count>/<base32>" for each code.
export function series(bytes, print) {
  const text = base32(bytes);
  const most = room(VERSION) - `WGX1/${print}/99/99/`.length;
  const count = Math.ceil(text.length / most);
  const length = Math.ceil(text.length / count); // codes of the same size
  return Array.from({ length: count }, (_, place) => `WGX1/${print}/${place + 1}/${count}/${text.slice(place * length, (place + 1) * length)}`);
}

function drawn(text, label) {
  const dark = qr(text), quiet = 4, scale = 4;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = (dark.length + 2 * quiet) * scale;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  canvas.dataset.code = text;
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff"; // also in the dark: cameras want it so
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = "#000";
  dark.forEach((row, y) => row.forEach((on, x) => on && pen.fillRect((x + quiet) * scale, (y + quiet) * scale, scale, scale)));
  return canvas;
}

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

class Dialog {
  constructor(element) {
    this.element = element;
    this.words = element.dataset;
    this.part = (name) => element.querySelector(`[data-rescue-${name}]`);
    for (const button of element.querySelectorAll("[data-rescue-step]")) {
      button.onclick = () => this.show(this.at + Number(button.dataset.rescueStep));
    }
  }

  open() {
    if (!this.element.open) this.element.showModal();
  }

  say(text) {
    this.part("note").textContent = text;
  }

  async fill(content) {
    const bytes = await seal(content, this.words.key);
    const print = await printOf(bytes);
    const link = this.part("file");
    if (link.href) URL.revokeObjectURL(link.href);
    link.href = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
    link.download = fill(this.words.file, { name: this.words.name, print });
    this.say(fill(this.words.made, { n: content.answers.length }));
    const codes = series(bytes, print);
    const few = codes.length <= MOST_PARTS;
    this.part("codes").hidden = !few;
    if (!few) this.say(this.words.many);
    this.codes = few ? codes : [];
    this.part("all").replaceChildren(
      ...this.codes.map((code, place) => {
        const line = document.createElement("li");
        line.append(drawn(code, fill(this.words.alt, { n: place + 1, all: codes.length })));
        return line;
      }),
    );
    this.show(0);
    this.part("made").hidden = false;
  }

  show(at) {
    if (!this.codes[at]) return;
    this.at = at;
    const where = { n: at + 1, all: this.codes.length };
    this.part("count").textContent = fill(this.words.count, where);
    this.part("one").replaceChildren(drawn(this.codes[at], fill(this.words.alt, where)));
    for (const button of this.element.querySelectorAll("[data-rescue-step]")) {
      button.disabled = !this.codes[at + Number(button.dataset.rescueStep)];
      button.hidden = this.codes.length < 2;
    }
  }
}

// Opens the dialog and makes the backup anew; says in words why where it cannot.
export async function openRescue({ mirror }) {
  const dialog = new Dialog(document.getElementById("rescue"));
  dialog.part("made").hidden = true;
  dialog.open();
  const answers = rows(mirror);
  if (!answers.length) return dialog.say(dialog.words.nothing);
  if (!(globalThis.crypto && crypto.subtle)) return dialog.say(dialog.words.insecure);
  try {
    await dialog.fill({ token: dialog.words.token, made: Date.now(), answers });
  } catch {
    dialog.say(dialog.words.failed);
  }
}
