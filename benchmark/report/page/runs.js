// Every run of the view, and the details of one.

const MOST_ROWS = 500;

function drawRuns() {
  const words = byId("find").value.toLowerCase().split(/\s+/).map((word) => word.replace(/%$/, "")).filter(Boolean);
  const percent = (run) => (run.rate === null ? "measured" : `${+(100 * run.rate).toFixed(2)}`);
  const texts = (run) => [run.method, shortName("method", run.method), run.dataset, run.noise, run.key, run.status, run.device, "seed"];
  // A number must be the whole of a rate or seed: it would be found in any key.
  const has = (run, word) => [percent(run), `${run.rate}`, `${run.seed}`].includes(word)
    || (word.length > 2 && texts(run).some((part) => part.toLowerCase().includes(word))) || texts(run).includes(word);
  const all = DATA.runs.filter((run) => inView(run) && (run.noise === chosen.noise || run.noise === "none"));
  const rows = all.filter((run) => visible(run.method) && words.every((word) => has(run, word)));
  sortable(byId("runs"), [
    { title: "Method", class: "name", value: (run) => shortName("method", run.method), cell: (run) => [swatch(run.method), shortName("method", run.method)] },
    { title: "Data set", class: "text", value: (run) => run.dataset, cell: (run) => shortName("dataset", run.dataset) },
    { title: "Wrong labels", value: (run) => run.rate, cell: (run) => (run.labels ? rateName(run.rate) : "no labels") },
    { title: "Seed", value: (run) => run.seed, cell: (run) => `${run.seed}` },
    { title: "Accuracy", value: (run) => run.accuracy, cell: (run) => fixed(run.accuracy) },
    { title: "Best epoch (oracle)", value: (run) => run.oracle, cell: (run) => fixed(run.oracle) },
    { title: "ECE", value: (run) => run.ece, cell: (run) => fixed(run.ece) },
    { title: "Seconds", value: (run) => run.seconds, cell: (run) => fixed(run.seconds, 1) },
    { title: "Status", class: "text", value: (run) => run.status, cell: (run) => element("span", { class: run.status === "ok" ? null : "bad" }, run.status) },
  ], rows, {
    most: MOST_ROWS, row: (run) => ({
      tabindex: 0, "data-key": run.key, onclick: () => openRun(run), onkeydown: (event) => { if (event.key === "Enter") openRun(run); },
    }),
  });
  const shown = rows.length > MOST_ROWS ? `, the first ${MOST_ROWS} shown` : "";
  byId("runs-note").textContent = `${plural(rows.length, "run")} of ${DATA.runs.length}${shown}. Choose one to see its details.`;
}

function openRun(run) {
  const measured = run.realised === null ? "true labels not known" : `${run.wrong} of ${run.images} training labels (${fixed(100 * run.realised, 1)} %)`;
  const wrong = run.labels ? measured : "uses no labels";
  const facts = {
    Run: run.key, "Data set": shortName("dataset", run.dataset) === run.dataset ? null : run.dataset, Backbone: shortName("backbone", run.backbone), Protocol: `${run.setting}, seed ${run.seed}`, Noise: `${run.noise}, ${wrong}`,
    Accuracy: `${fixed(run.accuracy)} % at the last epoch`,
    "Best epoch": run.oracle === null ? null : `${fixed(run.oracle)} % (oracle: chosen on test data)`,
    "Zero-shot": run.zero_shot === null ? null : `${fixed(run.zero_shot)} %`,
    "Harmonic mean": run.harmonic_mean === null ? null
      : `${fixed(run.harmonic_mean)} %${run.seen === null ? "" : ` of ${fixed(run.seen)} % on seen and ${fixed(run.unseen)} % on unseen classes`}`,
    "Calibration error": run.ece === null ? null : `${fixed(run.ece)} %`,
    Status: run.hint ? `${run.status}: ${run.hint}` : run.status,
    "Learned parameters": run.parameters.toLocaleString("en"), Time: `${fixed(run.seconds, 1)} s on ${run.device || "an unnamed device"}`,
    "Labels' hash": run.labels_sha256, ...Object.fromEntries(Object.entries(run.hashes).map(([name, hash]) => [`Hash of ${name}`, hash])), Precision: run.precision,
    Versions: Object.entries(run.versions).map(([name, version]) => `${name} ${version}`).join(", "),
  };
  const list = Object.entries(facts).filter(([, value]) => value).flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]);
  const dialog = byId("details");
  const chart = element("div", { class: "chart", id: "run-chart" });
  dialog.replaceChildren(
    element("header", {}, element("h2", { id: "details-title" }, `${shortName("method", run.method)} on ${shortName("dataset", run.dataset)}`), element("button", { type: "button", onclick: () => dialog.close() }, "Close")),
    element("dl", {}, ...list), chart,
    element("div", { class: "legend" }), downloads("run"),
    element("p", { class: "note" }, "In a terminal: ", element("code", {}, `promptnoise show ${run.key} ${DATA.place}`.trim()), " and ", element("code", {}, `promptnoise export ${run.key} ${DATA.place}`.trim())),
    ...(DATA.links[run.key] ? [element("p", { class: "note" }, element("a", { href: DATA.links[run.key], rel: "noreferrer" }, "This run on Weights & Biases"))] : []),
  );
  dialog.showModal();
  dialog.querySelector(".downloads").hidden = !run.curves;
  if (!run.curves) return;  // left out of a large page
  const names = { test_accuracy: ["test images", ""], train_accuracy_true: ["training images, true labels", "2 3"], train_accuracy_given: ["training images, given labels", "6 4"] };
  const series = Object.entries(names).filter(([name]) => run.curves[name]).map(([name, [label, dash]]) => {
    const { x, y } = run.curves[name];
    return { name: label, method: run.method, dash, points: x.map((at, i) => [at, y[i]]).filter(([, value]) => value !== null) };
  });
  dialog.querySelector(".legend").replaceChildren(...series.map(({ name, dash }) => element("span", {}, swatch(run.method, dash), name)));
  lineChart(chart, { series, across: "epoch", up: "accuracy, %", floor: 0, ceiling: 100, whole: true, title: "Accuracy over epochs" });
}
