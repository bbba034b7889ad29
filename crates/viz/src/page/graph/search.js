// Finding values by label, op or key, and scopes by name.

const field = document.getElementById("search");
const found = document.getElementById("found");
const MOST_FOUND = 30;
let RESULTS = [];
let picked = -1;

function find(text) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return [];
  const results = [];
  // Texts that begin with the query come before those that only contain it.
  const rank = (text) => {
    const at = text.toLowerCase().indexOf(wanted);
    return at === 0 ? (text.length === wanted.length ? 0 : 1) : at > 0 ? 2 : -1;
  };
  const offer = (result, ...texts) => {
    const ranks = texts.map(rank).filter((r) => r >= 0);
    if (ranks.length > 0) results.push({ ...result, rank: Math.min(...ranks) });
  };
  BLOCKS.forEach((block, number) => {
    if (number > 0) offer({ block: number, text: block.name, kind: "scope" }, block.name);
  });
  for (let i = 0; i < G.count; i++) {
    const label = DATA.labels[i];
    offer({ value: i }, ...(label ? [label.replaceAll("\n", "")] : []), opOf(i).name, key(i));
  }
  results.sort((a, b) => a.rank - b.rank);
  return results;
}

function showFound() {
  const all = find(field.value);
  RESULTS = all.slice(0, MOST_FOUND);
  picked = RESULTS.length > 0 ? 0 : -1;
  found.replaceChildren(...RESULTS.map((result, k) => {
    const option = tell("li", "");
    option.id = `found-${k}`;
    option.setAttribute("role", "option");
    const scope = result.value === undefined ? "" : around(HOME[result.value]).filter((n) => n > 0).map((n) => BLOCKS[n].name).reverse().join(" / ");
    const text = result.value === undefined ? result.text : `${name(result.value)}${isSource(result.value) ? "" : ` = ${formula(result.value)}`}`;
    option.append(tell("span", text), tell("small", result.value === undefined ? "scope" : scope));
    // This comes before the field loses the focus.
    option.addEventListener("pointerdown", (event) => { event.preventDefault(); take(k); });
    return option;
  }));
  if (all.length > RESULTS.length) found.append(tell("li", `… ${(all.length - RESULTS.length).toLocaleString("en-US")} more`, "more"));
  if (field.value.trim() && all.length === 0) found.append(tell("li", "nothing of that name", "more"));
  found.hidden = !field.value.trim();
  field.setAttribute("aria-expanded", String(!found.hidden));
  pick(picked);
}

function pick(k) {
  picked = k;
  [...found.children].forEach((option, j) => option.setAttribute("aria-selected", String(j === k)));
  if (k >= 0) {
    field.setAttribute("aria-activedescendant", `found-${k}`);
    found.children[k].scrollIntoView({ block: "nearest" });
  } else {
    field.removeAttribute("aria-activedescendant");
  }
}

function take(k) {
  const result = RESULTS[k];
  if (!result) return;
  hideFound();
  if (result.value === undefined) goToBlock(result.block);
  else goToValue(result.value);
}

function hideFound() {
  found.hidden = true;
  field.setAttribute("aria-expanded", "false");
}

field.addEventListener("input", showFound);
field.addEventListener("focus", () => { if (field.value.trim()) showFound(); });
field.addEventListener("blur", hideFound);
field.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && RESULTS.length > 0) {
    event.preventDefault();
    pick((picked + step + RESULTS.length) % RESULTS.length);
  } else if (event.key === "Enter") {
    event.preventDefault();
    take(picked);
  } else if (event.key === "Escape") {
    field.value = "";
    hideFound();
    svg.focus();
  }
  event.stopPropagation();
});
