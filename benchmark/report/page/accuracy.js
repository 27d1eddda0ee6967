// The first section: accuracy against noise rate, the leaderboard, and its finding in a sentence.

function drawAccuracy() {
  const block = shownBlock();
  const methods = Object.keys(block.cells);
  const series = methods.filter(visible).map((method) => ({
    name: method, method,
    points: block.cells[method].map((cell, i) => cell && block.x[i] !== null && [block.x[i], cell.mean, cell.std]).filter(Boolean),
  }));
  lineChart(byId("accuracy-chart"), {
    series, ticks: block.x.filter((x) => x !== null), across: "wrong labels, %", up: "test accuracy, %", floor: 0, ceiling: 100,
    title: `Accuracy against noise rate, ${block.name}`, describe: (x) => `${x} % wrong labels`,
  });
  drawLegend(methods);
  drawBoard(block, methods);
  byId("verdict").textContent = verdict(block, methods);
}

function drawLegend(methods) {
  byId("legend").replaceChildren(...methods.map((method) => element("button", {
    type: "button", "aria-pressed": String(visible(method)), onclick: () => {
      if (!hidden.delete(method)) hidden.add(method);
      draw();
      [...byId("legend").children].find((button) => button.textContent === method).focus();
    },
  }, swatch(method), method)));
}

function drawBoard(block, methods) {
  const rows = methods.map((method) => ({ method, cells: block.cells[method], drop: block.drops[method] }));
  const rates = block.columns.map((rate, i) => ({
    title: rateName(rate), value: ({ cells }) => cells[i]?.mean ?? null, cell: ({ cells }) => boardCell(cells[i]),
  }));
  const columns = [
    { title: "Method", class: "name", value: ({ method }) => method, cell: ({ method }) => [swatch(method), method] },
    ...rates,
    { title: "Drop", value: ({ drop }) => drop, cell: ({ drop }) => fixed(drop, 1) },
  ];
  const light = (method, on) => document.querySelectorAll("#accuracy-chart polyline").forEach((line) => {
    line.setAttribute("stroke-width", on && line.dataset.method === method ? 4 : 2);
    line.setAttribute("opacity", on && line.dataset.method !== method ? 0.25 : 1);
  });
  sortable(byId("board"), columns, rows, {
    order: { column: rates.length, descending: true },
    row: ({ method }) => ({ onpointerenter: () => light(method, true), onpointerleave: () => light(method, false) }),
  });
  byId("board-note").textContent = [
    "Percent of test images, last epoch, mean ± standard deviation over seeds. Bold: best of its column, underlined: second.",
    "Drop: points lost from the first to the highest rate.",
    ...block.notes.map((note) => `${note}.`),
    block.missing.length ? `Without all data sets, so without a mean: ${block.missing.join(", ")}.` : "",
  ].join(" ").trim();
}

function boardCell(cell) {
  if (!cell) return element("span", { title: "no run" }, "–");
  const kind = { 1: "best", 2: "second" }[cell.place];
  const spread = cell.std === null ? null : element("small", {}, `±${fixed(cell.std)}`);
  return [element("span", { class: kind }, fixed(cell.mean) + cell.marks), spread];
}

function verdict(block, methods) {
  const last = block.columns.length - 1;
  const ranked = methods.filter((method) => block.cells[method][last]).sort((a, b) => block.cells[b][last].mean - block.cells[a][last].mean);
  if (!ranked.length || last < 1) return "";
  const [best] = ranked;
  const top = block.cells[best][last].mean;
  const tied = ranked.slice(1).filter((method) => top - block.cells[method][last].mean < 1).length;
  const fell = methods.filter((method) => block.drops[method] !== null).sort((a, b) => block.drops[b] - block.drops[a])[0];
  const where = block.dataset ?? `the ${block.name}`;
  return `With ${rateName(block.columns[last])} wrong labels (${block.noise}) on ${where}, ${best} is ahead at ${fixed(top, 1)}\u00a0%`
    + (tied ? `, ${plural(tied, "method")} within a point of it` : "")
    + (fell && block.drops[fell] > 0 ? `; ${fell} falls furthest, by ${fixed(block.drops[fell], 1)} points.` : ".");
}
