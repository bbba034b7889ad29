// What is shown about a value: a short tooltip when it is pointed at; when it is chosen, all details, with the paths on
// which it affects the output.

const tip = document.getElementById("tip");
const panel = document.getElementById("panel");
let CHOSEN = null;
/** The most paths that are listed. */
const MOST_WAYS = 5;

/** An element with text; texts are never parsed as markup. */
function tell(tag, text, className = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className) element.className = className;
  return element;
}

/** All digits. */
const exact = (x) => (Number.isFinite(x) ? String(x) : number(x));
const percent = (part, whole) => (whole !== 0 && Number.isFinite(part / whole) ? `${(100 * part / whole).toFixed(0)} %` : "");

/** The lines of a value that say how it was computed. */
function howComputed(i) {
  const lines = [tell("p", isSource(i) ? formula(i) : `= ${formula(i)}`, "formula")];
  if (!isSource(i)) lines.push(tell("p", `= ${formula(i, true)} = ${number(G.value[i])}`, "formula"));
  return lines;
}

/** A table of its operands: the local derivative as a rule and as a number, and what was sent. */
function localDerivatives(i, most) {
  const table = document.createElement("table");
  const head = document.createElement("tr");
  head.append(tell("th", "with respect to"), tell("th", "local derivative"), tell("th", "sends"));
  table.append(head);
  const end = Math.min(G.start[i + 1], G.start[i] + most);
  const whole = isWhole(i);
  for (let at = G.start[i]; at < end; at++) {
    if (G.operand[at] === HIDDEN) continue;
    const row = document.createElement("tr");
    const written = rule(at, false), inNumbers = rule(at, true);
    const value = whole ? number(G.partial[at]) : null;
    const parts = [written, inNumbers, value].filter((part, k, all) => part !== null && part !== all[k - 1] && !(k === 1 && whole && Number(part.replace(/[()]/g, "")) === G.partial[at]));
    row.append(
      tell("td", name(G.operand[at])),
      tell("td", parts.filter((part, k) => k === 0 || part !== parts[0]).join(" = ")),
      tell("td", wantsGradient(G.operand[at]) && SWEPT && whole ? number(guarded(G.grad[i], G.partial[at])) : "-"),
    );
    table.append(row);
  }
  if (end < G.start[i + 1]) {
    const row = document.createElement("tr");
    row.append(tell("td", `… ${G.start[i + 1] - end} more`));
    table.append(row);
  }
  return table;
}

function showTip(item, event) {
  tip.replaceChildren();
  if (item.value !== undefined) {
    const i = item.value;
    tip.append(tell("strong", name(i)), ...howComputed(i));
    const numbers = [`value ${exact(G.value[i])}`];
    if (wantsGradient(i) && SWEPT) numbers.push(`gradient ${exact(G.grad[i])}`);
    tip.append(tell("p", numbers.join("   ")));
    if (!isSource(i)) tip.append(localDerivatives(i, 4));
  } else {
    tip.append(tell("strong", BLOCKS[item.block].name), tell("p", "click to open"));
  }
  tip.hidden = false;
  const frame = svg.getBoundingClientRect();
  const [x, y] = event ? [event.clientX - frame.left, event.clientY - frame.top] : [0, 0];
  const [w, h] = [tip.offsetWidth, tip.offsetHeight];
  tip.style.left = `${Math.max(4, Math.min(x + 16, frame.width - w - 8))}px`;
  tip.style.top = `${y + 20 + h > frame.height ? Math.max(4, y - h - 14) : y + 20}px`;
}

const hideTip = () => { tip.hidden = true; };

/** The values between one and the outputs, itself included, as marks. */
function upward(i) {
  const reached = new Uint8Array(G.count);
  reached[i] = 1;
  for (let j = i + 1; j < G.count; j++) {
    for (let at = G.start[j]; at < G.start[j + 1]; at++) {
      if (reached[G.operand[at]]) {
        reached[j] = 1;
        break;
      }
    }
  }
  return reached;
}

/**
 * The paths from a value to the outputs that were swept from, each with the product of the local derivatives along it:
 * how much of the gradient came along that path. Returns the paths that contribute most, and how many there are in all.
 */
function waysToOutput(i, reached) {
  const best = new Map();
  const counts = new Map();
  for (let j = G.count - 1; j >= i; j--) {
    if (!reached[j]) continue;
    const ways = [];
    let count = 0;
    if (SEEDS.has(j)) {
      ways.push({ amount: SEEDS.get(j), next: null, at: null });
      count = 1;
    }
    for (let k = USES.start[j]; k < USES.start[j + 1]; k++) {
      const at = USES.places[k], user = USES.user[at];
      if (!isWhole(user)) continue;
      for (const way of best.get(user) ?? []) ways.push({ amount: guarded(way.amount, G.partial[at]), next: way, at });
      count += counts.get(user) ?? 0;
    }
    ways.sort((a, b) => Math.abs(b.amount) - Math.abs(a.amount));
    best.set(j, ways.slice(0, MOST_WAYS));
    counts.set(j, count);
  }
  return { ways: best.get(i) ?? [], count: counts.get(i) ?? 0 };
}

/** The values along a path, except the first. */
function along(way) {
  const values = [];
  for (let here = way; here.next; here = here.next) values.push(USES.user[here.at]);
  return values;
}

function choose(i) {
  CHOSEN = i;
  const reached = upward(i);
  const close = tell("button", "×", "close");
  close.setAttribute("aria-label", "Close details");
  close.addEventListener("click", letGo);
  panel.replaceChildren(close, tell("h2", name(i)), ...howComputed(i));
  const numbers = document.createElement("dl");
  const row = (term, text) => numbers.append(tell("dt", term), tell("dd", text));
  row("value", exact(G.value[i]));
  row("gradient", !wantsGradient(i) ? "none passes here" : SWEPT ? exact(G.grad[i]) : "no backward has been run");
  row("key", key(i));
  const scopes = around(HOME[i]).filter((n) => n > 0).map((n) => BLOCKS[n].name).reverse();
  if (scopes.length > 0) row("scope", scopes.join(" / "));
  panel.append(numbers);
  if (G.start[i + 1] > G.start[i]) panel.append(tell("h3", "Local derivatives"), localDerivatives(i, 12));
  if (wantsGradient(i) && SEEDS.size > 0) panel.append(...usesOf(i), ...waysOf(i, reached));
  panel.hidden = false;
  markWays(reached);
  document.body.classList.add("told");
}

/** What each use of a value contributes to its gradient. */
function usesOf(i) {
  const from = USES.start[i], end = USES.start[i + 1];
  if (end === from) return [];
  const adjoint = SWEPT ? G.grad : sweep(0).adjoint;
  const list = document.createElement("ul");
  list.className = "bars";
  const parts = [];
  for (let k = from; k < end; k++) {
    const at = USES.places[k];
    if (isWhole(USES.user[at])) parts.push({ at, amount: guarded(adjoint[USES.user[at]], G.partial[at]) });
  }
  if (parts.length === 0) return [];
  const most = largest(parts);
  parts.sort((a, b) => Math.abs(b.amount) - Math.abs(a.amount));
  for (const { at, amount } of parts.slice(0, 8)) {
    list.append(bar(`${name(USES.user[at])} = ${formula(USES.user[at])}`, amount, most, adjoint[i], () => goToValue(USES.user[at])));
  }
  if (parts.length > 8) list.append(tell("li", `… ${parts.length - 8} more uses`));
  return [tell("h3", parts.length === 1 ? "Its use sends back" : `Its ${parts.length} uses send back`), list];
}

/** The paths on which a value affects the output. */
function waysOf(i, reached) {
  const { ways, count } = waysToOutput(i, reached);
  if (count === 0) return [tell("p", "No path leads from here to the output.")];
  const adjoint = SWEPT ? G.grad[i] : sweep(0).adjoint[i];
  const list = document.createElement("ul");
  list.className = "bars";
  const most = largest(ways);
  for (const way of ways) {
    const values = along(way);
    const names = values.length === 0 ? ["is the output"] : values.map((j) => name(j));
    const text = names.length > 6 ? [...names.slice(0, 3), "…", ...names.slice(-2)].join(" → ") : names.join(" → ");
    list.append(bar(text, way.amount, most, adjoint, () => markWays(marks([i, ...values]))));
  }
  const ofThem = count > ways.length ? `: the ${ways.length} that contribute most` : "";
  const many = count < 1e15 ? count.toLocaleString("en-US") : count.toExponential(2);
  return [tell("h3", count === 1 ? "One path to the output" : `${many} paths to the output${ofThem}`), list];
}

/** The largest size of an amount that is finite, or 0. */
const largest = (parts) => parts.reduce((most, { amount }) => (Number.isFinite(amount) ? Math.max(most, Math.abs(amount)) : most), 0);

function marks(values) {
  const marked = new Uint8Array(G.count);
  for (const i of values) marked[i] = 1;
  return marked;
}

function bar(text, amount, most, whole, go) {
  const item = document.createElement("li");
  const button = tell("button", "");
  const share = percent(amount, whole);
  button.append(tell("span", text), tell("b", `${number(amount)}${share ? ` (${share})` : ""}`));
  const length = most > 0 && Number.isFinite(amount) ? (100 * Math.abs(amount)) / most : 0;
  button.style.setProperty("--length", `${length}%`);
  button.classList.toggle("negative", amount < 0);
  button.addEventListener("click", go);
  item.append(button);
  return item;
}

/** Highlights the boxes that show the marked values. */
function markWays(marked) {
  const lit = new Set();
  if (marked) for (let i = 0; i < G.count; i++) if (marked[i]) lit.add(itemOf(i));
  for (const item of SHOWN.items) {
    item.element.classList.toggle("way", lit.has(item));
    item.element.classList.toggle("chosen", item.value === CHOSEN && CHOSEN !== null);
  }
  for (const wire of SHOWN.wires) {
    wire.element.classList.toggle("way", lit.has(wire.from) && (lit.has(wire.to) || !wire.to));
  }
  svg.classList.toggle("marked", lit.size > 0);
}

function letGo() {
  CHOSEN = null;
  panel.hidden = true;
  document.body.classList.remove("told");
  markWays(null);
}
