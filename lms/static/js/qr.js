// QR codes (ISO/IEC 18004) for capitals, figures and / in alphanumeric mode, level M, versions 1 to 20. Text in, rows of true and false out.
// Compared with another encoder bit by bit in the tests.
const SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
// by version: error correction bytes a block, blocks of the first size, data bytes of those, blocks with one byte more
const M = [
  [10, 1, 16, 0], [16, 1, 28, 0], [26, 1, 44, 0], [18, 2, 32, 0], [24, 2, 43, 0], [16, 4, 27, 0], [18, 4, 31, 0], [22, 2, 38, 2], [22, 3, 36, 2], [26, 4, 43, 1],
  [30, 1, 50, 4], [22, 6, 36, 2], [22, 8, 37, 1], [24, 4, 40, 5], [24, 5, 41, 5], [28, 7, 45, 3], [28, 10, 46, 1], [26, 9, 43, 4], [26, 3, 44, 11], [26, 3, 41, 13],
];
const MASKS = [
  (y, x) => (y + x) % 2, (y) => y % 2, (y, x) => x % 3, (y, x) => (y + x) % 3, (y, x) => (Math.floor(y / 2) + Math.floor(x / 3)) % 2,
  (y, x) => ((y * x) % 2) + ((y * x) % 3), (y, x) => (((y * x) % 2) + ((y * x) % 3)) % 2, (y, x) => (((y + x) % 2) + ((y * x) % 3)) % 2,
];

const EXP = [], LOG = [];
for (let power = 0, value = 1; power < 255; power++) {
  EXP[power] = value;
  LOG[value] = power;
  value = (value << 1) ^ (value & 128 ? 0x11d : 0);
}
const times = (a, b) => (a && b ? EXP[(LOG[a] + LOG[b]) % 255] : 0);

function correction(data, count) {
  let generator = [1];
  for (let power = 0; power < count; power++) {
    generator = [...generator, 0].map((part, place) => part ^ (place ? times(generator[place - 1], EXP[power]) : 0));
  }
  const rest = [...data, ...Array(count).fill(0)];
  for (let place = 0; place < data.length; place++) {
    const factor = rest[place];
    if (factor) generator.forEach((part, step) => (rest[place + step] ^= times(part, factor)));
  }
  return rest.slice(data.length);
}

const capacity = ([, blocks, size, more]) => blocks * size + more * (size + 1);
const counter = (version) => (version < 10 ? 9 : version < 27 ? 11 : 13);

// How many signs fit into this version.
export const room = (version) => {
  const bits = capacity(M[version - 1]) * 8 - 4 - counter(version);
  return Math.floor(bits / 11) * 2 + (bits % 11 >= 6 ? 1 : 0);
};

function codewords(text, version) {
  const bits = [];
  const push = (value, length) => {
    for (let place = length - 1; place >= 0; place--) bits.push((value >> place) & 1);
  };
  push(2, 4);
  push(text.length, counter(version));
  for (let place = 0; place < text.length; place += 2) {
    const [first, second] = [SIGNS.indexOf(text[place]), SIGNS.indexOf(text[place + 1] || "?")];
    if (second < 0) push(first, 6);
    else push(first * 45 + second, 11);
  }
  const all = capacity(M[version - 1]);
  push(0, Math.min(4, all * 8 - bits.length));
  push(0, (8 - (bits.length % 8)) % 8);
  const bytes = [];
  for (let place = 0; place < bits.length; place += 8) bytes.push(parseInt(bits.slice(place, place + 8).join(""), 2));
  for (let pad = 0; bytes.length < all; pad++) bytes.push(pad % 2 ? 0x11 : 0xec);
  return bytes;
}

function interleaved(bytes, version) {
  const [count, blocks, size, more] = M[version - 1];
  const data = [], checks = [];
  for (let place = 0, block = 0; block < blocks + more; block++) {
    const length = block < blocks ? size : size + 1;
    data.push(bytes.slice(place, place + length));
    checks.push(correction(data[block], count));
    place += length;
  }
  const columns = (rows, width) => Array.from({ length: width }, (_, column) => rows.map((row) => row[column]).filter((byte) => byte !== undefined)).flat();
  return [...columns(data, size + 1), ...columns(checks, count)];
}

function centres(version) {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const last = version * 4 + 10;
  const step = Math.ceil((last - 6) / (count - 1) / 2) * 2;
  return [6, ...Array.from({ length: count - 1 }, (_, place) => last - (count - 2 - place) * step)];
}

// Check bits of the format and version fields: what is left of value·2^n divided by the polynomial.
function divided(value, polynomial, bits) {
  let rest = value << bits;
  const top = 31 - Math.clz32(polynomial);
  for (let place = 31 - Math.clz32(rest); rest && place >= top; place = 31 - Math.clz32(rest)) rest ^= polynomial << (place - top);
  return (value << bits) | rest;
}

function frame(version) {
  const size = version * 4 + 17;
  const rows = Array.from({ length: size }, () => Array(size).fill(null));
  const put = (y, x, dark) => {
    if (y >= 0 && x >= 0 && y < size && x < size) rows[y][x] = Boolean(dark);
  };
  for (const [top, left] of [[0, 0], [0, size - 7], [size - 7, 0]]) {
    for (let y = -1; y < 8; y++) {
      for (let x = -1; x < 8; x++) {
        const ring = Math.max(Math.abs(y - 3), Math.abs(x - 3));
        put(top + y, left + x, ring !== 2 && ring < 4);
      }
    }
  }
  const at = centres(version);
  for (const y of at) {
    for (const x of at) {
      if (rows[y][x] !== null) continue;
      for (let down = -2; down <= 2; down++) for (let right = -2; right <= 2; right++) put(y + down, x + right, Math.max(Math.abs(down), Math.abs(right)) !== 1);
    }
  }
  for (let place = 8; place < size - 8; place++) {
    if (rows[6][place] === null) put(6, place, place % 2 === 0);
    if (rows[place][6] === null) put(place, 6, place % 2 === 0);
  }
  if (version > 6) {
    const bits = divided(version, 0x1f25, 12);
    for (let place = 0; place < 18; place++) {
      const [far, near] = [size - 11 + (place % 3), Math.floor(place / 3)];
      put(near, far, (bits >> place) & 1);
      put(far, near, (bits >> place) & 1);
    }
  }
  format(rows, 0);
  return rows;
}

function format(rows, mask) {
  const size = rows.length;
  const bits = divided(mask, 0x537, 10) ^ 0x5412; // level M is 00
  for (let place = 0; place < 15; place++) {
    const dark = Boolean((bits >> place) & 1);
    const down = place < 6 ? place : place < 8 ? place + 1 : size - 15 + place;
    const left = place < 8 ? size - 1 - place : place < 9 ? 7 : 14 - place;
    rows[down][8] = dark;
    rows[8][left] = dark;
  }
  rows[size - 8][8] = true;
}

function filled(version, bytes, mask) {
  const rows = frame(version), size = rows.length;
  let bit = 0;
  for (let right = size - 1, up = true; right > 0; right -= 2, up = !up) {
    if (right === 6) right--;
    for (let step = 0; step < size; step++) {
      const y = up ? size - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (rows[y][x] !== null) continue;
        const dark = bit < bytes.length * 8 && (bytes[bit >> 3] >> (7 - (bit & 7))) & 1;
        rows[y][x] = Boolean(dark) !== (MASKS[mask](y, x) === 0);
        bit++;
      }
    }
  }
  format(rows, mask);
  return rows;
}

// How hard to read: long runs, squares, what looks like a corner, too much of one colour.
function penalty(rows) {
  const size = rows.length;
  let points = 0, dark = 0;
  for (const across of [true, false]) {
    for (let y = 0; y < size; y++) {
      const line = Array.from({ length: size }, (_, x) => (across ? rows[y][x] : rows[x][y]));
      for (let start = 0, x = 1; x <= size; x++) {
        if (line[x] === line[start]) continue;
        if (x - start > 4) points += x - start - 2;
        start = x;
      }
      const text = line.map(Number).join("");
      for (const corner of ["10111010000", "00001011101"]) {
        for (let place = text.indexOf(corner); place >= 0; place = text.indexOf(corner, place + 1)) points += 40;
      }
    }
  }
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      dark += rows[y][x];
      if (y && x && rows[y][x] === rows[y - 1][x] && rows[y][x] === rows[y][x - 1] && rows[y][x] === rows[y - 1][x - 1]) points += 3;
    }
  }
  return points + Math.floor(Math.abs((dark * 100) / (size * size) - 50) / 5) * 10;
}

// The smallest code that holds the text, or null when none does; `mask` only for comparing.
export function qr(text, { mask = null } = {}) {
  if ([...text].some((sign) => !SIGNS.includes(sign))) return null;
  const version = M.findIndex((_, place) => text.length <= room(place + 1)) + 1;
  if (!version) return null;
  const bytes = interleaved(codewords(text, version), version);
  if (mask !== null) return filled(version, bytes, mask);
  const all = MASKS.map((_, place) => filled(version, bytes, place));
  const worth = all.map(penalty);
  return all[worth.indexOf(Math.min(...worth))];
}
