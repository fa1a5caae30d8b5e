"use strict";

/** The tensors: search, order, digests and statistics. */
function showTensors(inspection) {
  const place = section("tensors");
  if (!place || !inspection) return;
  const { tensors } = inspection;
  const has = (key) => tensors.some((tensor) => tensor[key] !== undefined);
  const stat = (title, key, isNumber = true) => ({
    title, isNumber, cell: (tensor) => short(tensor.stats && tensor.stats[key]),
    key: (tensor) => sortKey(tensor.stats && tensor.stats[key]),
  });
  const columns = [
    { title: "name", cell: (tensor) => shortName(tensor.name) || "(no name)", key: (tensor) => tensor.name },
    { title: "dtype", cell: (tensor) => tensor.dtype, key: (tensor) => tensor.dtype },
    { title: "shape", cell: (tensor) => "[" + tensor.shape.join(", ") + "]", key: (tensor) => elements(tensor),
      isNumber: true },
    { title: "bytes", cell: (tensor) => grouped(tensor.bytes), key: (tensor) => tensor.bytes, isNumber: true },
  ];
  if (has("stats")) {
    columns.push(stat("min", "min"), stat("max", "max"), stat("mean", "mean"), stat("std", "std"),
      { title: "zeros", isNumber: true, cell: (tensor) => grouped(tensor.stats && tensor.stats.zeros),
        key: (tensor) => tensor.stats && tensor.stats.zeros },
      { title: "NaN, Inf", isNumber: true, cell: (tensor) => notFinite(tensor, true),
        key: (tensor) => notFinite(tensor, false) },
      { title: "values", cell: (tensor) => histogram(tensor.stats, 96, 20) });
  }
  if (has("sha256")) {
    columns.push({ title: "sha256", cell: (tensor) => make("code", {}, (tensor.sha256 || "–").slice(0, 12)) });
  }
  const table = new PagedTable({
    id: "tensor", caption: "Tensors", noun: "tensors", items: tensors, columns,
    text: (tensor) => (tensor.name + " " + tensor.dtype + " " + (tensor.sha256 || "")).toLowerCase(),
    detail: tensorDetail,
  });
  const live = placeIn("tensors");
  replace(live, table.element);
  const plain = place.querySelector(".plain");
  if (plain) plain.hidden = true;
}

function elements(tensor) {
  return tensor.shape.reduce((product, extent) => product * extent, 1);
}

function sortKey(value) {
  const words = { NaN: null, Infinity, "-Infinity": -Infinity };
  if (Array.isArray(value)) return Math.hypot(...value.map(Number));
  return typeof value === "string" ? (value in words ? words[value] : Number(value)) : value;
}

function notFinite(tensor, isText) {
  const { stats } = tensor;
  if (!stats) return isText ? "–" : null;
  return isText ? (stats.nan + stats.inf === 0 ? "0" : grouped(stats.nan) + ", " + grouped(stats.inf))
    : stats.nan + stats.inf;
}

/** The bins with those between them that are empty, so that distances are true; a wide range stays as it is. */
function filled(bins) {
  const known = new Map(bins.map((bin) => [bin.exponent, bin]));
  const exponents = [...known.keys()].sort((a, b) => a - b);
  const [first, last] = [exponents[0], exponents[exponents.length - 1]];
  if (last - first > 128) return bins;
  return Array.from({ length: last - first + 1 }, (_, place) =>
    known.get(first + place) || { exponent: first + place, negative: 0, positive: 0 });
}

/**
 * The histogram of values over powers of two: negative values left, positive right, each from the middle outwards by
 * magnitude. Zeros are the middle.
 */
function histogram(stats, width, height) {
  const bins = stats && stats.histogram;
  if (!bins || bins.length === 0) return "–";
  const bars = [...filled(bins)].reverse().map((bin) => [bin.negative, "−2^" + bin.exponent])
    .concat([[stats.zeros || 0, "0"]], filled(bins).map((bin) => [bin.positive, "2^" + bin.exponent]));
  const most = Math.max(1, ...bars.map(([count]) => count));
  const step = width / bars.length;
  const middle = (bars.length - 1) / 2;
  return draw("svg", { class: "histogram", viewBox: `0 0 ${width} ${height}`, width, height, role: "img",
    "aria-label": "histogram of values by powers of two" },
  bars.map(([count, name], place) => {
    if (count === 0) return null;
    const size = Math.max(1, height * count / most);
    return draw("rect", { class: place === middle ? "zero" : null, x: (place * step).toFixed(2),
      y: (height - size).toFixed(2), width: Math.max(0.6, step - 0.4).toFixed(2), height: size.toFixed(2) },
    draw("title", {}, name + ": " + grouped(count)));
  }));
}

function tensorDetail(tensor) {
  const { stats } = tensor;
  const facts = [["Name", visible(tensor.name) || "(no name)"], ["Elements", grouped(elements(tensor))]];
  if (tensor.tied_to !== undefined) facts.push(["Same bytes as", visible(tensor.tied_to)]);
  if (tensor.sha256) facts.push(["SHA-256", make("code", {}, tensor.sha256)]);
  if (stats) {
    facts.push(["Minimum, maximum", short(stats.min) + ", " + short(stats.max)],
      ["Mean ± standard deviation", short(stats.mean) + " ± " + short(stats.std)],
      ["Zeros, NaN, Inf", [stats.zeros, stats.nan, stats.inf].map(grouped).join(", ")]);
  }
  return [
    make("dl", { class: "facts" }, facts.map(([title, value]) => [make("dt", {}, title), make("dd", {}, value)])),
    stats && stats.histogram && stats.histogram.length > 0
      ? make("figure", {}, histogram(stats, 480, 96), make("figcaption", {},
        "Values by powers of two: negative ones left, zeros in the middle, positive ones right.")) : null,
  ];
}
