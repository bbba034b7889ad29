// The page as a whole: what opens and closes, keys, the first view.

const DEFS = `<marker id="head" viewBox="0 0 6 6" refX="5.4" refY="3" markerWidth="6" markerHeight="6" markerUnits="userSpaceOnUse" orient="auto"><path class="head" d="M0 0.4L6 3L0 5.6z"/></marker>`;

/** Draws again, and keeps the selection and the step. */
function refresh() {
  drawAll();
  svg.insertAdjacentHTML("afterbegin", `<defs>${DEFS}</defs>`);
  applyView();
  findSteps();
  showStep();
  if (CHOSEN !== null) markWays(upward(CHOSEN));
}

/** Opens a closed block, or closes an open one. It stays where it is in the window. */
function toggle(number) {
  const was = SHOWN.block.get(number) ?? SHOWN.cluster.get(number);
  const opens = !OPEN.has(number);
  if (opens) openBlock(number);
  else closeBlock(number);
  hideTip();
  refresh();
  const now = SHOWN.block.get(number) ?? SHOWN.cluster.get(number);
  if (was && now) {
    VIEW.x += VIEW.scale * (was.box[0] - now.box[0]);
    VIEW.y += VIEW.scale * (was.box[1] - now.box[1]);
    applyView();
    reveal(now.box);
  }
  if (now) focusOn(now.element);
  announce(`${BLOCKS[number].name} is ${opens ? "open" : "closed"}, ${SHOWN.items.length} boxes are shown`);
}

function announce(text) {
  document.getElementById("caption").textContent = text;
}

function focusOn(element) {
  for (const item of SHOWN.items) item.element.setAttribute("tabindex", "-1");
  element.setAttribute("tabindex", "0");
  element.focus({ preventScroll: true });
}

/** Opens the blocks around a value, and shows its details. */
function goToValue(i) {
  const shown = SHOWN.value.has(i);
  if (!shown) {
    openBlock(HOME[i]);
    refresh();
  }
  choose(i);
  const item = SHOWN.value.get(i);
  if (!item) return;
  if (VIEW.scale < 0.7) {
    const [x, y, w, h] = item.box;
    showBox([x - 300, y - 150, w + 600, h + 300], 1);
  }
  reveal(item.box);
  focusOn(item.element);
}

function goToBlock(number) {
  if (!OPEN.has(number)) {
    openBlock(number);
    refresh();
  }
  const cluster = SHOWN.cluster.get(number);
  if (cluster) {
    showBox(cluster.box, 1.2);
    focusOn(cluster.element);
  }
}

const itemAt = (element) => {
  const id = element?.closest?.("[data-id]")?.dataset.id;
  return SHOWN.items.find((item) => item.id === id) ?? null;
};

function act(item) {
  if (item.block !== undefined) toggle(item.block);
  else if (CHOSEN === item.value) letGo();
  else choose(item.value);
}

svg.addEventListener("click", (event) => {
  const item = itemAt(event.target);
  if (item) {
    hideTip();
    act(item);
    if (item.value !== undefined) focusOn(item.element);
  } else if (event.target === svg) {
    letGo();
  }
});
svg.addEventListener("pointerover", (event) => {
  if (event.pointerType === "touch" || POINTERS.size > 0) return;
  const item = itemAt(event.target);
  if (item) showTip(item, event);
  else hideTip();
});
svg.addEventListener("pointerleave", hideTip);
svg.addEventListener("pointerdown", hideTip);

/** The shown item in a direction: along main to an operand or a use, else the nearest. */
function neighbor(item, key) {
  const axis = key === "ArrowLeft" || key === "ArrowRight" ? 0 : 1;
  const sign = key === "ArrowRight" || key === "ArrowDown" ? 1 : -1;
  const linked = new Set(SHOWN.wires
    .map((wire) => (wire.from === item ? wire.to : wire.to === item ? wire.from : null))
    .filter(Boolean));
  let best = null, least = Infinity;
  for (const other of SHOWN.items) {
    const ahead = sign * (other.middle[axis] - item.middle[axis]);
    if (other === item || ahead <= 1) continue;
    const aside = Math.abs(other.middle[1 - axis] - item.middle[1 - axis]);
    // What a wire leads to counts as nearer.
    const far = (ahead + 2.5 * aside) * (axis === MAIN && linked.has(other) ? 0.2 : 1);
    if (far < least) [best, least] = [other, far];
  }
  return best;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.getElementById("keys").open) return;
  const target = event.target;
  if (target.id === "slider" && /^(Arrow|Home|End|Page)/.test(event.key)) return;
  const onButton = target instanceof HTMLButtonElement;
  const item = itemAt(target);
  const number = target.closest?.("[data-id^=c]")?.dataset.id.slice(1);
  const done = () => event.preventDefault();
  switch (event.key) {
    case "ArrowLeft": case "ArrowRight": case "ArrowUp": case "ArrowDown": {
      if (!svg.contains(target)) return;
      const cluster = number === undefined ? null : SHOWN.cluster.get(Number(number));
      const start = item ?? (cluster && { middle: [cluster.box[0], cluster.box[1]] }) ?? null;
      const next = start ? neighbor(start, event.key) : SHOWN.items[0];
      if (next) {
        focusOn(next.element);
        reveal(next.box);
      }
      return done();
    }
    case "Enter":
      if (onButton) return;
      if (item) act(item);
      else if (number !== undefined) toggle(Number(number));
      else return;
      return done();
    case "Backspace": {
      const inside = item ? (item.value === undefined ? BLOCKS[item.block].parent[0] : HOME[item.value]) : Number(number ?? 0);
      if (inside > 0) toggle(inside);
      return done();
    }
    case " ":
      if (onButton) return;
      setPlaying(PLAY.timer === null);
      return done();
    case ".": stepBy(1); return done();
    case ",": stepBy(-1); return done();
    case "Home": stepBy(-Infinity); return done();
    case "End": rest(); return done();
    case "+": case "=": zoom(1.25); return done();
    case "-": zoom(0.8); return done();
    case "0": showAll(); return done();
    case "/": field.focus(); return done();
    case "?": document.getElementById("keys").showModal(); return done();
    case "Escape": letGo(); hideTip(); return done();
  }
});

document.getElementById("fit").addEventListener("click", showAll);
document.getElementById("larger").addEventListener("click", () => zoom(1.25));
document.getElementById("smaller").addEventListener("click", () => zoom(0.8));
document.getElementById("help").addEventListener("click", () => document.getElementById("keys").showModal());
document.getElementById("close-all").addEventListener("click", () => {
  for (const number of [...OPEN]) if (number > 0) OPEN.delete(number);
  refresh();
  showAll();
});
const theme = document.getElementById("theme");
const isDark = () => getComputedStyle(document.documentElement).getPropertyValue("--dark").trim() === "1";
const nameTheme = () => { theme.textContent = isDark() ? "Light" : "Dark"; };
theme.addEventListener("click", () => {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  nameTheme();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", nameTheme);

function showStory() {
  if (!DATA.story) return;
  const story = document.getElementById("story");
  const details = document.createElement("details");
  details.append(tell("summary", "Not finite: where it began"), tell("pre", DATA.story.text));
  story.append(details);
  if (DATA.story.node !== null) {
    const go = tell("button", `Show ${name(DATA.story.node)}`);
    go.addEventListener("click", () => goToValue(DATA.story.node));
    story.append(go);
  }
  story.hidden = false;
}

/** The layout that is larger in this window. */
function chooseLayout() {
  let best = null, most = 0;
  for (const layout of DATA.layouts) {
    useLayout(layout);
    openAtFirst();
    const scale = fitScale(arrange(0, OPEN).size);
    OPEN.clear();
    OPEN.add(0);
    // The first layout is the usual direction, so another must be much better.
    if (scale > (best ? 1.25 : 1) * most) [best, most] = [layout, scale];
  }
  useLayout(best);
  openAtFirst();
}

document.getElementById("legend").append(...DATA.legend.map(([className, meaning]) => {
  const item = tell("li", meaning);
  item.className = className;
  return item;
}));
nameTheme();
showStory();
chooseLayout();
document.getElementById("close-all").hidden = BLOCKS.length === 1;
refresh();
rest();
showAll();
let was = [svg.clientWidth, svg.clientHeight];
new ResizeObserver(() => {
  const now = [svg.clientWidth, svg.clientHeight];
  VIEW.x += (now[0] - was[0]) / 2;
  VIEW.y += (now[1] - was[1]) / 2;
  was = now;
  applyView();
}).observe(svg);
performance.mark("first view");

// For tests in a browser: compares the played gradients with those of the engine.
window.wengert = {
  worstGradient() {
    const { adjoint } = sweep(0);
    let error = 0, seen = 0;
    for (let i = 0; i < G.count; i++) {
      if (!wantsGradient(i) || !Number.isFinite(G.grad[i])) continue;
      seen++;
      error = Math.max(error, Math.abs(adjoint[i] - G.grad[i]) / Math.max(1e-300, Math.abs(G.grad[i]), Math.abs(adjoint[i])));
    }
    return { error, seen };
  },
  sumOfWays() {
    // Sums over all paths at once: an adjoint is the sum of what each use sends.
    const i = CHOSEN, reached = upward(i), sums = new Map();
    for (let j = G.count - 1; j >= i; j--) {
      if (!reached[j]) continue;
      let sum = SEEDS.get(j) ?? 0;
      for (let k = USES.start[j]; k < USES.start[j + 1]; k++) {
        const at = USES.places[k];
        if (isWhole(USES.user[at])) sum += guarded(sums.get(USES.user[at]) ?? 0, G.partial[at]);
      }
      sums.set(j, sum);
    }
    return { ways: sums.get(i), gradient: G.grad[i] };
  },
  largest,
  openAll() {
    for (let number = 1; number < BLOCKS.length; number++) openBlock(number);
    refresh();
  },
};
