// Paired differences to the reference method, what cannot be concluded, and the published numbers.

function drawForest() {
  const dataset = chosen.dataset === MEAN ? "all" : chosen.dataset;
  const here = DATA.differences.filter((row) => inSetting(row) && row.noise === chosen.noise && row.dataset === dataset && row.rate === "noisy");
  const rows = here.filter(({ method }) => visible(method)).sort((a, b) => b.difference - a.difference);
  const reference = here.length ? here[0].reference : null;
  byId("forest-title").textContent = reference ? `Points above or below ${shortName("method", reference)}, over all noisy rates` : "Paired differences";
  const known = rows.some(({ low }) => low !== null);
  byId("forest-note").textContent = rows.length
    ? `${plural(rows[0].pairs, "pair")} of runs with the same seed and labels${known ? "; 95 % bootstrap intervals over seeds" : ", too few for an interval"}.`
    : "No runs here can be paired with the reference method.";
  document.querySelector("[data-downloads=forest]").hidden = !rows.length;
  forestChart(byId("forest-chart"), rows, byId("forest-title").textContent);
}

// A line per method: name, interval and mean difference on a common scale, and the numbers.
function forestChart(host, rows, title) {
  host.replaceChildren();
  host.chart = null;
  if (!rows.length) return;
  const texts = rows.map(({ difference, low, high, p_adjusted: p }) =>
    `${signed(difference)}${low === null ? "" : ` [${signed(low)}, ${signed(high)}]`}${p === null ? "" : `, p = ${p.toPrecision(2)}`}`);
  const [left, right] = [rows.map(({ method }) => shortName("method", method)), texts].map((own) => LETTER * Math.max(...own.map((text) => text.length)) + 12);
  const width = host.clientWidth || 560, stacked = width < left + right + 120, step = stacked ? 42 : 24;
  const [from, to] = stacked ? [6, width - 6] : [left, width - right];
  const reach = Math.max(...rows.flatMap(({ difference, low, high }) => [difference, low ?? 0, high ?? 0].map(Math.abs))) * 1.08 || 1;
  const place = (value) => (from + to) / 2 + ((to - from) / 2) * (value / reach);
  const height = step * rows.length;
  const root = drawing("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": title });
  rows.forEach((row, i) => {
    const words = i * step + 15, y = i * step + (stacked ? 30 : 11);
    const tone = (mark) => { mark.style.fill = colour(row.method); return mark; };
    root.append(drawing("text", { class: "ink", x: 0, y: words }, shortName("method", row.method)), drawing("text", { class: "ink", x: width, y: words, "text-anchor": "end" }, texts[i]),
      drawing("line", { class: "grid", x1: from, x2: to, y1: y, y2: y }), drawing("line", { class: "zero", x1: place(0), x2: place(0), y1: y - 11, y2: y + 11 }));
    if (row.low !== null) root.append(tone(drawing("rect", { x: place(row.low), width: place(row.high) - place(row.low), y: y - 2, height: 4, rx: 2, opacity: 0.45 })));
    root.append(tone(drawing("circle", { cx: place(row.difference), cy: y, r: 5 })));
  });
  host.chart = {
    title, redraw: () => forestChart(host, rows, title),
    csv: [["method", "difference", "low", "high", "p_adjusted", "pairs"], ...rows.map((row) => [row.method, row.difference, row.low, row.high, row.p_adjusted, row.pairs])],
  };
  host.replaceChildren(root);
}

function drawPublished() {
  const rows = DATA.published.filter((row) => inView(row) && row.noise === chosen.noise);
  byId("published").hidden = document.querySelector("[data-downloads=published]").hidden = !rows.length;
  byId("published-none").textContent = rows.length ? "" : "No published number has the same data set, backbone, noise, shots and epochs as these runs, so none is shown.";
  sortable(byId("published"), [
    { title: "Method", class: "name", value: (row) => shortName("method", row.method), cell: (row) => [swatch(row.method), shortName("method", row.method)] },
    { title: "Data set", class: "text", value: (row) => row.dataset, cell: (row) => shortName("dataset", row.dataset) },
    { title: "Wrong labels", value: (row) => row.rate, cell: (row) => rateName(row.rate) },
    { title: "Ours", value: (row) => row.ours, cell: (row) => fixed(row.ours) },
    { title: "Published", value: (row) => row.published, cell: (row) => fixed(row.published, 1) },
    { title: "Gap", value: (row) => row.gap, cell: (row) => signed(row.gap) },
    { title: "Remark", class: "text", value: (row) => row.remark, cell: (row) => row.remark },
    { title: "Source", class: "text", value: (row) => row.source, cell: (row) => row.source },
  ], rows);
}

// What noisy validation takes in each cell, without clean labels.
function drawChoices() {
  const rows = DATA.choices.filter((row) => inView(row) && row.noise === chosen.noise);
  byId("choices-section").hidden = !rows.length;
  sortable(byId("choices"), [
    { title: "Data set", class: "text", value: (row) => row.dataset, cell: (row) => shortName("dataset", row.dataset) },
    { title: "Wrong labels", value: (row) => row.rate, cell: (row) => rateName(row.rate) },
    { title: "Chosen", value: (row) => row.mean, cell: (row) => fixed(row.mean) },
    { title: "Best", value: (row) => row.best, cell: (row) => fixed(row.best) },
    { title: "Regret", value: (row) => row.regret, cell: (row) => fixed(row.regret) },
  ], rows);
}

function drawCaveats() {
  const lines = DATA.caveats.length ? DATA.caveats : ["Enough seeds and data sets for the tests that are shown."];
  byId("caveats").replaceChildren(...lines.map((line) => element("li", {}, line)));
}
