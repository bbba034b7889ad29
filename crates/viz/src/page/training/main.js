// The page as a whole: one slider sets the step of everything that is shown.

const slider = document.getElementById("slider");
const shown = [lossCurve()];
const known = accuracies.some(Number.isFinite);
if (known) shown.push(curve(document.getElementById("accuracy"), accuracies, (x) => x, [0, 0.25, 0.5, 0.75, 1], percent));
else document.getElementById("accuracy").parentElement.remove();
if (!DATA.snapshots.some((snapshot) => snapshot.plane)) document.getElementById("plane-section").remove();
if (DATA.snapshots.length === 0) {
  document.getElementById("layers").remove();
  document.querySelector(".when").remove();
}

function show(k) {
  slider.value = k;
  const snapshot = DATA.snapshots[k];
  const step = snapshot ? snapshot.step : steps.at(-1) ?? 0;
  for (const move of shown) move?.(step);
  if (!snapshot) return;
  document.getElementById("step").textContent = `step ${step.toLocaleString("en-US")}`;
  slider.setAttribute("aria-valuetext", `step ${step}`);
  drawPlane(snapshot);
  drawHistograms(snapshot);
}

const done = steps.at(-1) ?? 0;
// The loss after the last step may still be computed.
const made = steps.length === 0 ? 0 : Math.min(done + 1, DATA.planned || Infinity);
const under = DATA.planned > made;
document.getElementById("state").textContent = steps.length === 0
  ? "No step yet; reload to see more."
  : `${made.toLocaleString("en-US")} ${under ? `of ${DATA.planned.toLocaleString("en-US")} steps; reload to see more` : made === 1 ? "step" : "steps"} · loss ${exact(losses.at(-1))}${known ? ` · accuracy ${percent(accuracies.findLast(Number.isFinite))}` : ""}`;

let timer = null;
function setPlaying(playing) {
  clearInterval(timer);
  timer = null;
  const button = document.getElementById("play");
  button.textContent = playing ? "❚❚" : "▶";
  button.setAttribute("aria-label", playing ? "Pause" : "Play");
  if (!playing) return;
  if (Number(slider.value) >= DATA.snapshots.length - 1) show(0);
  timer = setInterval(() => {
    show(Math.min(DATA.snapshots.length - 1, Number(slider.value) + 1));
    if (Number(slider.value) >= DATA.snapshots.length - 1) setPlaying(false);
  }, 120);
}

if (DATA.snapshots.length > 0) {
  slider.max = DATA.snapshots.length - 1;
  slider.addEventListener("input", () => { setPlaying(false); show(Number(slider.value)); });
  document.getElementById("play").addEventListener("click", () => setPlaying(timer === null));
  document.addEventListener("keydown", (event) => {
    if (event.target === slider || event.target instanceof HTMLButtonElement) return;
    if (event.key === " ") { event.preventDefault(); setPlaying(timer === null); }
    const change = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (change) show(Math.max(0, Math.min(DATA.snapshots.length - 1, Number(slider.value) + change)));
  });
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show(Number(slider.value)));
show(DATA.snapshots.length - 1);
performance.mark("first view");
