// Moving about: pan and zoom by pointer, wheel, pinch and keys.

const VIEW = { x: 0, y: 0, scale: 1 };
const LEAST_SCALE = 0.02, MOST_SCALE = 4;
/** The margin that is kept free around what is shown, in pixels. */
const FREE = { margin: 24 };

function applyView() {
  const scene = document.getElementById("scene");
  if (scene) scene.setAttribute("transform", `translate(${VIEW.x} ${VIEW.y}) scale(${VIEW.scale})`);
}

function fitScale([w, h]) {
  const free = [svg.clientWidth, svg.clientHeight].map((length) => length - 2 * FREE.margin);
  return Math.min(1.4, free[0] / w, free[1] / h);
}

/** Shows a rectangle whole, in the middle. */
function showBox([x, y, w, h], most = 1.4) {
  VIEW.scale = Math.max(LEAST_SCALE, Math.min(most, fitScale([w, h])));
  VIEW.x = svg.clientWidth / 2 - VIEW.scale * (x + w / 2);
  VIEW.y = svg.clientHeight / 2 - VIEW.scale * (y + h / 2);
  applyView();
}

const showAll = () => showBox([0, 0, ...SHOWN.whole]);

/** Moves just as far as it takes to see a rectangle. */
function reveal([x, y, w, h]) {
  const { scale } = VIEW;
  if (scale * w > svg.clientWidth - 2 * FREE.margin || scale * h > svg.clientHeight - 2 * FREE.margin) {
    showBox([x, y, w, h]);
    return;
  }
  const shift = (at, length, size) => {
    const low = at - FREE.margin, high = at + length + FREE.margin - size;
    return low < 0 ? -low : high > 0 ? -high : 0;
  };
  VIEW.x += shift(VIEW.x + scale * x, scale * w, svg.clientWidth);
  VIEW.y += shift(VIEW.y + scale * y, scale * h, svg.clientHeight);
  applyView();
}

/** Zooms so that what is at a place of the window stays there. */
function zoom(factor, at = [svg.clientWidth / 2, svg.clientHeight / 2]) {
  const scale = Math.max(LEAST_SCALE, Math.min(MOST_SCALE, VIEW.scale * factor));
  const by = scale / VIEW.scale;
  VIEW.x = at[0] - by * (at[0] - VIEW.x);
  VIEW.y = at[1] - by * (at[1] - VIEW.y);
  VIEW.scale = scale;
  applyView();
}

function place(event) {
  const frame = svg.getBoundingClientRect();
  return [event.clientX - frame.left, event.clientY - frame.top];
}

svg.addEventListener("wheel", (event) => {
  event.preventDefault();
  const lines = event.deltaMode === 1 ? 16 : 1;
  // A pinch on a touchpad comes as a wheel with Ctrl.
  zoom(Math.exp(-lines * event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), place(event));
}, { passive: false });

/** The last place of each finger or pointer, by number. */
const POINTERS = new Map();
let travelled = 0;

svg.addEventListener("pointerdown", (event) => {
  if (POINTERS.size === 0) travelled = 0;
  POINTERS.set(event.pointerId, place(event));
});
svg.addEventListener("pointermove", (event) => {
  const before = POINTERS.get(event.pointerId);
  if (!before) return;
  const now = place(event);
  const others = [...POINTERS].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
  if (others.length === 0) {
    travelled += Math.hypot(now[0] - before[0], now[1] - before[1]);
    if (travelled > 4) {
      svg.setPointerCapture(event.pointerId);
      svg.classList.add("dragged");
      VIEW.x += now[0] - before[0];
      VIEW.y += now[1] - before[1];
      applyView();
    }
  } else {
    const [other] = others;
    const distance = (at) => Math.max(1, Math.hypot(at[0] - other[0], at[1] - other[1]));
    travelled += 5;
    zoom(distance(now) / distance(before), [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2]);
  }
  POINTERS.set(event.pointerId, now);
});
for (const kind of ["pointerup", "pointercancel"]) {
  svg.addEventListener(kind, (event) => {
    POINTERS.delete(event.pointerId);
    svg.classList.remove("dragged");
  });
}
// The end of a drag is not a click.
svg.addEventListener("click", (event) => {
  if (travelled > 4) event.stopPropagation();
}, { capture: true });
