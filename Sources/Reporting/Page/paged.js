"use strict";

/** The rows of a page of a long table. Pages, not endless scrolling: keyboards and screen readers reach every row. */
const pageRows = 50;

/**
 * A long table with a search field, an order and pages.
 *
 * A column has a title, `cell(item)`, and optionally `key(item)` to sort by, `isNumber` and `isName`. `detail(item)`
 * makes what a row opens.
 */
class PagedTable {
  constructor({ id, caption, noun, items, columns, text, detail }) {
    Object.assign(this, { id, caption, noun, items, columns, text, detail });
    this.found = items;
    this.page = 0;
    this.order = null;
    this.status = make("p", { class: "quiet", "aria-live": "polite", id: id + "-status" });
    this.body = make("tbody", {});
    const search = make("input", { type: "search", id: id + "-search", autocomplete: "off", spellcheck: "false" });
    search.addEventListener("input", () => this.search(search.value));
    this.back = make("button", { type: "button", onclick: () => this.turn(-1) }, "Previous");
    this.next = make("button", { type: "button", onclick: () => this.turn(1) }, "Next");
    this.heads = columns.map((column) => this.head(column));
    const table = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
      make("table", { class: "paged" }, make("caption", { class: "hidden" }, caption),
        make("thead", {}, make("tr", {}, this.heads)), this.body));
    this.element = make("div", { class: "pages" },
      make("div", { class: "fields" }, make("div", { class: "field wide" },
        make("label", { for: id + "-search" }, "Search " + noun), search)),
      this.status, table, make("div", { class: "buttons" }, this.back, this.next));
    this.show();
  }

  head(column) {
    const kind = column.isNumber && "number";
    if (!column.key) return make("th", { scope: "col", class: kind }, column.title);
    const button = make("button", { type: "button", onclick: () => this.sort(column) }, column.title);
    return make("th", { scope: "col", class: kind, "aria-sort": "none" }, button);
  }

  search(text) {
    const words = text.toLowerCase().split(/\s+/).filter((word) => word !== "");
    const items = words.length === 0 ? this.items
      : this.items.filter((item) => { const own = this.text(item); return words.every((word) => own.includes(word)); });
    this.found = items;
    this.page = 0;
    this.arrange();
  }

  sort(column) {
    const isAgain = this.order && this.order.column === column;
    // Numbers begin with the largest, names with the first letter.
    this.order = { column, isDown: isAgain ? !this.order.isDown : Boolean(column.isNumber) };
    this.page = 0;
    this.heads.forEach((head, place) => {
      if (this.columns[place].key) {
        head.setAttribute("aria-sort", this.columns[place] !== column ? "none"
          : this.order.isDown ? "descending" : "ascending");
      }
    });
    this.arrange();
  }

  arrange() {
    if (this.order) {
      const { column, isDown } = this.order;
      const keyed = this.found.map((item, place) => ({ item, place, key: column.key(item) }));
      const rank = (key) => (key === null || key === undefined || Number.isNaN(key) ? 1 : 0);
      keyed.sort((a, b) => rank(a.key) - rank(b.key)
        || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0) * (isDown ? -1 : 1) || a.place - b.place);
      this.found = keyed.map(({ item }) => item);
    }
    this.show();
  }

  turn(step) {
    this.page += step;
    this.show();
    if (this.back.disabled) this.next.focus();
    if (this.next.disabled) this.back.focus();
  }

  show() {
    const pages = Math.max(1, Math.ceil(this.found.length / pageRows));
    const from = this.page * pageRows;
    const items = this.found.slice(from, from + pageRows);
    replace(this.body, items.map((item) => this.rows(item)));
    this.back.disabled = this.page === 0;
    this.next.disabled = this.page >= pages - 1;
    const counted = grouped(this.found.length) + " of " + grouped(this.items.length) + " " + this.noun;
    replace(this.status, items.length === 0 ? "No " + this.noun + " found."
      : counted + (pages > 1 ? ", rows " + grouped(from + 1) + "–" + grouped(from + items.length) : ""));
  }

  rows(item) {
    const cells = this.columns.map((column, place) => {
      const content = column.cell(item);
      if (place > 0) return make("td", { class: column.isNumber && "number" }, content);
      if (!this.detail) return make("th", { scope: "row" }, content);
      const button = make("button", { type: "button", "aria-expanded": "false", class: "opener" }, content);
      button.addEventListener("click", () => this.open(item, row, button));
      return make("th", { scope: "row" }, button);
    });
    const row = make("tr", {}, cells);
    return row;
  }

  open(item, row, button) {
    const isOpen = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!isOpen));
    if (isOpen) row.nextElementSibling.remove();
    else row.after(make("tr", { class: "detail" }, make("td", { colspan: this.columns.length }, this.detail(item))));
  }
}
