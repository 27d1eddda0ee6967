"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const thumbnails = JSON.parse(document.getElementById("thumbnails").textContent);
const $ = (id) => document.getElementById(id);
const STORE = `promptnoise audit ${data.id}`;
const NARROWEST = 168, GAP = 10, LINE = 18, LETTER = 7;
let HEIGHT = 260;
const sets = { conflicts: new Set(data.copies.filter(([a, b]) => data.given[a] !== data.given[b]).flatMap(([a, b]) => [a, b])),
  copies: new Set([...data.copies.flatMap(([a, b]) => [a, b]), ...data.inTest.map(([a]) => a)]), empty: new Set(data.empty),
  misfits: new Set(data.misfits), questions: new Set(data.questions) };
const twins = new Map();
for (const [a, b] of data.copies) { if (!twins.has(a)) twins.set(a, b); if (!twins.has(b)) twins.set(b, a); }
const tested = new Map(data.inTest), issues = new Map(data.issues);
sets.issues = new Set(issues.keys());
const longest = Math.max(...data.values.map((name) => name.length));
// Explanations that the labels alone cannot tell apart, the audit's own first; decisions say which one is shown.
const ODDS = 3, LEAST = .02;
const accounts = [{ fraction: data.fraction[0], wrong: data.wrong, suggested: data.suggested }, ...data.rivals];
let account = accounts[0];

// What was decided: the number of an image to the class that it gets; the given class stands for a rejection.
let decided = new Map();
const past = [];
let list = [], active = 0, columns = 1, width = NARROWEST;

function weigh() {
  const odds = accounts.map((one, number) => [...decided].reduce((sum, [i, label]) => {
    const chance = label === data.given[i] ? 1 - one.wrong[i] : label === one.suggested[i] ? one.wrong[i] : 0;
    return sum + Math.log(Math.max(LEAST, chance));
  }, number ? -ODDS : 0));
  const best = accounts[odds.indexOf(Math.max(...odds))];
  if (best === account) return;
  account = best;
  sorted();
}

function load() {
  try { decided = new Map(JSON.parse(localStorage.getItem(STORE) || "[]")); } catch { decided = new Map(); }
  weigh();
}

function save() {
  try { localStorage.setItem(STORE, JSON.stringify([...decided])); } catch { /* a page without storage forgets */ }
  weigh();
}

const stateOf = (i) => !decided.has(i) ? "open" : decided.get(i) === data.given[i] ? "rejected" : "accepted";

function decide(images, choice) {
  past.push(images.map((i) => [i, decided.get(i)]));
  for (const i of images) decided.set(i, choice(i));
  save();
}

function undo() {
  for (const [i, before] of past.pop() || []) before === undefined ? decided.delete(i) : decided.set(i, before);
  save();
  draw();
}

const accept = (i) => account.suggested[i];
const reject = (i) => data.given[i];

function apply() {
  const show = $("show").value, given = $("given").value, suggested = $("suggested").value;
  list = [];
  for (let i = 0; i < thumbnails.length; i++) {
    if (given !== "" && data.given[i] !== +given) continue;
    if (suggested !== "" && account.suggested[i] !== +suggested) continue;
    if (show === "change" && account.suggested[i] === data.given[i]) continue;
    if (sets[show] && !sets[show].has(i)) continue;
    if (["open", "accepted", "rejected"].includes(show) && stateOf(i) !== show) continue;
    list.push(i);
  }
  active = 0;
  $("none").hidden = list.length > 0;
  sorted();
  draw();
}

function sorted() {
  const sort = $("sort").value, keys = { given: (i) => data.given[i], suggested: (i) => account.suggested[i] };
  if (account !== accounts[0]) keys.wrong = (i) => -account.wrong[i];
  if (sort === "file") list.sort((a, b) => data.files[a] < data.files[b] ? -1 : 1);
  else if (keys[sort]) list.sort((a, b) => keys[sort](a) - keys[sort](b) || a - b);
  else if ($("show").value === "questions") list.sort((a, b) => data.questions.indexOf(a) - data.questions.indexOf(b));
  else list.sort((a, b) => a - b);
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function button(text, title, act) {
  const made = element("button", "", text);
  made.type = "button";
  made.title = title;
  made.setAttribute("aria-label", title);
  made.addEventListener("click", (event) => { event.stopPropagation(); act(); });
  return made;
}

function card(place) {
  const i = list[place], made = element("div", `card ${stateOf(i)}${place === active ? " active" : ""}`);
  made.setAttribute("role", "listitem");
  if (place === active) made.setAttribute("aria-current", "true");
  const column = place % columns, row = Math.floor(place / columns);
  made.style.cssText = `left:${column * (width + GAP)}px;top:${row * (HEIGHT + GAP)}px;width:${width}px;height:${HEIGHT}px`;
  if (thumbnails[i]) {
    const picture = element("img");
    picture.src = `data:image/jpeg;base64,${thumbnails[i]}`;
    picture.alt = data.files[i];
    made.append(picture);
  } else made.append(element("div", "no", "no picture"));
  const now = decided.has(i) && stateOf(i) === "accepted" ? decided.get(i) : account.suggested[i];
  const words = element("p", "names");
  words.append(data.values[data.given[i]], " → ", element("span", "new", now === data.given[i] ? "same" : data.values[now]));
  const chance = element("p", "", "wrong: ");
  chance.append(element("b", "", `${account.wrong[i] > .999 ? "> 99.9" : (100 * account.wrong[i]).toFixed(1)} %`));
  const file = element("p", "file");
  file.append(link(i, data.files[i]));
  file.title = data.files[i];
  const other = remark(i), more = element("p", "file", other);
  more.title = other;
  const row3 = element("div", "decide");
  row3.append(
    button("Accept", "Accept the suggestion", () => act(place, accept)),
    button("Keep", "Reject: keep the given label", () => act(place, reject)),
    button("Other", "Choose another class", () => { active = place; choose(); }),
    button("Larger", "Look at it in large", () => { active = place; look(); }));
  made.append(words, chance, file, ...(other ? [more] : []), row3);
  made.addEventListener("click", () => { active = place; draw(); });
  made.addEventListener("dblclick", () => { active = place; look(); });
  return made;
}

// The file itself, beside the page; data that lie in no files have none.
const urlOf = (i) => data.root === null ? "" : [data.root, data.files[i]].join("/").split("/").map(encodeURIComponent).join("/");

function link(i, text) {
  const made = element(data.root === null ? "span" : "a", "", text);
  if (data.root !== null) { made.href = urlOf(i); made.target = "_blank"; made.rel = "noopener"; }
  return made;
}

// What else is known of a picture: what each explanation says of one that tells much, or what it is a copy of.
function remark(i) {
  if (accounts.length > 1 && sets.questions.has(i))
    return accounts.map((one) => `if ${one.fraction} % are wrong: ${one.wrong[i] < .5 ? "right" : data.values[one.suggested[i]]}`).join("; ");
  if (twins.has(i)) return `copy of ${data.files[twins.get(i)]} (${data.values[data.given[twins.get(i)]]})`;
  if (tested.has(i)) return `copy of the test image ${tested.get(i)}`;
  return issues.get(i) || (sets.empty.has(i) ? "of one colour" : "");
}

function look() {
  if (!list.length) return;
  const i = list[active], large = $("large"), small = thumbnails[i] ? `data:image/jpeg;base64,${thumbnails[i]}` : "";
  large.onerror = () => { large.onerror = null; large.src = small; };
  large.alt = data.files[i];
  large.src = urlOf(i) || small;
  $("look-title").textContent = `${data.values[data.given[i]]} → ${data.values[decided.get(i) ?? account.suggested[i]]}`;
  $("about").replaceChildren(link(i, data.files[i]), element("br"), remark(i));
  $("look").showModal();
}

// Only the rows that can be seen are in the document.
function draw() {
  const grid = $("grid"), room = grid.clientWidth;
  columns = Math.max(1, Math.floor((room + GAP) / (NARROWEST + GAP)));
  width = Math.floor((room + GAP) / columns) - GAP;
  HEIGHT = 262 + LINE * Math.ceil((2 * longest + 3) * LETTER / (width - 20));
  grid.style.height = `${Math.ceil(list.length / columns) * (HEIGHT + GAP)}px`;
  const top = grid.getBoundingClientRect().top;
  const first = Math.max(0, Math.floor(-top / (HEIGHT + GAP)) - 1);
  const last = Math.ceil((innerHeight - top) / (HEIGHT + GAP)) + 1;
  const cards = [];
  for (let place = first * columns; place < Math.min(list.length, last * columns); place++) cards.push(card(place));
  grid.replaceChildren(...cards);
  const states = [...decided.keys()].map(stateOf), accepted = states.filter((s) => s === "accepted").length;
  facts();
  $("count").textContent = `${list.length} shown; ${accepted} changed, ${states.length - accepted} kept, ${data.files.length - states.length} undecided`;
}

function act(place, choice) {
  active = place;
  decide([list[place]], choice);
  move(1);
}

function move(by) {
  active = Math.min(Math.max(0, active + by), Math.max(0, list.length - 1));
  const top = $("grid").getBoundingClientRect().top + Math.floor(active / columns) * (HEIGHT + GAP);
  const above = getComputedStyle($("tools")).position === "sticky" ? $("tools").offsetHeight : 0;
  if (top < above) scrollBy(0, top - above - GAP);
  else if (top + HEIGHT > innerHeight) scrollBy(0, top + HEIGHT - innerHeight + GAP);
  draw();
}

function choose() {
  if (!list.length) return;
  $("class").value = String(decided.get(list[active]) ?? account.suggested[list[active]]);
  $("choose").returnValue = "";
  $("choose").showModal();
}

const KEYS = {
  ArrowRight: () => move(1), ArrowLeft: () => move(-1), ArrowDown: () => move(columns), ArrowUp: () => move(-columns),
  a: () => list.length && act(active, accept), r: () => list.length && act(active, reject), c: choose, u: undo, Enter: look,
};

addEventListener("keydown", (event) => {
  const busy = event.target.closest("select, dialog, summary, a") || (event.key === "Enter" && event.target.closest("button")) || event.ctrlKey || event.metaKey || event.altKey;
  if (busy || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});

// A text that a spreadsheet would take for a formula gets an apostrophe in front, which `bench` takes off again.
function quoted(name) {
  const text = /^'*[=+\-@\t\r]/.test(name) ? `'${name}` : name;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// The labels of all images; `bench` reads the table as the labelling "audited".
function correctedCsv() {
  const lines = data.files.map((file, i) => `${quoted(file)},${quoted(data.values[decided.get(i) ?? data.given[i]])}`);
  return [`file,${data.column}`, ...lines, ""].join("\n");
}

// The decisions alone, for `--checked=FILE`.
function decisionsCsv() {
  return ["file,label", ...[...decided].map(([i, label]) => `${quoted(data.files[i])},${quoted(data.values[label])}`), ""].join("\n");
}

function saveAs(name, text) {
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

$("export").addEventListener("click", () => saveAs("audited.csv", correctedCsv()));
$("decisions").addEventListener("click", () => saveAs("checked.csv", decisionsCsv()));
$("undo").addEventListener("click", undo);
$("all").addEventListener("click", () => { decide(list.filter((i) => stateOf(i) === "open"), accept); draw(); });
$("keep").addEventListener("click", () => { decide(list.filter((i) => stateOf(i) === "open"), reject); draw(); });
for (const [id, choice] of [["yes", accept], ["no", reject]])
  $(id).addEventListener("click", () => { $("look").close(); act(active, choice); });
$("choose").addEventListener("close", () => {
  if ($("choose").returnValue === "ok" && $("class").value !== "") act(active, () => +$("class").value);
});
for (const id of ["sort", "show", "given", "suggested"]) $(id).addEventListener("change", apply);
$("tools").addEventListener("submit", (event) => event.preventDefault());
addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
addEventListener("resize", draw);

for (const id of ["given", "suggested", "class"])
  data.values.forEach((name, number) => $(id).append(new Option(name, number)));
function facts() {
  const [, low, high] = data.fraction;
  const of = accounts.map((one) => one.fraction).sort((a, b) => a - b).join(" or ");
  let text = `${data.name}: ${data.files.length} images, ${data.values.length} classes. `;
  if (accounts.length > 1 && !decided.size)
    text += `${of} % of the labels are wrong: the labels alone cannot tell. Look at these ${data.questions.length} pictures to decide.`;
  else if (accounts.length > 1) text += `By your ${decided.size} decisions ${account.fraction} % of the labels are wrong (not ${accounts.filter((one) => one !== account).map((one) => one.fraction).join(" or ")} %).`;
  else text += `Probably wrong: ${account.fraction} % of the labels (${low} to ${high} %).`;
  if (thumbnails.length < data.files.length) text += ` The page shows the ${thumbnails.length} most suspicious.`;
  $("facts").textContent = text;
}
for (const option of [...$("show").options]) if (sets[option.value] && !sets[option.value].size) option.remove();
$("left").hidden = !data.leftOut.length;
$("left-count").textContent = `${data.leftOut.length} files are left out`;
$("left-list").replaceChildren(...data.leftOut.slice(0, 200).map(([file, why]) => element("li", "", `${file} ${why}`)));
load();
if (accounts.length > 1 && !decided.size) $("show").value = "questions";
apply();
