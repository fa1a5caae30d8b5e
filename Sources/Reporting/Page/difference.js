"use strict";

/** The tensors that differ between two files. */
function showDifference(difference) {
  const place = section("difference");
  if (!place || !difference) return;
  const items = difference.missing.map((name) => ({ name, what: "only in A" }))
    .concat(difference.extra.map((name) => ({ name, what: "only in B" })), difference.changed);
  // The table without JavaScript has up to 500 rows, and the dtypes and shapes of tensors that one side lacks.
  if (items.length <= 500) return;
  const columns = [
    { title: "name", cell: (item) => shortName(item.name) || "(no name)", key: (item) => item.name },
    { title: "difference", cell: (item) => item.what, key: (item) => item.what },
    { title: "A", cell: (item) => side(item.a) },
    { title: "B", cell: (item) => side(item.b) },
    { title: "elements", isNumber: true, cell: (item) => grouped(item.elements), key: (item) => item.elements },
    { title: "max |a−b|", isNumber: true, cell: (item) => short(item.max_abs), key: (item) => sortKey(item.max_abs) },
    { title: "max ULP", isNumber: true, cell: (item) => grouped(item.max_ulp), key: (item) => item.max_ulp },
    { title: "first at", cell: (item) => (item.first ? "[" + item.first.join(", ") + "]" : "–") },
  ];
  const table = new PagedTable({
    id: "difference", caption: "Tensors that differ", noun: "differences", items, columns,
    text: (item) => (item.name + " " + item.what).toLowerCase(), detail: null,
  });
  replace(placeIn("difference"), table.element);
  const plain = place.querySelector(".plain");
  if (plain) plain.hidden = true;
}

function side(value) {
  if (value === undefined) return "–";
  return Array.isArray(value) ? "[" + value.join(", ") + "]" : visible(value);
}
