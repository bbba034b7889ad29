// Where everything stands while some blocks are open.
//
// Each block was laid out with all blocks within it closed. One that opens needs more room: the layer it stands in
// becomes longer along the main axis, and all that is beyond its middle along the other axis moves away from it. Places
// only move apart, in order, so nothing overlaps.

/** Gaps, as in `frame.rs` and `route.rs`: between an op and its value; from a layer to where a wire turns back. */
const RESULT = 16;
const AROUND = 12;
const OP_HEIGHT = 24;

let MAIN = 0;
let BLOCKS = [];

/** A block as `data.rs` wrote it; its lists of numbers are read at first use. */
class Block {
  constructor(written) {
    Object.assign(this, written);
  }
  /** Rows of `width` numbers, as objects. */
  static rows(numbers, width, make) {
    return Array.from({ length: numbers.length / width }, (_, k) => make(...numbers.slice(width * k, width * (k + 1))));
  }
  get entry() {
    return this.cachedEntry ??= Block.rows(this.entries, 4, (kind, of, rank, cross) => ({ kind, of, rank, cross }));
  }
  get strand() {
    return this.cachedStrand ??= Block.rows(this.strands, 7, (from, fromPort, to, toPort, wire, position, operands) =>
      ({ from, fromPort, to, toPort, wire, position, operands }));
  }
  get wire() {
    if (this.cachedWire) return this.cachedWire;
    this.cachedWire = [];
    for (let k = 0; k < this.wires.length; ) {
      const [arrive, back, count] = this.wires.slice(k, k + 3);
      this.cachedWire.push({ arrive, back: back === 1, passes: this.wires.slice(k + 3, k + 3 + count) });
      k += 3 + count;
    }
    return this.cachedWire;
  }
}

/** Takes one of the layouts that the page has: from left to right, from top to bottom. */
function useLayout(layout) {
  MAIN = layout.main;
  BLOCKS = layout.known ??= layout.blocks.map((block) => new Block(block));
}

const VALUE = 0, BLOCK = 1, IN = 2, OUT = 3, FIXED = 4;

/** How large a value is with its op. */
function figureSize(i) {
  const w = G.shape[4 * i + 2], h = G.shape[4 * i + 3];
  if (isSource(i)) return [w, h];
  const op = opOf(i).size;
  return MAIN === 0 ? [op[0] + RESULT + w, Math.max(op[1], h)] : [Math.max(op[0], w), op[1] + RESULT + h];
}

function closedSize(entry) {
  switch (entry.kind) {
    case VALUE: return figureSize(entry.of);
    case BLOCK: return BLOCKS[entry.of].card.size;
    case FIXED: return DATA.fixed[entry.of].size;
    default: return [0, 0];
  }
}

/**
 * An open block: its size, the upper left corner and size of each entry, and its wires as paths, all
 * from its own upper left corner. `open` is the set of open blocks.
 */
function arrange(number, open) {
  const block = BLOCKS[number];
  const cross = 1 - MAIN;
  const inner = block.entry.map((e) => (e.kind === BLOCK && open.has(e.of) ? arrange(e.of, open) : null));
  const size = block.entry.map((e, k) => (inner[k] ? inner[k].size : closedSize(e)));
  const layers = block.span.length / 2;

  // How much longer each layer is than it was.
  const longer = new Float64Array(layers);
  block.entry.forEach((e, k) => {
    if (inner[k]) {
      const had = block.span[2 * e.rank + 1] - block.span[2 * e.rank];
      longer[e.rank] = Math.max(longer[e.rank], size[k][MAIN] - had);
    }
  });
  const left = [], right = [];
  let moved = 0;
  for (let rank = 0; rank < layers; rank++) {
    left.push(block.span[2 * rank] + moved);
    moved += longer[rank];
    right.push(block.span[2 * rank + 1] + moved);
  }

  // Stretches of the other axis that become longer: each lies within all the open entries that it makes
  // room for, so one stretch serves neighbors of several layers.
  const growing = block.entry
    .map((e, k) => ({ k, half: 0.5 * closedSize(e)[cross], middle: e.cross }))
    .filter(({ k }) => inner[k])
    .map(({ k, half, middle }) => ({ low: middle - half, high: middle + half, more: Math.max(0, size[k][cross] - 2 * half) }))
    .sort((a, b) => a.high - b.high);
  const stretches = [];
  for (const { low, high, more } of growing) {
    const last = stretches.at(-1);
    if (last && last.high - low > 4) {
      last.low = Math.max(last.low, low);
      last.more = Math.max(last.more, more);
    } else {
      stretches.push({ low, high, more });
    }
  }
  const beyond = (y) =>
    stretches.reduce((sum, { low, high, more }) => sum + more * Math.max(0, Math.min(1, (y - low) / (high - low))), y);

  const center = block.entry.map((e, k) => {
    if (!inner[k]) return beyond(e.cross);
    const half = 0.5 * closedSize(e)[cross];
    return 0.5 * (beyond(e.cross - half) + beyond(e.cross + half));
  });
  const corner = block.entry.map((e, k) => {
    const at = [0, 0];
    at[MAIN] = right[e.rank] - size[k][MAIN];
    at[cross] = center[k] - 0.5 * size[k][cross];
    return at;
  });
  const whole = [0, 0];
  whole[MAIN] = block.size[MAIN] + moved;
  whole[cross] = stretches.reduce((sum, { more }) => sum + more, block.size[cross]);

  /** Where along cross a wire is attached to an entry. */
  const attached = (k, port, offset) =>
    inner[k] && port >= 0 ? corner[k][cross] + inner[k].center[port] : center[k] + offset;
  const drawn = new Map();
  for (const strand of block.strand) {
    const { from, fromPort, to, toPort } = strand;
    const id = `${strand.wire} ${inner[from] ? fromPort : ""} ${inner[to] ? toPort : ""}`;
    const known = drawn.get(id);
    if (known) { known.count += strand.operands; continue; }
    const wire = block.wire[strand.wire];
    const [a, b] = [block.entry[from], block.entry[to]];
    const start = attached(from, fromPort, 0), end = attached(to, toPort, wire.arrive);
    const path = new Path(MAIN);
    path.move(a.kind === IN ? 0 : right[a.rank], start);
    if (a.kind === IN) path.line(right[a.rank], start);
    let tip = right[b.rank] - size[to][MAIN];
    if (b.kind === OUT) tip = Math.max(tip, left[b.rank]);
    if (b.kind === VALUE && !isSource(b.of) && MAIN === 0) {
      const round = 0.5 * OP_HEIGHT, off = Math.min(round, Math.abs(end - center[to]));
      tip += round - Math.sqrt(round * round - off * off);
    }
    if (wire.back) {
      const passes = wire.passes.map((y, j) => [b.rank + j, beyond(y)]).reverse();
      path.turn(right[a.rank] + AROUND, start).turn(right[a.rank] + AROUND, passes[0][1]);
      path.line(right[passes[0][0]], passes[0][1]);
      passes.forEach(([rank, y], j) => {
        if (j > 0) path.curve(right[rank], y);
        path.line(left[rank], y);
      });
      path.turn(left[b.rank] - AROUND, passes.at(-1)[1]).turn(left[b.rank] - AROUND, end).line(tip, end);
    } else {
      wire.passes.forEach((y, j) => {
        const rank = a.rank + 1 + j;
        path.curve(left[rank], beyond(y)).line(right[rank], beyond(y));
      });
      path.curve(left[b.rank], end);
      if (tip > left[b.rank] + 0.01) path.line(tip, end);
    }
    drawn.set(id, { from, to, count: strand.operands, path, arrow: b.kind !== OUT && !inner[to], position: strand.position, side: Math.abs(end - center[to]) < 1 ? 0 : Math.sign(end - center[to]) });
  }
  return { number, size: whole, inner, corner, sizes: size, center, wires: [...drawn.values()] };
}

/** A path of lines, curves that start and end along main, and rounded corners. */
class Path {
  constructor(main) {
    this.main = main;
    this.d = "";
    this.corner = null;
  }
  at(main, cross) {
    const [x, y] = this.main === 0 ? [main, cross] : [cross, main];
    return `${+x.toFixed(2)} ${+y.toFixed(2)}`;
  }
  move(main, cross) {
    this.d += `M${this.at(main, cross)}`;
    this.here = [main, cross];
    return this;
  }
  line(main, cross) {
    this.bend([main, cross]);
    this.d += `L${this.at(main, cross)}`;
    this.here = [main, cross];
    return this;
  }
  curve(main, cross) {
    const middle = 0.5 * (this.here[0] + main);
    this.d += `C${this.at(middle, this.here[1])} ${this.at(middle, cross)} ${this.at(main, cross)}`;
    this.here = [main, cross];
    return this;
  }
  turn(main, cross) {
    this.bend([main, cross]);
    this.corner = [main, cross];
    return this;
  }
  /** Rounds the corner from which the path goes on to `next`. */
  bend(next) {
    if (!this.corner) return;
    const toward = (to) => {
      const [x, y] = [to[0] - this.corner[0], to[1] - this.corner[1]];
      const length = Math.hypot(x, y);
      const part = length > 0 ? Math.min(7, length / 2) / length : 0;
      return [this.corner[0] + part * x, this.corner[1] + part * y];
    };
    const [near, far] = [toward(this.here), toward(next)];
    this.d += `L${this.at(...near)}Q${this.at(...this.corner)} ${this.at(...far)}`;
    this.here = this.corner;
    this.corner = null;
  }
  get end() {
    const [main, cross] = this.here;
    return this.main === 0 ? [main, cross] : [cross, main];
  }
}

/** For each value the block that it stands in. */
const HOME = column(DATA.columns.home, Uint32Array);

/** The block and those around it, innermost first, up to the whole. */
function around(number) {
  const all = [number];
  while (BLOCKS[number].parent) {
    number = BLOCKS[number].parent[0];
    all.push(number);
  }
  return all;
}
