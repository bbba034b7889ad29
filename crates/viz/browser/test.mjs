// What a person sees of pictures and pages, in Chromium: node test.mjs GALLERY [FOLDER FOR SCREENSHOTS]

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { chromium } from "playwright-core";

const gallery = resolve(process.argv[2]);
const shots = process.argv[3] && resolve(process.argv[3]);
if (shots) mkdirSync(shots, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

/** Opens a page; a request, a warning or an error of it is a failure. */
async function open(name, { viewport = DESKTOP, colorScheme = "light", hasTouch = false } = {}) {
  const context = await browser.newContext({ viewport, colorScheme, hasTouch });
  const page = await context.newPage();
  const url = `file://${join(gallery, name)}`;
  page.on("request", (request) => {
    if (request.url() !== url && !/^(data|blob):/.test(request.url())) page.faults.push(`requests ${request.url()}`);
  });
  page.faults = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) page.faults.push(message.text());
  });
  page.on("pageerror", (error) => page.faults.push(error.stack));
  await page.goto(url);
  await page.waitForFunction(() => performance.getEntriesByName("first view").length > 0);
  page.done = async () => {
    assert.deepEqual(page.faults, [], name);
    await context.close();
  };
  return page;
}

const tests = [];
const test = (name, run) => tests.push([name, run]);

/** The middle of an element of the graph, as a place to click. */
async function middle(page, selector) {
  const box = await page.locator(selector).first().boundingBox();
  return [box.x + box.width / 2, box.y + box.height / 2];
}

/** Pairs of shown boxes that overlap. */
const overlaps = (page) => page.evaluate(() => {
  const boxes = [...document.querySelectorAll("#scene .box")].map((box) => ({ box, at: box.getBoundingClientRect() }));
  const faults = [];
  for (const [k, a] of boxes.entries()) {
    for (const b of boxes.slice(0, k)) {
      const apart = a.at.right <= b.at.left + 0.1 || b.at.right <= a.at.left + 0.1 || a.at.bottom <= b.at.top + 0.1 || b.at.bottom <= a.at.top + 0.1;
      if (!apart) faults.push([a.box.parentNode.textContent, b.box.parentNode.textContent]);
    }
  }
  return faults;
});

/** Texts that are wider than the box around them. */
const cutTexts = (page) => page.evaluate(() => {
  const faults = [];
  for (const box of document.querySelectorAll(".box")) {
    const outer = box.getBBox();
    for (const text of box.parentNode.querySelectorAll(":scope > text:not(.note)")) {
      const inner = text.getBBox();
      const out = inner.x < outer.x - 0.1 || inner.x + inner.width > outer.x + outer.width + 0.1;
      if (out) faults.push(`${text.textContent}: ${inner.width.toFixed(1)} in ${outer.width.toFixed(1)}`);
    }
  }
  return faults;
});

for (const font of ["DejaVu Sans", "Liberation Sans", "sans-serif", "serif"]) {
  test(`no text is wider than its box in ${font}`, async () => {
    const context = await browser.newContext({ viewport: DESKTOP });
    const page = await context.newPage();
    for (const name of readdirSync(gallery).filter((name) => name.endsWith(".svg"))) {
      await page.setContent(readFileSync(join(gallery, name), "utf8"));
      await page.addStyleTag({ content: `text { font-family: ${font} !important; }` });
      assert.deepEqual(await cutTexts(page), [], name);
    }
    await context.close();
    for (const name of ["lecture.html", "net_open.html", "labels.html", "moons_one.html"]) {
      const page = await open(name);
      await page.addStyleTag({ content: `text { font-family: ${font} !important; }` });
      assert.deepEqual(await cutTexts(page), [], name);
      await page.done();
    }
  });
}

for (const name of ["lecture.html", "moons_one.html", "moons_batch.html"]) {
  test(`${name} opens, asks for nothing and shows something`, async () => {
    const page = await open(name);
    const first = await page.evaluate(() => performance.getEntriesByName("first view")[0].startTime);
    console.log(`    first view of ${name} after ${first.toFixed(0)} ms`);
      const seen = await page.evaluate(() => {
      const shown = [...document.querySelectorAll(".item")].filter((item) => {
        const at = item.getBoundingClientRect();
        return at.left >= 0 && at.top >= 0 && at.right <= innerWidth && at.bottom <= innerHeight && at.width > 20;
      });
      return shown.length;
    });
    assert.ok(seen >= 4, `${seen} boxes are seen`);
    assert.deepEqual(await overlaps(page), []);
    await page.done();
  });
}

test("the lecture is played forward and backward, and ends at the engine's gradients", async () => {
  const page = await open("lecture.html");
  const grads = () => page.evaluate(() => Object.fromEntries([...document.querySelectorAll(".item.value")].map((item) => {
    const texts = [...item.querySelectorAll("text")].map((text) => text.textContent).filter(Boolean);
    const of = (word) => texts.find((text) => text.startsWith(word)).slice(word.length + 1);
    return [texts.find((text) => /^[a-zA-Z]$/.test(text)), [of("data"), of("grad")]];
  })));
  const end = { a: ["2.0000", "6.0000"], b: ["-3.0000", "-4.0000"], c: ["10.0000", "-2.0000"], d: ["4.0000", "-2.0000"], e: ["-6.0000", "-2.0000"], f: ["-2.0000", "4.0000"], L: ["-8.0000", "1.0000"] };
  assert.deepEqual(await grads(), end);
  await page.click("#first");
  assert.equal((await grads()).e[0], "·");
  assert.equal((await grads()).a[0], "2.0000", "leaves are given");
  await page.click("#step");
  assert.equal((await grads()).e[0], "-6.0000");
  assert.match(await page.textContent("#caption"), /e = a \* b = 2 \* \(-3\) = -6\.0000/);
  await page.keyboard.press(".");
  await page.keyboard.press(".");
  assert.deepEqual((await grads()).L, ["-8.0000", "·"]);
  await page.keyboard.press(".");
  assert.deepEqual((await grads()).L, ["-8.0000", "1.0000"]);
  assert.equal((await grads()).d[1], "0.0000");
  await page.keyboard.press(".");
  assert.equal((await grads()).d[1], "-2.0000");
  assert.match(await page.textContent("#caption"), /L = d \* f sends d 1 · \(-2\) = -2\.0000/);
  await page.keyboard.press(",");
  assert.equal((await grads()).d[1], "0.0000", "a step back takes it back");
  for (let k = 0; k < 4; k++) await page.keyboard.press(".");
  assert.deepEqual(await grads(), end);
  await page.click("#play");
  await page.waitForFunction(() => document.getElementById("play").textContent === "▶", null, { timeout: 15000 });
  assert.deepEqual(await grads(), end);
  await page.done();
});

for (const [name, scope] of [["net_open.html", "layer 1"], ["moons_one.html", "layer 2"], ["moons_batch.html", null]]) {
  test(`every gradient of ${name} that is played equals the engine's`, async () => {
    const page = await open(name);
    for (const open of scope ? [scope, "neuron 1"] : [" … ", " … ", " … "]) {
      const closed = page.locator(".item.scope", { hasText: open }).first();
      if (await closed.count()) await closed.click();
    }
    await page.click("#first");
    await page.locator("#slider").fill(await page.getAttribute("#slider", "max"));
    const worst = await page.evaluate(() => window.wengert.worstGradient());
    assert.ok(worst.seen > 10 && worst.error < 1e-12, JSON.stringify(worst));
    await page.done();
  });
}

test("where a value is used twice, the sum is shown as it grows", async () => {
  const page = await open("black_scholes.html");
  await page.click("#first");
  const most = Number(await page.getAttribute("#slider", "max"));
  const notes = new Set();
  for (let k = 0; k < most; k++) {
    await page.keyboard.press(".");
    for (const note of await page.locator(".note").allTextContents()) if (note) notes.add(note);
  }
  assert.ok([...notes].some((note) => / [+−] /.test(note)), [...notes].join("; "));
  await page.done();
});

test("scopes open and close by click and by key, and boxes never overlap", async () => {
  for (const viewport of [DESKTOP, PHONE]) {
    const page = await open("moons_one.html", { viewport });
    const count = () => page.locator(".item").count();
    const before = await count();
    await page.mouse.click(...(await middle(page, ".item.scope >> nth=0")));
    assert.ok((await count()) > before);
    assert.deepEqual(await overlaps(page), []);
    await page.locator(".item.scope").first().focus();
    await page.keyboard.press("Enter");
    assert.deepEqual(await overlaps(page), []);
    const opened = await count();
    // The focus is on what was opened, so Backspace closes it.
    await page.keyboard.press("Backspace");
    await page.keyboard.press("Enter");
    assert.ok((await count()) <= opened);
    await page.evaluate(() => window.wengert.openAll());
    assert.ok((await count()) <= 300 && (await count()) > 100);
    assert.deepEqual(await overlaps(page), []);
    await page.done();
  }
});

test("the batch opens down to its values, never more than 300 boxes", async () => {
  const page = await open("moons_batch.html");
  for (let k = 0; k < 8; k++) {
    const closed = page.locator(".item.scope");
    await closed.nth(k % (await closed.count())).dispatchEvent("click");
    assert.ok((await page.locator(".item").count()) <= 300);
    assert.deepEqual(await overlaps(page), []);
  }
  await page.done();
});

test("arrow keys go from box to box and Enter shows the details of a value", async () => {
  const page = await open("lecture.html");
  await page.locator("#graph").focus();
  await page.keyboard.press("ArrowRight");
  const at = () => page.evaluate(() => document.activeElement.getAttribute("aria-label"));
  assert.match(await at(), /^a, a leaf, value 2\.0000, gradient 6\.0000/);
  await page.keyboard.press("ArrowRight");
  assert.match(await at(), /^e = a \* b, value -6\.0000/);
  await page.keyboard.press("Enter");
  const told = await page.textContent("#panel");
  assert.match(told, /= 2 \* \(-3\) = -6\.0000/);
  assert.match(told, /One path to the output/);
  await page.keyboard.press("Escape");
  assert.ok(await page.locator("#panel").isHidden());
  await page.done();
});

test("pointing at a value tells how it was computed and its local derivatives", async () => {
  const page = await open("lecture.html");
  await page.mouse.move(...(await middle(page, '[data-node="4"] > g:not(.op) .box')));
  const told = await page.textContent("#tip");
  for (const part of ["e", "= a * b", "value -6", "gradient -2", "b = -3.0000", "a = 2.0000"]) {
    assert.ok(told.includes(part), `${part} in ${told}`);
  }
  await page.done();
});

test("the paths to the output add up to the gradient", async () => {
  const page = await open("black_scholes.html");
  await page.fill("#search", "σ");
  await page.keyboard.press("Enter");
  const told = await page.textContent("#panel");
  const ways = Number(told.match(/(\d+) paths to the output/)[1]);
  assert.ok(ways > 3, told);
  const sum = await page.evaluate(() => window.wengert.sumOfWays());
  assert.ok(Math.abs(sum.ways - sum.gradient) < 1e-9 * Math.abs(sum.gradient), JSON.stringify(sum));
  await page.done();
});

test("search opens what it finds", async () => {
  const page = await open("moons_batch.html");
  await page.keyboard.press("/");
  await page.keyboard.type("n64000");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.dataset.id !== undefined), true);
  assert.match(await page.textContent("#panel h2"), /n64000/);
  const at = await page.locator(".item.chosen").boundingBox();
  assert.ok(at.x >= 0 && at.y >= 0 && at.x + at.width <= DESKTOP.width, JSON.stringify(at));
  await page.fill("#search", "no such name");
  assert.match(await page.textContent("#found"), /nothing of that name/);
  await page.done();
});

test("what is not finite is red and shows where it began", async () => {
  const page = await open("nan.html");
  assert.ok((await page.locator(".item.bad").count()) >= 2);
  await page.click("#story summary");
  assert.match(await page.textContent("#story"), /ln\(/);
  await page.click("#story button");
  assert.ok(await page.locator(".item.chosen.bad").count());
  await page.done();
});

test("hostile labels are text", async () => {
  const page = await open("labels.html");
  const text = await page.textContent("#scene");
  for (const part of ["<script>alert(1)</script>", "]]>", "\"quotes\"", "NUL ␀ here"]) assert.ok(text.includes(part), part);
  await page.fill("#search", "script");
  assert.match(await page.textContent("#found"), /<script>alert\(1\)<\/script>/);
  await page.keyboard.press("Enter");
  assert.match(await page.textContent("#panel h2"), /<script>/);
  await page.done();
});

test("wheel, drag and pinch move the view", async () => {
  const page = await open("lecture.html");
  const view = () => page.getAttribute("#scene", "transform");
  const first = await view();
  await page.mouse.move(640, 500);
  await page.mouse.wheel(0, -300);
  const zoomed = await view();
  assert.notEqual(zoomed, first);
  await page.mouse.move(640, 600);
  await page.mouse.down();
  await page.mouse.move(700, 640, { steps: 4 });
  await page.mouse.up();
  assert.notEqual(await view(), zoomed);
  await page.keyboard.press("0");
  assert.equal(await view(), first);
  await page.done();
});

test("an empty graph says that there is nothing to draw", async () => {
  const page = await open("empty.html");
  assert.match(await page.textContent("#caption"), /nothing to draw/);
  for (const key of ["ArrowRight", ".", ",", "+", "0", "Backspace", "Enter"]) await page.keyboard.press(key);
  await page.click("#play");
  await page.done();
});

test("a training under way shows curves, the plane and histograms at every snapshot", async () => {
  const page = await open("training.html");
  assert.match(await page.textContent("#state"), /20 of 30 steps; reload to see more · loss 0\.05000/);
  const pixels = () => page.evaluate(() => document.getElementById("plane").toDataURL());
  const last = await pixels();
  assert.ok(last.length > 10_000, "it is not of one color");
  assert.equal(await page.locator("#histograms svg").count(), 6);
  await page.locator("#slider").fill("0");
  assert.equal(await page.textContent("#step"), "step 0");
  assert.notEqual(await pixels(), last);
  assert.match(await page.textContent("#loss svg .value"), /1\.000/);
  await page.locator("#slider").blur();
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.textContent("#step"), "step 1");
  await page.click("#play");
  await page.waitForFunction(() => document.getElementById("step").textContent === "step 19", null, { timeout: 15000 });
  await page.done();
});

test("a long training and nearly equal losses have curves with marks that differ", async () => {
  const long = await open("training_long.html");
  assert.match(await long.textContent("#state"), /^200,000 steps · loss 0\.001000/);
  assert.ok((await long.locator("#loss polyline").getAttribute("points")).split(" ").length > 1000);
  await long.done();
  const close = await open("training_close.html");
  assert.match(await close.textContent("#state"), /^2 steps/);
  await close.done();
  for (const page of ["training_long.html", "training_close.html", "training.html"]) {
    const shown = await open(page);
    const marks = await shown.locator('#loss text[text-anchor="end"]').allTextContents();
    assert.ok(marks.length > 2 && new Set(marks).size === marks.length, `${page}: ${marks}`);
    await shown.done();
  }
});

test("an operand keeps its place where another is not shown, and what is sent is right", async () => {
  const page = await open("cut.html");
  assert.match(await page.locator('[data-node="2"]').getAttribute("aria-label"), /^L = … - n3, value -3\.8589/);
  await page.locator('[data-node="2"] > g:not(.op) .box').click();
  const told = await page.textContent("#panel");
  assert.match(told, /= … - 4 = -3\.8589/);
  assert.match(told, /n3-1-/, "the rule of the second operand, and no number that is not known");
  const worst = await page.evaluate(() => window.wengert.worstGradient());
  assert.ok(worst.seen === 3 && worst.error < 1e-12, JSON.stringify(worst));
  await page.keyboard.press("Escape");
  await page.click("#first");
  const captions = [];
  for (let k = 0; k < 6; k++) {
    await page.keyboard.press(".");
    captions.push(await page.textContent("#caption"));
  }
  assert.ok(captions.some((text) => /L = … - n3 has operands that are not shown/.test(text)), captions.join("; "));
  await page.done();
});

test("numbers are written as in the picture", async () => {
  const page = await open("sizes.html");
  const texts = async (selector) => (await page.locator(selector).allTextContents()).filter((text) => /^(data|grad) /.test(text)).sort();
  const shown = await texts("#scene text");
  assert.ok(shown.includes("data 1.000e-7") && shown.includes("data -0.007812") && shown.includes("data 1.234e12"), shown.join("; "));
  await page.setContent(readFileSync(join(gallery, "sizes.svg"), "utf8"));
  assert.deepEqual(shown, await texts("text"));
  await page.context().close();
});

test("the largest of very many parts is found", async () => {
  const page = await open("lecture.html");
  const parts = 'Array.from({ length: 1e6 }, (_, k) => ({ amount: k === 5 ? Infinity : -k }))';
  assert.equal(await page.evaluate(`window.wengert.largest(${parts})`), 999_999);
  await page.done();
});

test("calls of functions are played to the engine's gradients", async () => {
  const page = await open("calls.html");
  await page.evaluate(() => window.wengert.openAll());
  assert.deepEqual(await overlaps(page), []);
  const labels = await page.locator(".item.value").evaluateAll((items) => items.map((item) => item.getAttribute("aria-label")));
  for (const part of [/^y = neuron\(n3, n4, n5, w1, … 3 more\)/, /= polar\[1\]\(y, n3\)/, /= cell\(u2, u0, u1\)/]) {
    assert.ok(labels.some((label) => part.test(label)), `${part} in ${labels.join("; ")}`);
  }
  const worst = await page.evaluate(() => window.wengert.worstGradient());
  assert.ok(worst.seen === 14 && worst.error < 1e-12, JSON.stringify(worst));
  await page.done();
});

if (shots) {
  test("screenshots", async () => {
    for (const name of ["lecture", "black_scholes", "net_open", "moons_one", "moons_batch", "nan", "training", "calls", "cut"]) {
      for (const [colorScheme, viewport] of [["light", DESKTOP], ["dark", DESKTOP], ["light", PHONE], ["dark", PHONE]]) {
        const page = await open(`${name}.html`, { viewport, colorScheme });
        await page.screenshot({ path: join(shots, `${name}_${colorScheme}_${viewport.width}.png`) });
        await page.done();
      }
    }
  });
}

let failed = 0;
for (const [name, run] of tests) {
  try {
    await run();
    console.log(`ok  ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${name}\n${error.stack ?? error}`);
  }
}
await browser.close();
console.log(failed ? `${failed} of ${tests.length} failed` : `all ${tests.length} passed`);
process.exit(failed ? 1 : 0);
