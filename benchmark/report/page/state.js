// What is shown: the choices in the filter bar, kept in the address so that a view can be shared.

const DATA = JSON.parse(byId("data").textContent);
DATA.runs = unpack(DATA.runs);
const CHOICES = { backbone: "Backbone", setting: "Protocol", noise: "Noise", dataset: "Data set" };
const MEAN = "mean of all";
const chosen = {};
const hidden = new Set();

// The blocks that fit the choices to the left of a filter.
function fitting(name) {
  const before = Object.keys(CHOICES).slice(0, Object.keys(CHOICES).indexOf(name));
  return DATA.blocks.filter((block) => before.every((other) => block[other] === chosen[other]));
}

function options(name) {
  const values = unique(fitting(name).map((block) => block[name] ?? MEAN));
  return values.sort((a, b) => (b === MEAN) - (a === MEAN) || a.localeCompare(b));
}

// A choice that does not exist (any more) gives way to the mean, or to the one with most cells.
function settle() {
  for (const name of Object.keys(CHOICES)) {
    const known = options(name);
    if (known.includes(chosen[name])) continue;
    const cells = (value) => fitting(name).filter((block) => block[name] === value)
      .reduce((sum, block) => sum + Object.values(block.cells).flat().filter(Boolean).length, 0);
    chosen[name] = known.includes(MEAN) ? MEAN : known.reduce((best, value) => (cells(value) > cells(best) ? value : best));
  }
}

function readAddress() {
  for (const [name, value] of new URLSearchParams(location.hash.slice(1))) if (name in CHOICES) chosen[name] = value;
  settle();
}

function writeAddress() {
  try { history.replaceState(null, "", `#${new URLSearchParams(chosen)}`); } catch { /* a page without an address of its own */ }
}

function drawFilters(changed) {
  byId("filters").replaceChildren(...Object.entries(CHOICES).map(([name, title]) => {
    const onchange = (event) => { chosen[name] = event.target.value; settle(); writeAddress(); changed(); };
    const entries = options(name).map((value) => element("option", { value, selected: value === chosen[name], title: value }, shortName(name, value)));
    return element("label", { class: "field" }, title, element("select", { name, onchange, disabled: entries.length < 2 }, ...entries));
  }));
}

const shownBlock = () => DATA.blocks.find((block) => Object.keys(CHOICES).every((name) => (block[name] ?? MEAN) === chosen[name]));
const inSetting = (row) => row.backbone === chosen.backbone && row.setting === chosen.setting;
const inView = (row) => inSetting(row) && (chosen.dataset === MEAN || row.dataset === chosen.dataset);
const isFaint = (method) => !shownBlock().coloured.includes(method);
const shortName = (name, value) => (DATA.names[name] ?? {})[value] ?? value;
const visible = (method) => !hidden.has(method);

// Rows from columns; a column is a list of values, or {of: values, at: a number of them for each row}.
function unpack({ count, columns }) {
  const rows = Array.from({ length: count }, () => ({}));
  for (const [name, column] of Object.entries(columns)) {
    const value = Array.isArray(column) ? (i) => column[i] : (i) => column.of[column.at[i]];
    rows.forEach((row, i) => { row[name] = value(i); });
  }
  return rows;
}

// The cells of the view at one noise rate; those of methods that use no labels stand at every rate.
function cellsAt(rate) {
  return DATA.cells.filter((cell) => inView(cell) && (!cell.labels || (rate === 0
    ? cell.noise === "none" : cell.noise === chosen.noise && cell.rate === rate)));
}

// Means over the runs of each method of the curves {x, y, n} of cells: method -> [[x, y], ...].
function meanCurves(cells, curve) {
  const found = new Map();
  for (const cell of cells) {
    const own = curve(cell);
    if (!own || !own.y.some((value) => value !== null)) continue;
    if (!found.has(cell.method)) found.set(cell.method, new Map());
    own.x.forEach((x, i) => {
      if (own.y[i] === null) return;
      const at = found.get(cell.method);
      const [sum, count] = at.get(x) ?? [0, 0];
      at.set(x, [sum + own.n[i] * own.y[i], count + own.n[i]]);
    });
  }
  return new Map([...found].sort(([a], [b]) => a.localeCompare(b)).map(([method, at]) =>
    [method, [...at].sort(([a], [b]) => a - b).map(([x, [sum, count]]) => [x, sum / count])]));
}
