// Forward and backward, node by node, in the order of the tape and back again.
//
// A step is a run of neighbors on the tape that are shown by the same box, so that a closed scope is computed at once.
// The state is computed again at every step, from the place alone.

const PLAY = { phase: "backward", at: 0, timer: null, ahead: [], behind: [] };

/** Where the steps end, as places on the tape, with the blocks that are open now. */
function findSteps() {
  const ends = [];
  // All values in a closed block are shown by the same box.
  const shownBy = BLOCKS.map((_, number) => around(number).map((n) => SHOWN.block.get(n)).findLast(Boolean) ?? null);
  let item = null, works = false;
  for (let i = 0; i < G.count; i++) {
    const here = shownBy[HOME[i]] ?? i;
    if (here !== item && works) {
      ends.push(i);
      works = false;
    }
    item = here;
    // Leaves and constants are known from the start.
    works ||= !isSource(i);
  }
  if (works) ends.push(G.count);
  PLAY.ahead = ends;
  // Going back, a step ends where the one ahead began.
  PLAY.behind = [G.count, ...[0, ...ends.slice(0, -1)].reverse()];
  const slider = document.getElementById("slider");
  slider.max = PLAY.ahead.length + PLAY.behind.length;
}

/** The number of the step, from 0: first those ahead, then those back. */
function stepNumber() {
  if (PLAY.phase === "forward") return PLAY.ahead.filter((end) => end <= PLAY.at).length;
  return PLAY.ahead.length + PLAY.behind.filter((end) => end >= PLAY.at).length;
}

function goTo(step) {
  const most = PLAY.ahead.length + PLAY.behind.length;
  step = Math.max(0, Math.min(most, step));
  if (step <= PLAY.ahead.length) {
    PLAY.phase = "forward";
    PLAY.at = step === 0 ? 0 : PLAY.ahead[step - 1];
  } else {
    PLAY.phase = "backward";
    PLAY.at = PLAY.behind[step - PLAY.ahead.length - 1];
  }
  showStep();
}

/**
 * The adjoints after all values from `at` on have sent theirs, and the parts that each value was sent. The sums are
 * those of the engine: in the order of the tape from its end.
 */
function sweep(at) {
  const adjoint = new Float64Array(G.count);
  const parts = new Map();
  for (const [i, seed] of SEEDS) adjoint[i] = seed;
  for (let i = G.count - 1; i >= at; i--) {
    // What an op sends of which not all operands are shown is among the seeds.
    if (adjoint[i] === 0 || !wantsGradient(i) || !isWhole(i)) continue;
    for (let k = G.start[i]; k < G.start[i + 1]; k++) {
      const x = G.operand[k];
      if (!wantsGradient(x)) continue;
      const part = guarded(adjoint[i], G.partial[k]);
      adjoint[x] += part;
      if (SHOWN.value.has(x)) {
        if (!parts.has(x)) parts.set(x, []);
        parts.get(x).push(part);
      }
    }
  }
  return { adjoint, parts };
}

/** Writes into a cell, smaller where there is no room. */
function write(text, content, room) {
  text.textContent = content;
  text.removeAttribute("textLength");
  if (content.length * 6.9 > room && text.getComputedTextLength && text.getComputedTextLength() > room) {
    text.setAttribute("textLength", round(room));
    text.setAttribute("lengthAdjust", "spacingAndGlyphs");
  }
}

/** Shows the state at the step. */
function showStep() {
  const forward = PLAY.phase === "forward";
  const { adjoint, parts } = forward ? { adjoint: null, parts: new Map() } : sweep(PLAY.at);
  const step = stepNumber();
  // Which items this step computed: those between where it began and where it ended.
  const [from, to] = forward
    ? [step > 1 ? PLAY.ahead[step - 2] : 0, PLAY.at]
    : [PLAY.at, step - PLAY.ahead.length > 1 ? PLAY.behind[step - PLAY.ahead.length - 2] : G.count];
  const finished = !forward && PLAY.at === 0;
  const now = new Set(), sent = new Set();
  for (let i = from; i < to && PLAY.playing; i++) {
    if (isSource(i)) continue;
    now.add(itemOf(i));
    if (!forward) for (let k = G.start[i]; k < G.start[i + 1]; k++) if (G.operand[k] !== HIDDEN) sent.add(itemOf(G.operand[k]));
  }
  PLAY.adjoint = adjoint;
  for (const item of SHOWN.items) {
    const active = PLAY.playing && now.has(item);
    item.element.classList.toggle("now", Boolean(active));
    item.element.classList.toggle("sent", Boolean(PLAY.playing && sent.has(item) && !now.has(item)));
    if (item.value === undefined) {
      const first = item.order;
      item.element.classList.toggle("waiting", forward && first >= PLAY.at);
      continue;
    }
    const i = item.value;
    const known = !forward || isSource(i) || i < PLAY.at;
    item.element.classList.toggle("waiting", !known);
    write(item.data, known ? `data ${number(G.value[i])}` : "data ·", item.room[0]);
    // The engine's own gradient, once the sweep is over: the sums are the same to the last digits.
    const shown = finished && !PLAY.playing ? G.grad[i] : forward ? null : adjoint[i];
    const gradient = !wantsGradient(i) ? "-" : shown === null ? "·" : number(shown);
    write(item.grad, `grad ${gradient}`, item.room[1]);
    item.element.dataset.grad = forward ? "" : String(adjoint[i]);
    const sum = parts.get(i) ?? [];
    // Where a value is used more than once, the terms so far.
    const told = PLAY.playing && sum.length > 1 ? sum.slice(-4).map((part) => number(part)).join(" + ").replaceAll("+ -", "− ") : "";
    item.note.textContent = sum.length > 4 && told ? `… + ${told}` : told;
  }
  const slider = document.getElementById("slider");
  slider.value = step;
  const total = forward ? PLAY.ahead.length : PLAY.behind.length;
  const place = forward ? step : step - PLAY.ahead.length;
  document.getElementById("phase").textContent = `${PLAY.phase} ${place}/${total}`;
  slider.setAttribute("aria-valuetext", `${PLAY.phase}, step ${place} of ${total}`);
  document.getElementById("caption").textContent = caption(forward, from, to, step, adjoint, finished);
}

/** What happened in a step, as text. */
function caption(forward, from, to, step, adjoint, finished) {
  if (!PLAY.playing) {
    const swept = SWEPT ? "" : " No backward has been run yet.";
    return `${DATA.note ? `${DATA.note}. ` : ""}${G.count.toLocaleString("en-US")} values.${swept} Play shows how they came to be.`;
  }
  if (step === 0) return "Leaves and constants are given.";
  const worked = [];
  for (let i = from; i < to && worked.length < 2; i++) if (!isSource(i)) worked.push(i);
  if (forward) {
    if (worked.length === 1) {
      const [i] = worked;
      return `${name(i)} = ${formula(i)} = ${formula(i, true)} = ${number(G.value[i])}`;
    }
    return `${boxName(from, to)}: ${(to - from).toLocaleString("en-US")} values`;
  }
  if (from === G.count) {
    const seeds = [...SEEDS].slice(0, 3).map(([i, seed]) => `${name(i)} receives ${number(seed)}`);
    return `Backward begins at the output: ${seeds.join(", ")}${SEEDS.size > 3 ? ", …" : ""}`;
  }
  if (worked.length === 1) {
    const [i] = worked;
    if (!wantsGradient(i)) return `${name(i)} passes no gradient on.`;
    if (!isWhole(i)) return `${name(i)} = ${formula(i)} has operands that are not shown, so what it sends is not known.`;
    const sends = [];
    for (let k = G.start[i]; k < G.start[i + 1] && sends.length < 4; k++) {
      const x = G.operand[k];
      if (!wantsGradient(x)) continue;
      sends.push(`${name(x)} ${inFormula(adjoint[i])} · ${inFormula(G.partial[k])} = ${number(guarded(adjoint[i], G.partial[k]))}`);
    }
    return `${name(i)} = ${formula(i)} sends ${sends.join(", ") || "nothing"}`;
  }
  return finished && worked.length === 0 ? "All gradients are computed." : `${boxName(from, to)} passes its gradients on.`;
}

function boxName(from, to) {
  for (let i = from; i < to; i++) {
    const item = isSource(i) ? null : itemOf(i);
    if (item) return item.block === undefined ? `${name(i)} and more` : BLOCKS[item.block].name;
  }
  return "";
}

function setPlaying(playing) {
  PLAY.playing = playing || PLAY.playing;
  clearInterval(PLAY.timer);
  PLAY.timer = null;
  const button = document.getElementById("play");
  button.textContent = playing ? "❚❚" : "▶";
  button.setAttribute("aria-label", playing ? "Pause" : "Play");
  if (!playing) return;
  const most = PLAY.ahead.length + PLAY.behind.length;
  if (stepNumber() >= most) goTo(0);
  // Long graphs are played faster: in at most about a minute.
  const pause = Math.max(30, Math.min(900, 60000 / most));
  PLAY.timer = setInterval(() => {
    goTo(stepNumber() + 1);
    if (stepNumber() >= most) setPlaying(false);
  }, pause);
}

function stepBy(change) {
  setPlaying(false);
  PLAY.playing = true;
  goTo(stepNumber() + change);
}

/** Shows everything, as when the page was opened. */
function rest() {
  setPlaying(false);
  PLAY.playing = false;
  PLAY.phase = "backward";
  PLAY.at = 0;
  showStep();
}

document.getElementById("play").addEventListener("click", () => setPlaying(PLAY.timer === null));
document.getElementById("step").addEventListener("click", () => stepBy(1));
document.getElementById("back").addEventListener("click", () => stepBy(-1));
document.getElementById("first").addEventListener("click", () => stepBy(-Infinity));
document.getElementById("last").addEventListener("click", rest);
document.getElementById("slider").addEventListener("input", (event) => {
  setPlaying(false);
  PLAY.playing = true;
  goTo(Number(event.target.value));
});
