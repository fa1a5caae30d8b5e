"use strict";

/** The most units whose blocks are a table with numbers. */
const gridLimit = 16;

/** The inside of a layer: its blocks with numbers, and its tensors. */
function showLayer(context, layer, place) {
  const { choice, report, names } = context;
  const kind = report.kinds[layer.kind];
  const rows = layer.rows || [];
  const columns = layer.columns || [];
  const network = choice.task === null ? -1 : choice.network;
  const used = network < 0 ? (choice.task === null ? kind.stored : 0) : kind.networks[network];
  const parts = [make("p", {}, "Elements computed: ", make("b", {}, grouped(used)), " of " + grouped(kind.stored)
    + (kind.stored > 0 ? " (" + percent(used / kind.stored) + ")" : "") + ".", sums(kind))];
  if (kind.grid && kind.units.length <= gridLimit) parts.push(blockTable(choice, kind, layer));
  else if (kind.units && kind.units.length <= gridLimit) parts.push(unitTable(choice, kind, layer));
  else if (kind.units) {
    parts.push(make("p", { class: "quiet" }, "The " + grouped(kind.units.length) + " units have "
      + grouped(kind.units.length ** 2) + " blocks, too many for a table; the sums above are exact."));
  }
  if (rows.length > 1 || columns.length > 1) {
    parts.push(make("p", { class: "quiet" }, "Cut on several axes: " + [...rows, ...columns].map(visible).join(", ")
      + ". The lit blocks are those of the first ones."));
  }
  const list = make("ul", { class: "tensors-of" });
  for (const tensor of layer.tensors.slice(0, 40)) {
    const item = names(tensor);
    list.append(make("li", {}, item ? shortName(item.name) + " " : "tensor " + tensor,
      item ? make("small", {}, item.dtype + " [" + item.shape.join(", ") + "]") : null));
  }
  parts.push(list);
  if (layer.tensors.length > 40) {
    parts.push(make("p", { class: "quiet" }, "And " + grouped(layer.tensors.length - 40) + " more; see Tensors."));
  }
  replace(place, parts);
}

function sums(kind) {
  const inside = (kind.units || []).reduce((sum, value) => sum + value, 0);
  const items = [
    ["inside units", inside], ["between units", kind.interconnection], ["whole", kind.whole],
    ["private", kind.private], ["unused", kind.free],
  ].filter(([, value]) => value > 0);
  return make("span", { class: "quiet" }, " Stored: " + (items.map(([title, value]) =>
    title + " " + grouped(value)).join(", ") || "no elements") + ".");
}

function blockClass(isActive, isNew, isInside) {
  return "number block " + (isActive ? (isNew ? "new " : "lit ") : "dark ") + (isInside ? "diagonal" : "between");
}

/** The k × k blocks: rows are units of the first cut dimension, columns of the second. */
function blockTable(choice, kind, layer) {
  const [row] = layer.rows || [];
  const [column] = layer.columns || [];
  const units = kind.units.map((_, unit) => unit);
  const head = units.map((unit) => make("th", { scope: "col" }, "in " + unit));
  const body = units.map((i) => make("tr", {}, make("th", { scope: "row" }, "out " + i), units.map((j) => {
    const isActive = choice.isActive(i, row) && choice.isActive(j, column);
    const wasActive = choice.below >= 0 && choice.isActive(i, row, choice.below)
      && choice.isActive(j, column, choice.below);
    const state = isActive ? "computed" : "not computed";
    return make("td", { class: blockClass(isActive, isActive && choice.below >= 0 && !wasActive, i === j) },
      grouped(kind.grid[i][j]), make("span", { class: "hidden" }, ", " + state));
  })));
  const caption = "Blocks: rows are units of " + axisName(row, "the outputs") + ", columns of "
    + axisName(column, "the inputs");
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    make("table", { class: "blocks" }, make("caption", {}, caption),
      make("thead", {}, make("tr", {}, make("td", {}), head)), make("tbody", {}, body)));
}

/** The units of a layer that is cut on one dimension only. */
function unitTable(choice, kind, layer) {
  const [row] = layer.rows || [];
  const caption = "Elements of each unit of " + axisName(row, "the layer") + "; the other dimensions are not cut";
  const cells = kind.units.map((value, unit) => {
    const isActive = choice.isActive(unit, row);
    const isNew = isActive && choice.below >= 0 && !choice.isActive(unit, row, choice.below);
    return make("td", { class: blockClass(isActive, isNew, true) }, grouped(value),
      make("span", { class: "hidden" }, isActive ? ", computed" : ", not computed"));
  });
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    make("table", { class: "blocks" }, make("caption", {}, caption),
      make("thead", {}, make("tr", {}, kind.units.map((_, unit) => make("th", { scope: "col" }, "unit " + unit)))),
      make("tbody", {}, make("tr", {}, cells))));
}

function axisName(axis, otherwise) {
  return axis === undefined ? otherwise : "axis " + shortName(axis);
}
