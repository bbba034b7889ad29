// Loss and accuracy over the steps.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 560, HEIGHT = 230, LEFT = 52, RIGHT = 14, TOP = 12, BOTTOM = 26;

function make(tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

const steps = [...column(DATA.step, Float64Array)];
const losses = [...column(DATA.loss, Float64Array)];
const accuracies = [...column(DATA.accuracy, Float64Array)];
const lastStep = Math.max(DATA.planned, steps.at(-1) ?? 0, 1);

/** A short number for an axis. */
const brief = (x, digits = 2) => {
  const short = Number(x.toPrecision(digits));
  return x !== 0 && (Math.abs(x) >= 1e4 || Math.abs(x) < 1e-3) ? short.toExponential().replace("+", "") : String(short);
};

/** The numbers on an axis, with as many digits as tell them apart. */
function briefly(marks) {
  for (let digits = 2; ; digits++) {
    const texts = marks.map((mark) => brief(mark, digits));
    if (digits === 17 || new Set(texts).size === new Set(marks).size) return texts;
  }
}

/** The least and the largest of some numbers. */
const range = (numbers) => numbers.reduce(([low, high], x) => [Math.min(low, x), Math.max(high, x)], [Infinity, -Infinity]);

/** Whole numbers that divide a range into a few parts. */
function ticks(high, count) {
  const rough = Math.max(1, high / count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const size = [1, 2, 5, 10].map((k) => k * power).find((s) => s >= rough);
  return Array.from({ length: Math.floor(high / size) + 1 }, (_, k) => k * size);
}

/**
 * A curve with its axes in an element. `scale` takes a number to its height, from 0 to 1; `marks` are the numbers on
 * the axis. Returns a function that moves the cursor to a step.
 */
function curve(element, numbers, scale, marks, format) {
  const x = (step) => LEFT + (step / lastStep) * (WIDTH - LEFT - RIGHT);
  const y = (number) => HEIGHT - BOTTOM - scale(number) * (HEIGHT - TOP - BOTTOM);
  const known = numbers.map((number, k) => [steps[k], number]).filter(([, number]) => Number.isFinite(number));
  const last = known.at(-1);
  const svg = make("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": last ? `from ${format(known[0][1])} to ${format(last[1])}` : "nothing yet" });
  const texts = format === percent ? marks.map(percent) : briefly(marks);
  for (const [k, mark] of marks.entries()) {
    svg.append(make("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(mark), y2: y(mark) }));
    svg.append(make("text", { x: LEFT - 8, y: y(mark) + 4, "text-anchor": "end" }, texts[k]));
  }
  for (const tick of ticks(lastStep, 6)) svg.append(make("text", { x: x(tick), y: HEIGHT - 6, "text-anchor": "middle" }, tick.toLocaleString("en-US")));
  // No more places than there are pixels.
  const stride = Math.ceil(known.length / 1500), badStride = Math.ceil((numbers.length - known.length) / 1500);
  const points = known.filter((_, k) => k % stride === 0 || k === known.length - 1);
  svg.append(make("polyline", { class: "curve", points: points.map(([step, number]) => `${x(step).toFixed(1)},${y(number).toFixed(1)}`).join(" ") }));
  let bad = 0;
  numbers.forEach((number, k) => {
    if (!Number.isFinite(number) && format !== percent && bad++ % badStride === 0) svg.append(make("circle", { class: "bad-step", cx: x(steps[k]), cy: TOP + 3, r: 3 }));
  });
  const cursor = make("line", { class: "cursor", y1: TOP, y2: HEIGHT - BOTTOM });
  const dot = make("circle", { class: "dot", r: 5 });
  const value = make("text", { class: "value" });
  svg.append(cursor, dot, value);
  element.append(svg);
  return (step) => {
    const k = steps.findLastIndex((s) => s <= step);
    const number = numbers[k];
    const here = x(step);
    cursor.setAttribute("x1", here);
    cursor.setAttribute("x2", here);
    const shown = Number.isFinite(number);
    dot.toggleAttribute("hidden", !shown);
    dot.style.display = shown ? "" : "none";
    if (shown) {
      dot.setAttribute("cx", here);
      dot.setAttribute("cy", y(number));
    }
    const right = here > WIDTH - 110;
    value.setAttribute("x", here + (right ? -9 : 9));
    value.setAttribute("y", shown ? Math.max(TOP + 12, y(number) - 8) : TOP + 12);
    value.setAttribute("text-anchor", right ? "end" : "start");
    value.textContent = k < 0 ? "" : shown ? format(number) : "not finite";
  };
}

const percent = (x) => `${+(100 * x).toFixed(1)} %`;
const exact = (x) => x.toPrecision(4);

/** The loss: on a logarithmic scale where all losses are positive. */
function lossCurve() {
  const finite = losses.filter(Number.isFinite);
  if (finite.length === 0) return null;
  const [low, high] = range(finite);
  if (low > 0 && high / low > 5) {
    const [bottom, top] = [Math.log10(low) - 0.08, Math.log10(high) + 0.08];
    const marks = [];
    const stride = Math.ceil((top - bottom) / 10);
    for (let power = Math.floor(bottom); power <= Math.ceil(top); power += stride) {
      for (const k of top - bottom > 3 ? [1] : [1, 2, 5]) {
        const mark = k * 10 ** power;
        if (Math.log10(mark) >= bottom && Math.log10(mark) <= top) marks.push(mark);
      }
    }
    return curve(document.getElementById("loss"), losses, (x) => (Math.log10(x) - bottom) / (top - bottom), marks, exact);
  }
  const bottom = Math.min(0, low);
  const top = high > bottom ? high : bottom + Math.max(1, Math.abs(bottom));
  const marks = [0, 0.25, 0.5, 0.75, 1].map((part) => (1 - part) * bottom + part * top);
  // Halves, since the range of finite numbers may overflow.
  const scale = (x) => (0.5 * x - 0.5 * bottom) / (0.5 * top - 0.5 * bottom);
  return curve(document.getElementById("loss"), losses, scale, marks, exact);
}
