// Drawing what is open: boxes, ops, wires, clusters. All of it is drawn again when a block opens.

const SVG = "http://www.w3.org/2000/svg";
const svg = document.getElementById("graph");
/** The most boxes that are shown. To keep to it, the blocks that were opened first close again. */
const MOST_BOXES = 300;
/** The most boxes that are shown when the page opens. */
const FIRST_BOXES = 80;
/** A scale at which texts can be read. */
const LEAST_READABLE = 0.5;

const OPEN = new Set([0]);
/** What is drawn: for each value and each closed block its element, its box and its middle. */
let SHOWN = { items: [], value: new Map(), block: new Map(), whole: [0, 0], cluster: new Map() };

function make(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const round = (x) => +x.toFixed(2);

/** A line of text, centered here. */
function textAt(x, y, text, attributes = {}) {
  const size = attributes["font-size"] ?? 11;
  return make("text", { x: round(x), y: round(y + 0.36 * size), ...attributes }, document.createTextNode(text));
}

/** How many boxes a block shows while the blocks in `open` are open. */
function countBoxes(number, open) {
  return BLOCKS[number].entry.reduce((count, e) => {
    if (e.kind === IN || e.kind === OUT) return count;
    return count + (e.kind === BLOCK && open.has(e.of) ? countBoxes(e.of, open) : 1);
  }, 0);
}

/** Opens blocks level by level, as long as everything is large enough to read. */
function openAtFirst() {
  for (;;) {
    const open = new Set(OPEN);
    for (const number of OPEN) for (const e of BLOCKS[number].entry) if (e.kind === BLOCK) open.add(e.of);
    if (open.size === OPEN.size || countBoxes(0, open) > FIRST_BOXES) return;
    if (fitScale(arrange(0, open).size) < LEAST_READABLE) return;
    open.forEach((number) => OPEN.add(number));
  }
}

/** Opens a block and those around it; closes others where there would be too many boxes. */
function openBlock(number) {
  const keep = new Set(around(number));
  for (const n of [...keep].reverse()) {
    OPEN.delete(n);
    OPEN.add(n);
  }
  for (const n of [...OPEN]) {
    if (countBoxes(0, OPEN) <= MOST_BOXES) break;
    if (!keep.has(n)) closeBlock(n);
  }
}

function closeBlock(number) {
  for (const n of [...OPEN]) if (n !== 0 && around(n).includes(number)) OPEN.delete(n);
}

function drawAll() {
  const focused = document.activeElement?.dataset?.id;
  const root = arrange(0, OPEN);
  const scene = make("g", { id: "scene" });
  SHOWN = { items: [], value: new Map(), block: new Map(), whole: root.size, cluster: new Map(), wires: [] };
  const layers = { areas: make("g", {}), wires: make("g", {}), items: make("g", {}), labels: make("g", {}) };
  drawBlock(root, [0, 0], layers);
  scene.append(layers.areas, layers.wires, layers.labels, layers.items);
  svg.replaceChildren(scene);
  fitTexts();
  // In the order of the tape, regardless of blocks.
  SHOWN.items.sort((a, b) => a.order - b.order);
  const again = SHOWN.items.find((item) => item.id === focused) ?? SHOWN.items[0];
  if (again) again.element.setAttribute("tabindex", "0");
  if (focused && again) again.element.focus({ preventScroll: true });
}

/** Draws an open block whose upper left corner is here. */
function drawBlock(placed, [x, y], layers) {
  const block = BLOCKS[placed.number];
  if (placed.number > 0) drawCluster(block, placed, [x, y], layers);
  const ends = [];
  block.entry.forEach((e, k) => {
    const at = [x + placed.corner[k][0], y + placed.corner[k][1]];
    if (placed.inner[k]) drawBlock(placed.inner[k], at, layers);
    else if (e.kind === VALUE) ends[k] = drawValue(e.of, at, layers);
    else if (e.kind === BLOCK) ends[k] = drawCard(BLOCKS[e.of].card, at, e.of, layers);
    else if (e.kind === FIXED) ends[k] = drawCard(DATA.fixed[e.of], at, null, layers);
  });
  for (const wire of placed.wires) drawWire(wire, block, ends, [x, y], layers);
}

function drawCluster(block, placed, [x, y], layers) {
  const [w, h] = placed.size;
  const area = make("rect", { class: "area", x: round(x), y: round(y), width: round(w), height: round(h), rx: 8 });
  layers.areas.append(make("g", { class: "cluster" }, area));
  const title = make("g", {
    class: "cluster title", role: "button", tabindex: "-1", "data-id": `c${placed.number}`,
    "aria-label": `Close ${block.name}`, "aria-expanded": "true",
  });
  const width = 22 + 7 * Math.max(...block.title.map((line) => line.length));
  title.append(make("rect", { class: "hit", x: round(x + 3), y: round(y + 3), width, height: 14 * block.title.length + 6, rx: 5 }));
  title.append(textAt(x + 9, y + 12, "−", { class: "sign start" }));
  block.title.forEach((line, k) => title.append(textAt(x + 20, y + 12 + 14 * k, line, { class: "start" })));
  title.addEventListener("click", () => toggle(placed.number));
  layers.labels.append(title);
  SHOWN.cluster.set(placed.number, { element: title, box: [x, y, w, h] });
}

function cells(i, at) {
  const [first, second, w, h] = G.shape.slice(4 * i, 4 * i + 4);
  const group = make("g", { transform: `translate(${round(at[0])} ${round(at[1])})` });
  group.append(make("rect", { class: "box", width: round(w), height: round(h), rx: 4 }));
  for (const x of first > 0 ? [first, second] : [second]) {
    group.append(make("path", { class: "rule", d: `M${round(x)} 0V${round(h)}` }));
  }
  if (first > 0) {
    const lines = DATA.labels[i].split("\n");
    lines.forEach((line, k) => {
      if (line) group.append(fitting(first / 2, h / 2 + 14 * (k - (lines.length - 1) / 2), line, first - 10));
    });
  }
  const data = textAt((first + second) / 2, h / 2, "", { class: "data" });
  const grad = textAt((second + w) / 2, h / 2, "", { class: "grad" });
  group.append(data, grad);
  return { group, data, grad, room: [second - first - 10, w - second - 10] };
}

/** Texts whose width is not known, and the room that they have. */
let UNMEASURED = [];

/** A text that will fit in any font. */
function fitting(x, y, text, room, attributes = {}) {
  const element = textAt(x, y, text, attributes);
  if (!/^[\x20-\u04ff…×·]*$/.test(text)) UNMEASURED.push([element, room]);
  return element;
}

/** Narrows the texts that are too wide. Measures all of them first, since each change after that costs a layout. */
function fitTexts() {
  const wide = UNMEASURED.map(([element, room]) => [element, room, element.getComputedTextLength()]);
  for (const [element, room, length] of wide) {
    if (length <= room) continue;
    element.setAttribute("textLength", round(room));
    element.setAttribute("lengthAdjust", "spacingAndGlyphs");
  }
  UNMEASURED = [];
}

function drawValue(i, [x, y], layers) {
  const kind = isRoot(i) ? "output" : isLeaf(i) ? "leaf" : isConstant(i) ? "constant" : "result";
  const element = make("g", {
    class: `item value ${kind}${isBad(i) ? " bad" : ""}`, role: "button", tabindex: "-1",
    "data-id": `v${i}`, "data-node": i,
  });
  const [w, h] = [G.shape[4 * i + 2], G.shape[4 * i + 3]];
  const size = figureSize(i);
  let corner = [x, y];
  if (!isSource(i)) {
    const op = opOf(i);
    const [ow, oh] = op.size;
    const opAt = MAIN === 0 ? [x, y + 0.5 * (size[1] - oh)] : [x + 0.5 * (size[0] - ow), y];
    corner = MAIN === 0 ? [x + ow + RESULT, y + 0.5 * (size[1] - h)] : [x + 0.5 * (size[0] - w), y + oh + RESULT];
    const arrow = new Path(MAIN);
    if (MAIN === 0) arrow.move(opAt[0] + ow, opAt[1] + oh / 2).line(corner[0], opAt[1] + oh / 2);
    else arrow.move(opAt[1] + oh, opAt[0] + ow / 2).line(corner[1], opAt[0] + ow / 2);
    element.append(make("path", { class: "wire", d: arrow.d, "marker-end": "url(#head)" }));
    const group = make("g", { class: "op", transform: `translate(${round(opAt[0])} ${round(opAt[1])})` });
    group.append(make("rect", { class: "box", width: ow, height: oh, rx: oh / 2 }), textAt(ow / 2, oh / 2, op.caption));
    element.append(group);
  }
  const { group, data, grad, room } = cells(i, corner);
  element.append(group);
  const note = textAt(corner[0] + w / 2, corner[1] + h + 7.5, "", { class: "note", "font-size": 9 });
  element.append(note);
  const item = {
    id: `v${i}`, value: i, element, data, grad, note, room, order: i,
    box: [x, y, ...size], middle: [x + size[0] / 2, y + size[1] / 2],
  };
  element.setAttribute("aria-label", spoken(i));
  layers.items.append(element);
  SHOWN.items.push(item);
  SHOWN.value.set(i, item);
  return item;
}

/** A value as a screen reader says it. */
function spoken(i) {
  const gradient = wantsGradient(i) ? `, gradient ${number(G.grad[i])}` : "";
  return `${name(i)}${isSource(i) ? `, ${formula(i)}` : ` = ${formula(i)}`}, value ${number(G.value[i])}${gradient}`;
}

/** A closed block, or a box that is not a value. */
function drawCard(card, [x, y], block, layers) {
  const [w, h] = card.size;
  const element = make("g", {
    class: `item ${card.class}${card.bad ? " bad" : ""}`, transform: `translate(${round(x)} ${round(y)})`,
    role: block === null ? "img" : "button", tabindex: "-1", "data-id": block === null ? null : `b${block}`,
    "aria-label": card.hint, "aria-expanded": block === null ? null : "false",
  });
  element.append(make("rect", { class: "box", width: w, height: h, rx: 6 }));
  for (const [x1, y1, x2, y2] of card.rules) element.append(make("path", { class: "rule", d: `M${x1} ${y1}L${x2} ${y2}` }));
  for (const [tx, ty, text, faint] of card.texts) {
    element.append(fitting(tx, ty, text, w - 12, { class: faint ? "faint" : null }));
  }
  if (block !== null) element.append(textAt(11, 11, "+", { class: "sign" }));
  layers.items.append(element);
  const item = { id: `b${block}`, block, element, box: [x, y, w, h], middle: [x + w / 2, y + h / 2], order: 0 };
  if (block !== null) {
    item.order = firstValue(block);
    SHOWN.items.push(item);
    SHOWN.block.set(block, item);
  }
  return item;
}

/** The first value within a block. */
function firstValue(number) {
  for (const e of BLOCKS[number].entry) {
    if (e.kind === VALUE) return e.of;
    if (e.kind === BLOCK) return firstValue(e.of);
  }
  return 0;
}

function drawWire(wire, block, ends, [x, y], layers) {
  const target = block.entry[wire.to];
  const from = ends[wire.from], to = ends[wire.to];
  const bundle = wire.count > 1 && target.kind === BLOCK && wire.arrow;
  const path = make("path", {
    class: `wire${bundle ? " bundle" : ""}`, d: wire.path.d,
    transform: `translate(${round(x)} ${round(y)})`, "marker-end": wire.arrow ? "url(#head)" : null,
  });
  layers.wires.append(path);
  SHOWN.wires.push({ element: path, from, to });
  if (target.kind === VALUE && opOf(target.of).ordered && wire.position >= 0 && wire.arrow) {
    const [ex, ey] = wire.path.end, number = String(wire.position + 1);
    // The number of a wire to the middle stands on the wire, where those beside it are not.
    const at = wire.side === 0
      ? (MAIN === 0 ? [x + ex - 18, y + ey] : [x + ex, y + ey - 18])
      : MAIN === 0 ? [x + ex - 9, y + ey + 7 * wire.side] : [x + ex + 7 * wire.side, y + ey - 5];
    if (wire.side === 0) layers.labels.append(halo(at, 4.5));
    layers.labels.append(textAt(at[0], at[1], number, { class: "small faint", "font-size": 9 }));
  }
  // The count beside a bundle that arrives at a closed block.
  if (bundle) {
    const [ex, ey] = wire.path.end;
    const label = `×${wire.count.toLocaleString("en-US")}`;
    const at = MAIN === 0 ? [x + ex - 12 - 3 * label.length, y + ey] : [x + ex, y + ey - 13];
    const half = 3 * label.length + 2;
    layers.labels.append(
      halo(at, half),
      textAt(at[0], at[1], label, { class: "small", "font-size": 9 }),
    );
  }
}

/** What covers a wire under a text. */
const halo = ([x, y], half) => make("rect", { class: "halo", x: round(x - half), y: round(y - 5.5), width: 2 * half, height: 11, rx: 2 });

/** The item that shows a value: itself, or the closed block that it is in. */
function itemOf(i) {
  const shown = SHOWN.value.get(i);
  if (shown) return shown;
  for (const number of around(HOME[i])) {
    const item = SHOWN.block.get(number);
    if (item) return item;
  }
  return null;
}
