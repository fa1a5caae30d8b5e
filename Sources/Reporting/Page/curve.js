"use strict";

// Colours that people with colour blindness can distinguish, and a mark for each, so that colour is never alone.
const marks = ["circle", "square", "diamond", "triangle", "cross", "ring"];

/** All tasks in one drawing: accuracy over parameters or, without accuracies, parameters over levels. */
function showCurve(choice) {
  const place = placeIn("curve");
  if (!place) return;
  const { networks } = choice;
  const hasAccuracy = networks.accuracies.size > 0;
  const figure = make("figure", {});
  replace(place, figure);
  choice.follow(() => {
    const points = networks.networks.map((network, index) => ({
      index, task: network.task, level: network.level, size: networks.row(choice.policy, index).parameters,
      accuracy: networks.accuracyOf(index),
    })).filter((point) => !hasAccuracy || point.accuracy);
    const policy = visible(networks.policies[choice.policy].id);
    const title = (hasAccuracy ? "Accuracy over parameters (" : "Parameters of each level (") + policy + ")";
    replace(figure, plot(choice, points, hasAccuracy, title), make("figcaption", {}, title, taskLegend(choice)));
  });
}

function taskLegend(choice) {
  return make("ul", { class: "legend" }, choice.networks.tasks.slice(0, 12).map((task, place) =>
    make("li", { class: task === choice.task ? "chosen" : null },
      draw("svg", { class: "swatch", viewBox: "-8 -8 16 16", "aria-hidden": "true" }, mark(0, 0, place)),
      shortName(task))));
}

function mark(x, y, place) {
  const shape = marks[place % marks.length];
  const attributes = { class: "series-" + (place % 6), transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` };
  if (shape === "circle") return draw("circle", { ...attributes, r: 5 });
  if (shape === "ring") return draw("circle", { ...attributes, r: 4.5, class: attributes.class + " open" });
  const paths = {
    square: "M-4.5-4.5h9v9h-9z", diamond: "M0-6L6 0 0 6-6 0z", triangle: "M0-6L6 5H-6z",
    cross: "M-5-3l2-2 3 3 3-3 2 2-3 3 3 3-2 2-3-3-3 3-2-2 3-3z",
  };
  return draw("path", { ...attributes, d: paths[shape] });
}

/** A round number at or above a value, for the end of an axis. */
function roundEnd(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((step) => step * power).find((end) => end >= value) ?? value;
}

function sizeText(value) {
  for (const [limit, letter] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (value >= limit) return Number((value / limit).toPrecision(3)) + letter;
  }
  return String(value);
}

function plot(choice, points, hasAccuracy, title) {
  const [width, height, left, right, top, bottom] = [640, 300, 66, 24, 12, 40];
  const sizes = points.map((point) => point.size);
  const mostSize = roundEnd(Math.max(1, ...sizes));
  const levels = Math.max(1, ...points.map((point) => point.level));
  const lows = points.map((point) => (hasAccuracy ? point.accuracy.low ?? point.accuracy.mean : point.size));
  const highs = points.map((point) => (hasAccuracy ? point.accuracy.high ?? point.accuracy.mean : point.size));
  const low = hasAccuracy ? Math.floor(100 * Math.min(...lows)) / 100 : 0;
  const high = hasAccuracy ? Math.min(1, Math.ceil(100 * Math.max(...highs) + 0.01) / 100) : mostSize;
  const x = (point) => left + (width - left - right)
    * (hasAccuracy ? point.size / mostSize : levels === 1 ? 0.5 : (point.level - 1) / (levels - 1) * 0.94 + 0.03);
  const y = (value) => top + (height - top - bottom) * (1 - (value - low) / Math.max(1e-9, high - low));
  const value = (point) => (hasAccuracy ? point.accuracy.mean : point.size);
  const parts = [];
  for (let step = 0; step <= 4; step += 1) {
    const at = low + (high - low) * step / 4;
    parts.push(draw("path", { class: "gridline", d: `M${left} ${y(at).toFixed(1)}H${width - right}` }));
    parts.push(draw("text", { x: left - 8, y: (y(at) + 4).toFixed(1), "text-anchor": "end" },
      hasAccuracy ? (100 * at).toFixed(1) + " %" : sizeText(Math.round(at))));
  }
  const ticks = hasAccuracy ? [0, 0.25, 0.5, 0.75, 1].map((share) => [share * mostSize, { size: share * mostSize }])
    : Array.from({ length: Math.min(levels, 12) }, (_, place) => {
      const level = levels <= 12 ? place + 1 : Math.round(1 + (levels - 1) * place / 11);
      return [level, { level }];
    });
  for (const [text, point] of ticks) {
    parts.push(draw("text", { x: x(point).toFixed(1), y: height - bottom + 18, "text-anchor": "middle" },
      hasAccuracy ? sizeText(Math.round(text)) : String(text)));
  }
  parts.push(draw("text", { x: (left + width - right) / 2, y: height - 4, "text-anchor": "middle" },
    hasAccuracy ? "parameters" : "level"));
  choice.networks.tasks.forEach((task, place) => {
    const own = points.filter((point) => point.task === task);
    const line = own.map((point) => x(point).toFixed(1) + "," + y(value(point)).toFixed(1)).join(" ");
    const isChosen = task === choice.task;
    parts.push(draw("polyline", { class: `line series-${place % 6}${isChosen ? " chosen" : ""}`, points: line }));
    for (const point of own) {
      if (hasAccuracy && point.accuracy.low != null) {
        parts.push(draw("path", {
          class: "whisker series-" + (place % 6),
          d: `M${x(point).toFixed(1)} ${y(point.accuracy.low).toFixed(1)}V${y(point.accuracy.high).toFixed(1)}`,
        }));
      }
      const drawn = mark(x(point), y(value(point)), place);
      drawn.append(draw("title", {}, choice.networks.name(point.index) + ": " + grouped(point.size) + " parameters"
        + (hasAccuracy ? ", " + accuracyText(point.accuracy) : "")));
      if (point.index === choice.network) {
        parts.push(draw("circle", { class: "halo", cx: x(point).toFixed(1), cy: y(value(point)).toFixed(1), r: 10 }));
      }
      parts.push(drawn);
    }
  });
  return draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title, class: "plot" }, parts);
}
