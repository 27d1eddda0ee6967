// Paired differences to the reference method, what cannot be concluded, and the published numbers.

function drawForest() {
  const dataset = chosen.dataset === MEAN ? "all" : chosen.dataset;
  const here = DATA.differences.filter((row) => inSetting(row) && row.noise === chosen.noise && row.dataset === dataset && row.rate === "noisy");
  const rows = here.filter(({ method }) => visible(method)).sort((a, b) => b.difference - a.difference);
  const reference = here.length ? here[0].reference : null;
  byId("forest-title").textContent = reference ? `Points above or below ${reference}, over all noisy rates` : "Paired differences";
  if (!rows.length) {
    byId("forest").replaceChildren(element("p", { class: "note" }, "No runs here can be paired with the reference method."));
    return;
  }
  const reach = Math.max(...rows.flatMap(({ difference, low, high }) => [difference, low ?? 0, high ?? 0].map(Math.abs))) * 1.08 || 1;
  const place = (value) => `${50 + (50 * value) / reach}%`;
  byId("forest").replaceChildren(element("div", { class: "forest" }, ...rows.flatMap((row) => {
    const dot = element("i"), bar = element("b"), zero = element("u");
    dot.style.cssText = `left:${place(row.difference)};background:${colour(row.method)}`;
    zero.style.left = place(0);
    if (row.low !== null) bar.style.cssText = `left:${place(row.low)};width:calc(${place(row.high)} - ${place(row.low)});background:${colour(row.method)}`;
    const range = row.low === null ? "" : ` [${signed(row.low)}, ${signed(row.high)}]`;
    const p = row.p_adjusted === null ? "" : `, p = ${row.p_adjusted.toPrecision(2)}`;
    const text = `${signed(row.difference)}${range}${p}`;
    return [element("span", {}, row.method), element("span", { class: "track" }, zero, bar, dot), element("span", { title: `${row.pairs} pairs` }, text)];
  })), element("p", { class: "note" }, `${plural(rows[0].pairs, "pair")} of runs with the same seed and labels${rows.some(({ low }) => low !== null) ? "; 95 % bootstrap intervals over seeds" : ", too few for an interval"}.`));
}

function drawPublished() {
  const rows = DATA.published.filter((row) => inView(row) && row.noise === chosen.noise);
  byId("published").hidden = !rows.length;
  byId("published-none").textContent = rows.length ? "" : "No published number has the same data set, backbone, noise, shots and epochs as these runs, so none is shown.";
  sortable(byId("published"), [
    { title: "Method", class: "name", value: (row) => row.method, cell: (row) => [swatch(row.method), row.method] },
    { title: "Data set", class: "text", value: (row) => row.dataset, cell: (row) => row.dataset },
    { title: "Wrong labels", value: (row) => row.rate, cell: (row) => rateName(row.rate) },
    { title: "Ours", value: (row) => row.ours, cell: (row) => fixed(row.ours) },
    { title: "Published", value: (row) => row.published, cell: (row) => fixed(row.published, 1) },
    { title: "Gap", value: (row) => row.gap, cell: (row) => signed(row.gap) },
    { title: "Remark", class: "text", value: (row) => row.remark, cell: (row) => row.remark },
    { title: "Source", class: "text", value: (row) => row.source, cell: (row) => row.source },
  ], rows);
}

function drawCaveats() {
  const lines = DATA.caveats.length ? DATA.caveats : ["Enough seeds and data sets for the tests that are shown."];
  byId("caveats").replaceChildren(...lines.map((line) => element("li", {}, line)));
}
