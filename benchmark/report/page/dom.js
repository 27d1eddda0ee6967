"use strict";
// Building blocks: elements, numbers, sortable tables, the tooltip. Text always goes in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function drawing(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

const byId = (id) => document.getElementById(id);
const fixed = (value, digits = 2) => (value === null || value === undefined ? "–" : value.toFixed(digits));
const signed = (value) => (value > 0 ? "+" : "") + value.toFixed(1);
const rateName = (rate) => (rate === "measured" || rate === null ? "measured" : `${+(100 * rate).toFixed(2)}\u00a0%`);
const plural = (count, thing) => `${count} ${thing}${count === 1 ? "" : "s"}`;
const unique = (values) => [...new Set(values)];
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

function colour(method) {
  const look = DATA.looks[method];
  return !look || look.colour === "#000000" ? "var(--black)" : look.colour;
}

function dashes(method) {
  return ((DATA.looks[method] || {}).dash || []).map((length) => 2 * length).join(" ");
}

function swatch(method, dash = dashes(method)) {
  const line = drawing("line", { x1: 0, x2: 20, y1: 4, y2: 4, "stroke-width": 3, "stroke-dasharray": dash });
  line.style.stroke = colour(method);
  return drawing("svg", { class: "swatch", viewBox: "0 0 20 8", "aria-hidden": "true" }, line);
}

// columns: {title, value(row) for sorting, cell(row) -> node or text, fields(row) -> {title: value} for CSV, class}; missing
// values sort last. `table.shown` keeps what is shown, for downloads.
function sortable(table, columns, rows, { order = null, most = Infinity, row: decorate = () => ({}) } = {}) {
  const state = table.sorting && table.sorting.titles === columns.map((c) => c.title).join() ? table.sorting : { ...order };
  table.sorting = { ...state, titles: columns.map((c) => c.title).join() };
  const column = columns[state.column];
  const sorted = [...rows];
  if (column) {
    const sign = state.descending ? -1 : 1;
    sorted.sort((a, b) => {
      const [x, y] = [column.value(a), column.value(b)];
      if (x === y) return 0;
      if (x === null || x === undefined) return 1;
      if (y === null || y === undefined) return -1;
      return sign * (x < y ? -1 : 1);
    });
  }
  const heads = columns.map(({ title, class: kind }, i) => {
    const numeric = kind !== "name" && kind !== "text";
    const onclick = () => {
      table.sorting = { ...table.sorting, column: i, descending: state.column === i ? !state.descending : numeric };
      sortable(table, columns, rows, { order, most, row: decorate });
      table.querySelectorAll("thead button")[i].focus();
    };
    const direction = state.column === i ? (state.descending ? "descending" : "ascending") : null;
    return element("th", { class: kind, scope: "col", "aria-sort": direction }, element("button", { type: "button", onclick }, title));
  });
  const line = (attributes, row) => element("tr", attributes, ...columns.map(({ cell, class: kind }) => {
    const content = [cell(row)].flat();
    return element(kind === "name" ? "th" : "td", { class: kind, scope: kind === "name" ? "row" : null }, ...content);
  }));
  const body = sorted.slice(0, most).map((row) => line(decorate(row), row));
  table.shown = { columns, rows: sorted };
  table.replaceChildren(element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...body));
}

function showTip(event, title, lines) {
  const tip = byId("tip");
  tip.replaceChildren(element("b", {}, title), ...lines.map(({ method, name, text }) =>
    element("div", {}, method ? swatch(method) : null, element("span", {}, name), element("span", {}, text))));
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  const right = event.clientX + 16 + box.width > innerWidth;
  tip.style.left = `${Math.max(4, right ? event.clientX - box.width - 12 : event.clientX + 16)}px`;
  tip.style.top = `${Math.max(4, Math.min(event.clientY - box.height / 2, innerHeight - box.height - 4))}px`;
}

const hideTip = () => { byId("tip").hidden = true; };
