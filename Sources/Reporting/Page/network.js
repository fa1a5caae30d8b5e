"use strict";

/** The most units that are drawn as cells of their own. */
const cellLimit = 64;

/** The network as a stack of layers, each with its units. */
function showNetwork(choice, names) {
  const place = placeIn("network");
  if (!place) return;
  const { report } = choice.networks;
  const root = layerTree(report);
  openModules(root);
  const unitCount = report.units || 0;
  const list = make("ul", { class: "stack" });
  const rows = [];
  const context = { choice, report, names, unitCount, rows };
  const buttons = make("div", { class: "buttons" },
    make("button", { type: "button", onclick: () => setAll(root, true) }, "Unfold all"),
    make("button", { type: "button", onclick: () => setAll(root, false) }, "Fold all"));
  const setAll = (node, isOpen) => {
    for (const child of node.children) {
      // Thousands of rows are opened one module at a time.
      if (child.children.length > 0 && (!isOpen || root.count <= 2000)) child.isOpen = isOpen;
      setAll(child, isOpen);
    }
    if (node === root) redraw();
  };
  const redraw = () => {
    rows.length = 0;
    replace(list, heading(unitCount), childRows(context, root, 0));
    for (const row of rows) row();
  };
  replace(place, root.count > root.children.length ? buttons : null, legend(choice), list);
  redraw();
  unfoldOnPaper(root, redraw);
  choice.follow(() => { for (const row of rows) row(); });
}

function legend(choice) {
  const items = [["lit", "computed"]];
  if (choice.networks.networks.length > 0) items.push(["new", "added by this level"], ["dark", "not computed"]);
  items.push(["whole", "whole: in every sub-network"], ["own", "private to some sub-networks"]);
  return make("ul", { class: "legend" }, items.map(([name, title]) =>
    make("li", {}, make("span", { class: "swatch unit " + name, "aria-hidden": "true" }), title)));
}

/** The most layers that a printed page unfolds. */
const paperLimit = 400;

/** Opens every module while the page is printed. */
function unfoldOnPaper(root, redraw) {
  let folded = [];
  const visit = (node) => {
    if (node.children.length > 0 && node.label !== "" && !node.isOpen) folded.push(node);
    node.children.forEach(visit);
  };
  window.addEventListener("beforeprint", () => {
    if (root.count > paperLimit) return;
    visit(root);
    for (const node of folded) node.isOpen = true;
    if (folded.length > 0) redraw();
  });
  window.addEventListener("afterprint", () => {
    for (const node of folded) node.isOpen = false;
    if (folded.length > 0) redraw();
    folded = [];
  });
}

/** The numbers of the units above their cells. */
function heading(unitCount) {
  const units = Array.from({ length: unitCount <= 16 ? unitCount : 0 }, (_, unit) =>
    make("span", { class: "unit none" }, String(unit)));
  return make("li", { class: "row heading", "aria-hidden": "true" }, make("span", {}, "layer"),
    make("span", { class: "cells" }, units.length > 0 ? make("span", { class: "units" }, units) : null),
    make("span", {}), make("span", { class: "size" }, "elements"));
}

function childRows(context, node, depth) {
  const shown = node.children.slice(0, node.limit).map((child) => layerRow(context, child, depth));
  const rest = node.children.length - node.limit;
  if (rest > 0) {
    const more = make("button", { type: "button", class: "more" }, "Show " + grouped(Math.min(rest, childLimit))
      + " more of " + grouped(rest));
    const item = make("li", {}, more);
    more.addEventListener("click", () => {
      const from = node.limit;
      node.limit += childLimit;
      const added = node.children.slice(from, node.limit).map((child) => layerRow(context, child, depth));
      item.before(...added);
      added[0].querySelector("button").focus();
      const left = node.children.length - node.limit;
      if (left > 0) replace(more, "Show " + grouped(Math.min(left, childLimit)) + " more of " + grouped(left));
      else item.remove();
      for (const row of context.rows) row();
    });
    shown.push(item);
  }
  return shown;
}

/** A row of the stack: a button that opens the module or the layer. */
function layerRow(context, node, depth) {
  const { choice, report, unitCount, rows } = context;
  const isModule = node.children.length > 0;
  const cells = make("span", { class: "cells", "aria-hidden": "true" });
  const bands = make("span", { class: "bands", "aria-hidden": "true" });
  const number = make("span", { class: "size" });
  const spoken = make("span", { class: "hidden" });
  const label = make("span", { class: "name" }, shortName(node.label) || "(no name)",
    isModule ? make("small", {}, " " + grouped(node.count) + " layers") : null);
  label.style.paddingInlineStart = Math.min(depth, 6) + "em";
  const button = make("button", { type: "button", class: "row " + (isModule ? "module" : "layer") },
    label, " ", cells, bands, number, spoken);
  const item = make("li", {}, button);
  let inside = null;
  const open = (isOpen) => {
    button.setAttribute("aria-expanded", String(isOpen));
    if (inside) inside.remove();
    inside = null;
    if (!isOpen) return;
    if (isModule) {
      inside = make("ul", {}, childRows(context, node, depth + 1));
    } else {
      inside = make("div", { class: "inside" });
      const drawn = inside;
      rows.push(() => { if (drawn.isConnected) showLayer(context, node.layer, drawn); });
    }
    item.append(inside);
    if (!isModule) showLayer(context, node.layer, inside);
  };
  rows.push(() => {
    if (!item.isConnected) return;
    const network = choice.task === null ? -1 : choice.network;
    const stored = node.elements(report, -1);
    const used = choice.task !== null && network < 0 ? 0 : node.elements(report, network);
    drawCells(cells, bands, context, node, used);
    const text = choice.task === null ? grouped(stored) : grouped(used) + " of " + grouped(stored);
    replace(number, text);
    replace(spoken, " elements" + unitWords(choice, node, unitCount));
  });
  button.addEventListener("click", () => {
    node.isOpen = !node.isOpen;
    open(node.isOpen);
    for (const row of rows) row();
  });
  open(node.isOpen);
  return item;
}

function unitWords(choice, node, unitCount) {
  const states = unitStates(choice, node, unitCount);
  const lit = states.flatMap((state, unit) => (state === "lit" || state === "new" ? [unit] : []));
  if (states.every((state) => state === null)) return "";
  return lit.length > 0 ? ", units " + lit.join(", ") + " computed" : ", no unit computed";
}

/** Draws the units of a row; light depends on the affinity of unit and task, if there is one. */
function drawCells(place, bands, context, node, used) {
  const { choice, report, unitCount } = context;
  const states = unitStates(choice, node, unitCount);
  const kinds = [...node.kinds.values()].map(({ kind }) => report.kinds[kind]);
  const drawn = [];
  const others = [];
  if (states.some((state) => state !== null)) {
    if (unitCount <= cellLimit) {
      const light = affinityLight(report, choice.task);
      const units = states.map((state, unit) => {
        const cell = make("span", { class: "unit " + (state || "none"), title: state && "unit " + unit });
        if ((state === "lit" || state === "new") && light) cell.style.opacity = String(light[unit]);
        return cell;
      });
      drawn.push(make("span", { class: "units" + (unitCount > 16 ? " many" : "") }, units));
    } else {
      const lit = states.filter((state) => state === "lit" || state === "new").length;
      drawn.push(make("span", { class: "band lit" }, grouped(lit) + " of " + grouped(unitCount) + " units"));
    }
  }
  if (kinds.some((kind) => kind.whole > 0)) {
    others.push(make("span", { class: "band whole " + (used > 0 ? "on" : "off") }, "whole"));
  }
  if (kinds.some((kind) => kind.private > 0)) {
    const isOn = choice.task === null || used > 0;
    others.push(make("span", { class: "band own " + (isOn ? "on" : "off") }, "private"));
  }
  replace(place, drawn);
  replace(bands, others);
}

/** The brightness of each unit for a task, 0.4 to 1; null without affinities. */
function affinityLight(report, task) {
  const affinities = affinitiesOf(report);
  if (!affinities || task === null) return null;
  const values = affinities.values[affinities.tasks.indexOf(task)];
  if (!values) return null;
  return affinityShares(values).map((share) => 0.4 + 0.6 * share);
}
