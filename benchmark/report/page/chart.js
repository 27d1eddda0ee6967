// One kind of chart: lines with bands, values on hover.

const MARGIN = { left: 44, right: 12, top: 10, bottom: 38 };

function niceTicks(low, high, count = 5) {
  const raw = (high - low || 1) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= raw);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-6; i += 1) ticks.push(+(i * step).toPrecision(10));
  return ticks;
}

// series: [{name, method, dash, faint, points: [[x, y, spread or null], ...]}]; ticks: where the x axis has its marks.
function lineChart(host, { series, ticks, across, up, title, floor = null, ceiling = null, whole = false, describe = (x) => `${across} ${x}` }) {
  host.chart = { ...arguments[1], redraw: () => lineChart(host, host.chart) };
  const points = series.flatMap((line) => line.points);
  const width = host.clientWidth || 600, height = host.clientHeight || 280;
  if (!points.length) {
    host.replaceChildren(element("p", { class: "note" }, "Nothing to show for this choice."));
    return;
  }
  const xs = points.map(([x]) => x), ys = points.flatMap(([, y, s]) => [y - (s ?? 0), y + (s ?? 0)]);
  let [x0, x1] = [Math.min(...xs), Math.max(...xs)];
  if (x0 === x1) [x0, x1] = [x0 - 1, x1 + 1];
  const yTicks = niceTicks(Math.max(floor ?? -Infinity, Math.min(...ys)), Math.min(ceiling ?? Infinity, Math.max(...ys)));
  const gap = yTicks.length > 1 ? yTicks[1] - yTicks[0] : 1;
  const y0 = Math.max(floor ?? -Infinity, Math.min(...ys) - gap * 0.15), y1 = Math.min(ceiling ?? Infinity, Math.max(...ys) + gap * 0.15);
  const place = (x) => MARGIN.left + ((x - x0) / (x1 - x0)) * (width - MARGIN.left - MARGIN.right);
  const level = (y) => height - MARGIN.bottom - ((y - y0) / (y1 - y0 || 1)) * (height - MARGIN.top - MARGIN.bottom);
  const root = drawing("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title });
  for (const y of yTicks) {
    root.append(drawing("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: level(y), y2: level(y) }),
      drawing("text", { x: MARGIN.left - 7, y: level(y) + 4, "text-anchor": "end" }, `${y}`));
  }
  let last = -Infinity;
  for (const x of ticks ?? niceTicks(x0, x1, Math.min(8, width / 70))) {
    if (place(x) - last < 34 || (whole && !Number.isInteger(x))) continue;
    last = place(x);
    root.append(drawing("text", { x: last, y: height - MARGIN.bottom + 18, "text-anchor": "middle" }, `${+x.toFixed(1)}`));
  }
  root.append(drawing("text", { x: (MARGIN.left + width - MARGIN.right) / 2, y: height - 4, "text-anchor": "middle" }, across),
    drawing("text", { x: -height / 2 + MARGIN.bottom / 2, y: 11, "text-anchor": "middle", transform: "rotate(-90)" }, up));
  for (const line of [...series].sort((a, b) => (b.faint ?? 0) - (a.faint ?? 0))) root.append(...lineMarks(line, place, level));
  const guide = drawing("line", { class: "guide", y1: MARGIN.top, y2: height - MARGIN.bottom, visibility: "hidden" });
  root.append(guide);
  const stops = unique(xs).sort((a, b) => a - b);
  root.addEventListener("pointermove", (event) => {
    const box = root.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * width;
    const x = stops.reduce((best, stop) => (Math.abs(place(stop) - at) < Math.abs(place(best) - at) ? stop : best));
    guide.setAttribute("x1", place(x));
    guide.setAttribute("x2", place(x));
    guide.setAttribute("visibility", "visible");
    showTip(event, describe(x), readings(series, x));
  });
  root.addEventListener("pointerleave", () => { guide.setAttribute("visibility", "hidden"); hideTip(); });
  host.replaceChildren(root);
}

function lineMarks({ name, method, dash, faint, points }, place, level) {
  const tone = faint ? "var(--faint)" : colour(method);
  const marks = [];
  if (!faint && points.some(([, , spread]) => spread)) {
    const upper = points.map(([x, y, s]) => `${place(x)},${level(y + (s ?? 0))}`);
    const lower = points.map(([x, y, s]) => `${place(x)},${level(y - (s ?? 0))}`).reverse();
    const band = drawing("polygon", { points: [...upper, ...lower].join(" "), opacity: 0.15 });
    band.style.fill = tone;
    marks.push(band);
  }
  const path = drawing("polyline", {
    points: points.map(([x, y]) => `${place(x)},${level(y)}`).join(" "), fill: "none", "stroke-width": faint ? 1 : 2,
    "data-width": faint ? 1 : 2, "stroke-dasharray": faint ? "" : dash ?? dashes(method), "stroke-linejoin": "round", "data-method": method, "data-name": name,
  });
  path.style.stroke = tone;
  marks.push(path);
  if (!faint && points.length <= 12) {
    for (const [x, y] of points) {
      const dot = drawing("circle", { cx: place(x), cy: level(y), r: 3 });
      dot.style.fill = tone;
      marks.push(dot);
    }
  }
  return marks;
}

function readings(series, x) {
  const found = series.map((line) => ({ line, point: line.points.find(([at]) => at === x) })).filter(({ point }) => point);
  found.sort((a, b) => b.point[1] - a.point[1]);
  return found.map(({ line, point: [, y, spread] }) => ({
    method: line.method, name: line.name, text: spread ? `${fixed(y)} ± ${fixed(spread)}` : fixed(y),
  }));
}

addEventListener("resize", () => document.querySelectorAll(".chart, #forest-chart").forEach((host) => host.chart?.redraw()));
