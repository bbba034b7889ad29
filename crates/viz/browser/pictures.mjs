// Screenshots of the tour's pages, in light and dark mode: node pictures.mjs TOUR FOLDER

import { join, resolve } from "node:path";
import { chromium } from "playwright-core";

const [tour, folder] = process.argv.slice(2).map((path) => resolve(path));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
for (const colorScheme of ["light", "dark"]) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 760 }, colorScheme });
  await page.goto(`file://${join(tour, "net.html")}`);
  await page.waitForSelector(".item");
  // What an input does to the score, layer by layer.
  await page.fill("#search", "x1");
  await page.keyboard.press("Enter");
  await page.keyboard.press("0");
  await page.mouse.move(5, 300);
  await page.screenshot({ path: join(folder, `net_${colorScheme}.png`) });
  await page.goto(`file://${join(tour, "training.html")}`);
  await page.waitForSelector("#histograms svg");
  await page.locator("#slider").fill("15");
  await page.locator("#slider").blur();
  await page.screenshot({ path: join(folder, `training_${colorScheme}.png`), fullPage: true });
}
await browser.close();
