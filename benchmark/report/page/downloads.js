// Every table as CSV and TeX, every chart as PNG, SVG and CSV. Nothing leaves the page: files are made here.

const LEGEND_LINE = 20, LETTER = 7.2;

// Buttons for what is named `name`: the table with that id, or the chart `name`-chart.
function downloads(name) {
  const makers = byId(name)?.tagName === "TABLE"
    ? { CSV: () => tableCsv(byId(name)), TeX: () => tableTex(byId(name)) }
    : { PNG: () => chartPng(byId(`${name}-chart`)), SVG: () => chartSvg(byId(`${name}-chart`)).text, CSV: () => chartCsv(byId(`${name}-chart`)) };
  return element("p", { class: "downloads" }, "Download ", ...Object.entries(makers).map(([kind, make]) =>
    element("button", { type: "button", "aria-label": `Download ${name} as ${kind}`, onclick: async () => save(`${fileName(name)}.${kind.toLowerCase()}`, await make()) }, kind)));
}

const fileName = (name) => [name, shortName("noise", chosen.noise), shortName("dataset", chosen.dataset)].join("-").replace(/[^A-Za-z0-9_.-]+/g, "-");

function save(name, content) {
  const link = element("a", { download: name, href: URL.createObjectURL(content instanceof Blob ? content : new Blob([content])) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// A text that a spreadsheet would take for a formula gets an apostrophe in front.
function csv(rows) {
  const cell = (value) => {
    const text = value === null || value === undefined ? "" : typeof value === "string" && /^'*[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => `${row.map(cell).join(",")}\n`).join("");
}

function tableCsv({ shown: { columns, rows } }) {
  const fields = (row) => Object.assign({}, ...columns.map(({ title, value, fields: own }) => (own ? own(row) : { [title]: value(row) })));
  return rows.length ? csv([Object.keys(fields(rows[0])), ...rows.map((row) => Object.values(fields(row)))]) : "";
}

function tableTex({ shown: { columns, rows } }) {
  const line = (cells) => `${cells.join(" & ")} \\\\`;
  const head = columns.map(({ title }) => tex(title));
  const body = rows.map((row) => line(columns.map(({ cell }, i) => (i ? "" : "{}") + [cell(row)].flat().filter((part) => part !== null).map(texOf).join(""))));
  const align = columns.map(({ class: kind }) => (kind ? "l" : "r")).join("");
  return [`\\begin{tabular}{${align}}`, "\\toprule", line(head), "\\midrule", ...body, "\\bottomrule", "\\end{tabular}", ""].join("\n");
}

function texOf(part) {
  if (!(part instanceof Node)) return tex(part);
  const text = tex(part.textContent);
  const around = part.classList.contains("best") ? "\\textbf" : part.classList.contains("second") ? "\\underline" : "";
  return around ? `${around}{${text}}` : part.tagName === "SMALL" ? ` ${text}` : text;
}

function tex(value) {
  const signs = { "\\": "\\textbackslash{}", "^": "\\textasciicircum{}", "~": "\\textasciitilde{}", "<": "\\textless{}", ">": "\\textgreater{}", "|": "\\textbar{}",
    "±": "$\\pm$ ", "†": "$^\\dagger$", "‡": "$^\\ddagger$", "–": "--", "\u00a0": "~" };
  return String(value).replaceAll("± ", "±").replace(/\s+/g, (gap) => (gap === "\u00a0" ? gap : " ")).replace(/[\\^~<>|±†‡–\u00a0_%&#${}]/g, (sign) => signs[sign] ?? `\\${sign}`);
}

function chartCsv(host) {
  const { series, across, up, csv: own } = host.chart;
  return csv(own ?? [["line", across, up, "std"], ...series.flatMap(({ name, points }) => points.map(([x, y, spread]) => [name, x, y, spread ?? null]))]);
}

// The chart in light colours, with its title and the names of its lines, as SVG with all style inside.
function chartSvg(host) {
  document.documentElement.classList.add("light");
  try { return drawnSvg(host); } finally { document.documentElement.classList.remove("light"); }
}

function drawnSvg(host) {
  const source = host.querySelector("svg");
  const { width: inside, height } = source.viewBox.baseVal;
  const width = inside + 24;
  const names = (host.chart.series ?? []).filter(({ faint }) => !faint);
  const places = [];
  let [x, y] = [12, height + 48];
  for (const { name } of names) {
    const room = 36 + LETTER * name.length;
    if (x > 12 && x + room > width) [x, y] = [12, y + LEGEND_LINE];
    places.push([x, y]);
    x += room;
  }
  const tall = names.length ? y + 14 : height + 36;
  const root = drawing("svg", { xmlns: SVG, width, height: tall, viewBox: `0 0 ${width} ${tall}`, "font-family": "sans-serif", "font-size": 12 });
  const paint = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);
  const ink = paint("--ink");
  root.append(drawing("rect", { width, height: tall, fill: paint("--card") }), drawing("text", { x: 12, y: 20, fill: ink, "font-weight": "bold" }, host.chart.title));
  const copy = drawing("g", { transform: "translate(12 30)" }, ...[...source.childNodes].map((node) => node.cloneNode(true)));
  const [from, to] = [source, copy].map((top) => [...top.querySelectorAll("*")]);
  to.forEach((node, i) => {
    const style = getComputedStyle(from[i]);
    for (const name of ["fill", "stroke", "visibility", "font-weight", "font-size"]) node.setAttribute(name, style[name]);
    node.removeAttribute("style");
    node.removeAttribute("class");
  });
  root.append(copy, ...names.flatMap((line, i) => {
    const [left, top] = places[i];
    const mark = drawing("line", { x1: left, x2: left + 22, y1: top - 4, y2: top - 4, "stroke-width": 3, "stroke-dasharray": line.dash ?? dashes(line.method) });
    const probe = swatch(line.method);
    document.body.append(probe);
    mark.setAttribute("stroke", getComputedStyle(probe.firstChild).stroke);
    probe.remove();
    return [mark, drawing("text", { x: left + 28, y: top, fill: ink }, line.name)];
  }));
  return { text: new XMLSerializer().serializeToString(root), width, height: tall };
}

// Twice the size on the screen, for print.
function chartPng(host) {
  const { text, width, height } = chartSvg(host);
  return new Promise((done, fail) => {
    const image = new Image();
    image.onload = () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 2 * width, height: 2 * height });
      canvas.getContext("2d").drawImage(image, 0, 0, 2 * width, 2 * height);
      canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error("the picture cannot be drawn"))));
    };
    image.onerror = () => fail(new Error("the picture cannot be drawn"));
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  });
}
