// Curves over epochs, and accuracy class by class, at one noise rate.

const CURVES = {
  "test accuracy": { up: "accuracy, %", lines: { test_accuracy: ["", null] } },
  "gradient norms": { up: "gradient norm at the logits", lines: { grad_norm_correct: ["correct labels", ""], grad_norm_wrong: ["wrong labels", "6 4"] } },
  memorisation: { up: "accuracy on training images, %", lines: { train_accuracy_true: ["true labels", ""], train_accuracy_given: ["given labels", "6 4"] } },
  "finding wrong labels": { up: "AUROC of the loss", lines: { auroc_wrong: ["", null] } },
  loss: { up: "training loss", lines: { loss: ["", null] } },
  "pseudo-labels": { up: "pseudo-label accuracy, %", lines: { pseudo_label_accuracy: ["", null] } },
};
const looking = { curve: "test accuracy", rate: null };

function drawTrainingControls() {
  const rates = shownBlock().columns.map((rate) => (rate === "measured" ? null : Number(rate)));
  const noisy = rates.filter((rate) => rate !== 0);
  if (!rates.includes(looking.rate)) {
    looking.rate = (noisy.length ? noisy : rates).reduce((best, rate) => (Math.abs(rate - 0.5) < Math.abs(best - 0.5) ? rate : best));
  }
  const known = Object.keys(CURVES).filter((name) => DATA.cells.some((cell) => Object.keys(CURVES[name].lines).some((line) => cell.curves[line])));
  const choice = (name, entries, chosenOne, set) => element("label", { class: "field" }, name, element("select", {
    name: name.toLowerCase(), onchange: (event) => { set(event.target.value); drawTraining(); drawClasses(); },
  }, ...entries.map(([value, text]) => element("option", { value, selected: value === String(chosenOne) }, text))));
  byId("training-controls").replaceChildren(
    choice("Curve", known.map((name) => [name, name]), looking.curve, (value) => { looking.curve = value; }),
    choice("Wrong labels", rates.map((rate, i) => [String(rate), shownBlock().headings[i]]), looking.rate, (value) => { looking.rate = value === "null" ? null : Number(value); }),
  );
}

function drawTraining() {
  const { up, lines } = CURVES[looking.curve];
  const cells = cellsAt(looking.rate).filter(({ method }) => visible(method));
  const series = Object.entries(lines).flatMap(([name, [label, dash]]) =>
    [...meanCurves(cells, (cell) => cell.curves[name])].map(([method, points]) => ({ name: label ? `${shortName("method", method)}, ${label}` : shortName("method", method), method, dash, faint: isFaint(method), points })));
  lineChart(byId("training-chart"), {
    series, across: looking.curve === "pseudo-labels" ? "round" : "epoch", up, title: `${looking.curve} over training`, floor: 0, whole: true,
  });
  const pair = Object.values(lines).map(([label, dash]) => label && `${dash ? "dashed" : "solid"}: ${label}`).filter(Boolean).join(", ");
  byId("training-note").textContent = [`Mean over seeds${chosen.dataset === MEAN ? " and data sets" : ""}.`, pair && `${pair}.`].filter(Boolean).join(" ");
}

function drawClasses() {
  const host = byId("classes-chart");
  const note = byId("classes-note");
  host.hidden = document.querySelector("[data-downloads=classes]").hidden = chosen.dataset === MEAN;
  note.textContent = "Choose a data set above to see its classes from the worst to the best.";
  if (host.hidden) return;
  const classes = DATA.classes[chosen.dataset] ?? [];
  const perClass = meanCurves(cellsAt(looking.rate).filter(({ method }) => visible(method)), (cell) => cell.per_class);
  const series = [...perClass].map(([method, points]) => {
    const sorted = [...points].sort((a, b) => a[1] - b[1]);
    return { name: shortName("method", method), method, faint: isFaint(method), points: sorted.map(([, value], i) => [i + 1, value]), order: sorted.map(([x]) => classes[x - 1]) };
  });
  lineChart(host, {
    series, across: "classes, worst to best", up: "accuracy of the class, %", floor: 0, ceiling: 100, whole: true, title: "Accuracy class by class",
    describe: (x) => `number ${x} of ${classes.length}`,
  });
  const worst = series.filter(({ faint }) => !faint).map(({ name, order, points }) => `${name}: ${order[0]} (${fixed(points[0][1], 0)} %)`);
  note.textContent = worst.length ? `Hardest class at ${rateName(looking.rate)} wrong labels, mean over seeds. ${worst.join(" · ")}` : "";
}
