// Puts it all on the page.

function draw() {
  drawAccuracy();
  drawForest();
  drawTrainingControls();
  drawTraining();
  drawClasses();
  drawPublished();
  drawRuns();
  drawChoices();
}

function drawFacts() {
  const diverged = DATA.runs.filter((run) => run.status === "diverged").length;
  const facts = [
    [DATA.runs.length, "run"], [unique(DATA.runs.map((run) => run.method)).length, "method"],
    [unique(DATA.runs.map((run) => run.dataset)).length, "data set"], [unique(DATA.runs.map((run) => run.seed)).length, "seed"],
  ].map(([count, thing]) => element("li", {}, element("b", {}, `${count}`), ` ${thing}${count === 1 ? "" : "s"}`));
  const bad = [[diverged, "diverged"], [DATA.failures.length, "failed"], [DATA.problems.length, "left out"]]
    .filter(([count]) => count).map(([count, what]) => element("li", { class: "bad" }, element("b", {}, `${count}`), ` ${what}`));
  byId("facts").replaceChildren(...facts, ...bad, element("li", {}, `protocol ${DATA.protocol}`));
}

function drawTrouble() {
  const lines = [
    ...DATA.runs.filter((run) => run.status === "diverged").map((run) => `diverged: ${run.dataset}, ${run.method}, ${run.noise} ${rateName(run.rate)}, seed ${run.seed} (${run.key}) ${run.hint}`),
    ...DATA.failures.map(({ run, cause }) => `failed: ${run}: ${cause}`), ...DATA.problems,
  ];
  byId("trouble").hidden = !lines.length;
  byId("trouble-list").replaceChildren(...lines.map((line) => element("li", {}, line)));
}

function start() {
  drawFacts();
  drawTrouble();
  if (!DATA.blocks.length) {
    byId("empty").hidden = false;
    document.querySelectorAll("main > section:not(#trouble), #filters").forEach((part) => { part.hidden = true; });
    return;
  }
  drawCaveats();
  readAddress();
  document.querySelectorAll("[data-downloads]").forEach((place) => place.append(downloads(place.dataset.downloads)));
  const changed = () => { drawFilters(changed); draw(); };
  changed();
  byId("find").addEventListener("input", drawRuns);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", () => { readAddress(); changed(); });
}

start();
