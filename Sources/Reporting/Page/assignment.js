"use strict";

/** Orders of the tasks, and the affinity of each unit and task as a heat map. */
function showAssignment(choice) {
  const place = placeIn("assignment");
  if (!place) return;
  const { report } = choice.networks;
  const affinities = affinitiesOf(report);
  const parts = [];
  if (affinities) parts.push(heatMap(affinities, report.units));
  const orders = make("div", {});
  parts.push(orders);
  replace(place, parts);
  choice.follow(() => replace(orders, orderTable(choice)));
}

/** The level at which each task begins to use each unit. */
function orderTable(choice) {
  const { networks } = choice;
  const unitCount = networks.report.units || 0;
  if (unitCount > 32) return null;
  const units = Array.from({ length: unitCount }, (_, unit) => unit);
  const body = networks.tasks.map((task) => {
    const levels = networks.levels(task);
    return make("tr", { class: task === choice.task ? "chosen" : null },
      make("th", { scope: "row" }, shortName(task)), units.map((unit) => {
        const first = levels.find((level) => networks.networks[level].units.includes(unit));
        const level = first === undefined ? null : networks.networks[first].level;
        const isLit = task === choice.task && choice.network >= 0
          && networks.networks[choice.network].units.includes(unit);
        return make("td", { class: "number block " + (isLit ? "lit" : "dark") }, level === null ? "–" : String(level));
      }));
  });
  const caption = "The level at which each task first uses each unit";
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    make("table", { class: "blocks" }, make("caption", {}, caption),
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "task"),
        units.map((unit) => make("th", { scope: "col" }, "unit " + unit)))),
      make("tbody", {}, body)));
}

/** The affinities as a table whose cells are as bright as their numbers, each task by itself. */
function heatMap(affinities, unitCount) {
  const caption = "Affinity of unit and task (each row from its least to its greatest)";
  const units = Array.from({ length: unitCount }, (_, unit) => unit);
  const body = affinities.tasks.map((task, place) => {
    const values = affinities.values[place];
    const shares = affinityShares(values);
    return make("tr", {}, make("th", { scope: "row" }, shortName(task)), values.map((value, unit) => {
      const cell = make("td", { class: "number heat" }, short(value));
      cell.style.setProperty("--heat-share", (100 * shares[unit]).toFixed(0) + "%");
      return cell;
    }));
  });
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    make("table", { class: "blocks" }, make("caption", {}, caption),
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "task"),
        units.map((unit) => make("th", { scope: "col" }, "unit " + unit)))),
      make("tbody", {}, body)));
}
