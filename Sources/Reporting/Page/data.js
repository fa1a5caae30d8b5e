"use strict";

// Text from files is hostile. It enters the page as text nodes only, and `visible` shows its hidden characters.

/** Reads an embedded document. Returns null if the page has none. */
function readDocument(id) {
  const element = document.getElementById("data-" + id);
  return element ? JSON.parse(element.textContent) : null;
}

const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Default_Ignorable_Code_Point}]/gu;

/** The text on one line: characters that are invisible or change the order of text are escaped, as in the command. */
function visible(text) {
  return String(text).replace(hidden, (character) => "\\u{" + character.codePointAt(0).toString(16) + "}");
}

/** The longest name that a table shows in full. */
const nameLimit = 120;

/** A visible name; a long one is shortened, and says so. */
function shortName(text) {
  const line = visible(text);
  if (line.length <= nameLimit) return line;
  return line.slice(0, nameLimit) + "… (" + grouped(line.length) + " characters)";
}

/** An integer with thousands separated. Integers that JavaScript cannot store exactly begin with ≈. */
function grouped(value) {
  if (typeof value !== "number") return value == null ? "–" : String(value);
  if (!Number.isInteger(value)) return short(value);
  if (!Number.isSafeInteger(value)) return "≈ " + value.toPrecision(6);
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** A number with three digits. NaN and infinities are strings in the data. */
function short(value) {
  if (value == null) return "–";
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(short).join(" + ") + "i";
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return grouped(value);
  return String(Number(value.toPrecision(3)));
}

/** A share in percent with one decimal. */
function percent(share) {
  return share == null ? "–" : (100 * share).toFixed(1) + " %";
}

/** Seconds in a unit that people read. */
function seconds(value) {
  if (value == null) return "–";
  if (value < 1e-3) return short(value * 1e6) + " µs";
  return value < 1 ? short(value * 1e3) + " ms" : short(value) + " s";
}

/** Makes an element. `children` are elements or text; attributes whose value is null or false are left out. */
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  return fill(setAttributes(element, attributes), children);
}

// The name of a language, not an address: nothing is loaded from it.
const vectorSpace = "http://www.w3.org/2000/svg";

/** Makes an element of a drawing. */
function draw(tag, attributes, ...children) {
  return fill(setAttributes(document.createElementNS(vectorSpace, tag), attributes), children);
}

function setAttributes(element, attributes) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value == null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  return element;
}

function fill(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child != null && child !== false) element.append(child);
  }
  return element;
}

/** Replaces everything inside an element. */
function replace(element, ...children) {
  element.replaceChildren();
  return fill(element, children);
}

/** Makes a table. A column is [title, isNumber]; the first cell of a row is its heading. */
function makeTable(caption, columns, rows) {
  const head = columns.map(([title, isNumber]) => make("th", { scope: "col", class: isNumber && "number" }, title));
  const body = rows.map((cells) =>
    make("tr", { class: cells.mark }, cells.map((cell, place) =>
      make(place === 0 ? "th" : "td", {
        scope: place === 0 && "row", class: columns[place][1] && "number",
      }, cell))));
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    make("table", {}, make("caption", {}, caption), make("thead", {}, make("tr", {}, head)), make("tbody", {}, body)));
}

/** The section with this id; null if this page has none. */
function section(id) {
  return document.getElementById(id);
}

/** A place for what JavaScript adds to a section, after its heading. */
function placeIn(id) {
  const parent = section(id);
  if (!parent) return null;
  const place = make("div", { class: "live" });
  const first = parent.querySelector("h2");
  first.after(place);
  return place;
}
