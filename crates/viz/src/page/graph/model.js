// The graph in memory: numbers in columns, as `data.rs` wrote them.

const G = {
  count: DATA.count,
  value: column(DATA.columns.value, Float64Array),
  grad: column(DATA.columns.grad, Float64Array),
  op: column(DATA.columns.op, Uint32Array),
  flags: column(DATA.columns.flags, Uint8Array),
  start: column(DATA.columns.start, Uint32Array),
  operand: column(DATA.columns.operand, Uint32Array),
  partial: column(DATA.columns.partial, Float64Array),
  /** Of each box: where its data and its grad cell start, its width and height. */
  shape: column(DATA.columns.shape, Float32Array),
};

const wantsGradient = (i) => (G.flags[i] & 1) !== 0;
const isRoot = (i) => (G.flags[i] & 2) !== 0;
const isLeaf = (i) => (G.flags[i] & 4) !== 0;
const isConstant = (i) => (G.flags[i] & 8) !== 0;
const isSource = (i) => isLeaf(i) || isConstant(i);
const isBad = (i) => !Number.isFinite(G.value[i]) || (wantsGradient(i) && !Number.isFinite(G.grad[i]));
const opOf = (i) => DATA.ops[G.op[i]];

/** In place of an operand that is not shown. */
const HIDDEN = 0xffffffff;
const WHOLE = new Uint8Array(G.count).fill(1);
for (let i = 0; i < G.count; i++) {
  for (let at = G.start[i]; at < G.start[i + 1]; at++) if (G.operand[at] === HIDDEN) WHOLE[i] = 0;
}
/** Whether all operands are shown. If not, the local derivatives are not known. */
const isWhole = (i) => WHOLE[i] === 1;

/** The uses of each value, from `start` on in `places`: indices into `G.operand`. `user` says whose operand each is. */
const USES = {
  get start() { return this.all().start; },
  get places() { return this.all().places; },
  get user() { return this.all().user; },
  /** Made at first use. */
  all() {
    if (this.made) return this.made;
    const start = new Uint32Array(G.count + 1);
    for (const x of G.operand) if (x !== HIDDEN) start[x + 1]++;
    for (let i = 0; i < G.count; i++) start[i + 1] += start[i];
    const next = start.slice();
    const places = new Uint32Array(G.operand.length);
    const user = new Uint32Array(G.operand.length);
    for (let i = 0; i < G.count; i++) {
      for (let at = G.start[i]; at < G.start[i + 1]; at++) {
        user[at] = i;
        if (G.operand[at] === HIDDEN) continue;
        places[next[G.operand[at]]++] = at;
      }
    }
    return (this.made = { start, places, user });
  },
};

/** The outputs, and what flows back from outside the picture. */
const SEEDS = new Map(DATA.seeds);
const SWEPT = SEEDS.size > 0;
if (!SWEPT) {
  // No backward has been run: play one from the first output.
  for (let i = 0; i < G.count; i++) if (isRoot(i)) { SEEDS.set(i, 1); break; }
}

const key = (i) => `n${DATA.keys ? DATA.keys[i] : i}`;

/** A text whose writing direction does not change what is around it. */
const isolated = (text) => (/^[\x20-\x7e]*$/.test(text) ? text : `\u2068${text}\u2069`);

/** What a value is called: its label, or else its key. */
function name(i) {
  const label = DATA.labels[i];
  return label === undefined || label === "" ? key(i) : isolated(label.replaceAll("\n", ""));
}

/** A number with at least four significant digits, the last one rounded to even, as in `words.rs`. */
function number(x) {
  if (Number.isNaN(x)) return "nan";
  const size = Math.abs(x), sign = x < 0 || Object.is(x, -0) ? "-" : "";
  if (size === Infinity) return `${sign}inf`;
  if (size === 0 || (size >= 1e-3 && size < 1e9)) {
    const places = size === 0 || size >= 0.1 ? 4 : size >= 0.01 ? 5 : 6;
    // All digits: no number of this size has more.
    const exact = size.toFixed(70), end = exact.indexOf(".") + 1 + places;
    return sign + (isTie(exact.slice(end)) && isEven(exact[end - 1]) ? exact.slice(0, end) : size.toFixed(places));
  }
  const exact = size.toExponential(100), digits = exact.slice(0, 5), [, power] = exact.split("e");
  const tie = isTie(exact.slice(5, exact.indexOf("e"))) && isEven(exact[4]);
  return sign + (tie ? `${digits}e${power}` : size.toExponential(3)).replace("+", "");
}
const isTie = (digits) => /^50*$/.test(digits);
const isEven = (digit) => "02468".includes(digit);

/** A number in a formula: short, and in parentheses where it is negative. */
function inFormula(x) {
  const text = Number.isFinite(x) ? String(Number(x.toPrecision(5))) : number(x);
  return x < 0 ? `(${text})` : text;
}

/** A pattern of `data.rs` with its places filled in. */
function filled(pattern, operand, result) {
  return pattern.replace(/@(\d+|r)/g, (_, place) => (place === "r" ? result : operand(Number(place))));
}

/** How a value is computed, written with names, or with numbers if `byNumbers`. */
function formula(i, byNumbers) {
  const op = opOf(i);
  if (isSource(i)) return op.name === "leaf" ? "a leaf" : "a constant";
  const operand = (k) => {
    const x = G.operand[G.start[i] + k];
    if (x === HIDDEN) return "…";
    return byNumbers ? inFormula(G.value[x]) : name(x);
  };
  if (op.formula !== null) return filled(op.formula, operand, name(i));
  const count = G.start[i + 1] - G.start[i];
  const shown = Array.from({ length: Math.min(count, 4) }, (_, k) => operand(k));
  return `${op.name}(${shown.join(", ")}${count > 4 ? `, … ${count - 4} more` : ""})`;
}

/** The rule of the local derivative at a place in `G.operand`, written with names, or with numbers if `byNumbers`. */
function rule(at, byNumbers) {
  const i = USES.user[at];
  const partials = opOf(i).partials;
  if (partials === null) return null;
  const operand = (k) => {
    const x = G.operand[G.start[i] + k];
    if (x === HIDDEN) return "…";
    return byNumbers ? inFormula(G.value[x]) : name(x);
  };
  return filled(partials[at - G.start[i]], operand, byNumbers ? inFormula(G.value[i]) : name(i));
}

/** The guarded product: 0 where either factor is. */
const guarded = (x, y) => (x === 0 || y === 0 ? 0 : x * y);
