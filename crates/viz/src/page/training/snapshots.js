// Snapshots: the net's score over the plane, and how its numbers are spread.

/** Colors of a score, from far below 0 to far above, in light and dark mode. */
const shade = (dark) => (score) => {
  const far = Math.min(1, Math.abs(score) / 3);
  const strength = score === 0 ? 0 : 0.12 + 0.5 * far;
  const color = score > 0 ? [43, 108, 176] : [200, 69, 75];
  const paper = dark ? [18, 22, 29] : [255, 255, 255];
  return color.map((c, k) => Math.round(paper[k] + strength * (c - paper[k])));
};

const isDark = () => getComputedStyle(document.documentElement).getPropertyValue("--dark").trim() === "1";
const canvas = document.getElementById("plane");

function drawPlane(snapshot) {
  const { plane } = snapshot;
  if (!plane) return;
  plane.numbers ??= column(plane.scores, Float32Array);
  const { columns, numbers } = plane;
  const rows = numbers.length / columns;
  const [[x0, x1], [y0, y1]] = [plane.x, plane.y];
  const width = 1100, height = Math.round((width * (y1 - y0)) / (x1 - x0));
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  const colorOf = shade(isDark());
  const image = context.createImageData(width, height);
  const at = new Float32Array(width * height);
  for (let j = 0; j < height; j++) {
    const v = ((height - 1 - j) / (height - 1)) * (rows - 1);
    const row = Math.min(rows - 2, Math.floor(v)), b = v - row;
    for (let i = 0; i < width; i++) {
      const u = (i / (width - 1)) * (columns - 1);
      const col = Math.min(columns - 2, Math.floor(u)), a = u - col;
      const k = row * columns + col;
      const low = numbers[k] * (1 - a) + numbers[k + 1] * a;
      const high = numbers[k + columns] * (1 - a) + numbers[k + columns + 1] * a;
      at[j * width + i] = low * (1 - b) + high * b;
    }
  }
  const ink = isDark() ? [228, 232, 238] : [28, 36, 48];
  for (let k = 0; k < at.length; k++) {
    // The line is where the sign changes, two pixels wide.
    const edge = (k % width > 1 && at[k] > 0 !== at[k - 2] > 0) || (k >= 2 * width && at[k] > 0 !== at[k - 2 * width] > 0);
    const [r, g, b] = edge ? ink : colorOf(at[k]);
    image.data.set([r, g, b, 255], 4 * k);
  }
  context.putImageData(image, 0, 0);
  for (const [x, y, side] of DATA.points) {
    context.beginPath();
    context.arc(((x - x0) / (x1 - x0)) * width, ((y1 - y) / (y1 - y0)) * height, 8, 0, 2 * Math.PI);
    context.fillStyle = side > 0 ? "#2b6cb0" : "#c8454b";
    context.fill();
    context.lineWidth = 2.5;
    context.strokeStyle = "#fff";
    context.stroke();
  }
}

const histograms = document.getElementById("histograms");

function cell(text, className) {
  const element = document.createElement("div");
  element.className = className;
  element.textContent = text;
  histograms.append(element);
  return element;
}

function drawHistograms(snapshot) {
  histograms.replaceChildren();
  cell("", "head corner");
  cell("weights and biases", "head");
  cell("derivatives", "head");
  for (const layer of snapshot.layers) {
    cell(layer.name, "name");
    for (const [kind, spread] of [["weights", layer.weights], ["gradients", layer.gradients]]) {
      const most = Math.max(...spread.counts);
      const total = spread.counts.reduce((sum, count) => sum + count, 0);
      const element = cell("", "");
      const [w, h] = [220, 46];
      const [from, to] = briefly(spread.range);
      const svg = make("svg", {
        viewBox: `0 0 ${w} ${h + 14}`, role: "img",
        "aria-label": `${layer.name}, ${kind}: ${total} from ${from} to ${to}`,
      });
      const wide = w / spread.counts.length;
      const bars = make("g", { class: `bars ${kind}` });
      spread.counts.forEach((count, k) => {
        const high = most > 0 ? (count / most) * h : 0;
        if (count > 0) bars.append(make("rect", { x: (k * wide).toFixed(1), y: (h - high).toFixed(1), width: (wide - 1).toFixed(1), height: Math.max(1, high).toFixed(1) }));
      });
      svg.append(bars, make("line", { class: "grid", x1: 0, x2: w, y1: h + 0.5, y2: h + 0.5 }));
      svg.append(make("text", { x: 0, y: h + 12 }, from), make("text", { x: w, y: h + 12, "text-anchor": "end" }, to));
      if (spread.not_finite > 0) svg.append(make("text", { x: w / 2, y: h + 12, "text-anchor": "middle", class: "value" }, `${spread.not_finite} not finite`));
      element.append(svg);
    }
  }
}
