// The first section: accuracy against noise rate, the leaderboard, and its result in a sentence.

function drawAccuracy() {
  const block = shownBlock();
  const methods = Object.keys(block.cells).sort((a, b) => block.ranks[a] - block.ranks[b]);
  const series = methods.filter(visible).map((method) => ({
    name: shortName("method", method), method, faint: isFaint(method),
    points: block.cells[method].map((cell, i) => cell && block.x[i] !== null && [block.x[i], cell.mean, cell.std]).filter(Boolean),
  }));
  lineChart(byId("accuracy-chart"), {
    series, ticks: block.x.filter((x) => x !== null), across: "wrong labels, %", up: "test accuracy, %", floor: 0, ceiling: 100,
    title: `Accuracy against noise rate, ${block.name}`, describe: (x) => `${x} % wrong labels`,
  });
  drawLegend(methods);
  drawBoard(block, methods);
  byId("verdict").textContent = block.result;
  const grey = methods.filter((method) => visible(method) && isFaint(method)).length;
  byId("accuracy-note").textContent = grey ? `Charts show the ${plural(grey, "method")} with a lower average rank in grey; point at a row of the table to see which is which.` : "";
}

function drawLegend(methods) {
  byId("legend").replaceChildren(...methods.map((method) => element("button", {
    type: "button", "aria-pressed": String(visible(method)), onclick: () => {
      if (!hidden.delete(method)) hidden.add(method);
      draw();
      [...byId("legend").children].find((button) => button.textContent === shortName("method", method)).focus();
    },
  }, swatch(method), shortName("method", method))));
}

function drawBoard(block, methods) {
  const rows = methods.map((method) => ({ method, cells: block.cells[method], drop: block.drops[method], rank: block.ranks[method] }));
  const rates = block.headings.map((title, i) => ({
    title, value: ({ cells }) => cells[i]?.mean ?? null, cell: ({ cells }) => boardCell(cells[i]),
    fields: ({ cells }) => ({ [title]: cells[i]?.mean ?? null, [`${title} std`]: cells[i]?.std ?? null }),
  }));
  const columns = [
    { title: "Method", class: "name", value: ({ method }) => shortName("method", method), cell: ({ method }) => [swatch(method), shortName("method", method)] },
    ...rates,
    { title: block.change, value: ({ drop }) => drop, cell: ({ drop }) => fixed(drop, 1) },
    { title: "Rank", value: ({ rank }) => rank, cell: ({ rank }) => fixed(rank, 1) },
  ];
  const light = (method, on) => document.querySelectorAll("#accuracy-chart polyline").forEach((line) => {
    const own = line.dataset.method === method;
    line.setAttribute("stroke-width", on && own ? 4 : line.dataset.width);
    line.setAttribute("opacity", on && !own ? 0.25 : 1);
    line.style.stroke = isFaint(line.dataset.method) && !(on && own) ? "var(--faint)" : colour(line.dataset.method);
  });
  sortable(byId("board"), columns, rows, {
    order: { column: columns.length - 1, descending: false },
    row: ({ method }) => ({ onpointerenter: () => light(method, true), onpointerleave: () => light(method, false) }),
  });
  const spread = Object.values(block.cells).flat().some((cell) => cell && cell.std !== null);
  byId("board-note").textContent = [
    `Percent of test images, last epoch, mean${spread ? " ± standard deviation over seeds" : ""}${block.dataset ? "" : " over data sets and seeds"}. Bold: best of its column, underlined: second.`,
    rates.length > 1 ? "Drop: points lost from the first to the last column." : "",
    `Rank: the average over ${block.dataset ? "the columns" : "data sets and columns"}, 1 is best.`,
    ...block.notes.map((note) => `${note}.`),
    block.missing.length ? `Without all data sets, so without a mean: ${block.missing.map((method) => shortName("method", method)).join(", ")}.` : "",
  ].filter(Boolean).join(" ");
}

function boardCell(cell) {
  if (!cell) return element("span", { title: "no run" }, "–");
  const kind = { 1: "best", 2: "second" }[cell.rank];
  const spread = cell.std === null ? null : element("small", {}, `±${fixed(cell.std)}`);
  const both = cell.in_brackets ? element("small", {}, cell.in_brackets) : null;
  return [element("span", { class: kind }, fixed(cell.mean) + cell.marks), spread, both];
}
