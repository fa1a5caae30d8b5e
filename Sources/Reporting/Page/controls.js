"use strict";

/** The menus, the slider and the level buttons. */
function showControls(choice) {
  const place = section("controls");
  if (!place) return;
  place.hidden = false;
  const { networks } = choice;
  const items = [];
  if (choice.task !== null) {
    const tasks = menu("task", "Task", networks.tasks.map((task) => shortName(task)), (index) =>
      choice.change({ task: networks.tasks[index] }));
    choice.follow(() => { tasks.input.selectedIndex = networks.tasks.indexOf(choice.task); });
    items.push(tasks.field, levelButtons(choice), ...budgetFields(choice));
  }
  const policies = menu("policy", "Counted under", networks.policies.map((policy) => visible(policy.id)), (index) =>
    choice.change({ policy: index }));
  choice.follow(() => { policies.input.selectedIndex = choice.policy; });
  items.push(policies.field);
  replace(place, make("h2", { class: "hidden" }, "Choose"), make("div", { class: "fields" }, items));
}

function menu(id, label, options, change) {
  const input = make("select", { id, onchange: () => change(input.selectedIndex) },
    options.map((option) => make("option", {}, option)));
  return { input, field: make("div", { class: "field" }, make("label", { for: id }, label), input) };
}

/** The most levels that have a button each; a task with more has the slider and the budget. */
const levelButtonLimit = 12;

function levelButtons(choice) {
  const group = make("div", { class: "segments", role: "group", "aria-label": "Level" });
  let shown = null;
  choice.follow(() => {
    const places = choice.networks.levels(choice.task);
    if (shown !== choice.task) {
      shown = choice.task;
      replace(group, places.slice(0, levelButtonLimit).map((place) =>
        make("button", { type: "button", onclick: () => choice.change({ network: place, budget: null }) },
          String(choice.networks.networks[place].level))));
    }
    [...group.children].forEach((button, index) =>
      button.setAttribute("aria-pressed", String(places[index] === choice.network)));
  });
  return make("div", { class: "field" }, make("span", { class: "label", "aria-hidden": "true" }, "Level"), group);
}

/** The slider, which snaps to levels, and the field for an exact budget. */
function budgetFields(choice) {
  const { networks } = choice;
  const slider = make("input", { type: "range", id: "budget", min: 0, step: 1, list: "levels" });
  const ticks = make("datalist", { id: "levels" });
  const exact = make("input", {
    type: "text", id: "exact", autocomplete: "off", spellcheck: "false", size: 10, "aria-describedby": "exact-help",
  });
  const cost = (place) => networks.cost(choice.policy, place, false);
  // Dragging selects the highest level that fits; letting go moves the handle to it.
  const drag = () => choice.change({ budget: { limit: Number(slider.value), isBytes: false } });
  slider.addEventListener("input", drag);
  slider.addEventListener("change", snap);
  // A step of one parameter would be useless with arrow keys, so they go from level to level.
  slider.addEventListener("keydown", (event) => {
    const places = networks.levels(choice.task);
    const now = places.indexOf(choice.network);
    const steps = { ArrowRight: 1, ArrowUp: 1, PageUp: 1, ArrowLeft: -1, ArrowDown: -1, PageDown: -1 };
    const next = event.key === "Home" ? 0 : event.key === "End" ? places.length - 1
      : event.key in steps ? Math.min(places.length - 1, Math.max(0, now + steps[event.key])) : null;
    if (next === null) return;
    event.preventDefault();
    choice.change({ network: places[next], budget: null });
  });
  const apply = () => {
    const text = exact.value.trim();
    const budget = text === "" ? null : parseBudget(text);
    exact.setAttribute("aria-invalid", String(text !== "" && budget === null));
    if (text === "" || budget) choice.change({ budget });
  };
  exact.addEventListener("change", apply);
  exact.addEventListener("input", apply);
  function snap() {
    if (choice.network >= 0) slider.value = String(cost(choice.network));
  }
  choice.follow(() => {
    const places = networks.levels(choice.task);
    slider.max = String(Math.max(1, ...places.map(cost)));
    replace(ticks, places.map((place) => make("option", { value: cost(place) })));
    if (document.activeElement !== slider || !choice.budget) {
      slider.value = String(choice.network >= 0 ? cost(choice.network) : 0);
    }
    if (choice.network >= 0) {
      slider.setAttribute("aria-valuetext",
        grouped(cost(choice.network)) + " parameters, level " + networks.networks[choice.network].level);
    } else {
      slider.setAttribute("aria-valuetext", "no level fits");
    }
    if (document.activeElement !== exact) {
      exact.value = choice.budget ? grouped(choice.budget.limit) + (choice.budget.isBytes ? "B" : "") : "";
    }
  });
  return [
    make("div", { class: "field wide" }, make("label", { for: "budget" }, "Budget in parameters"), slider, ticks),
    make("div", { class: "field" }, make("label", { for: "exact" }, "Exact budget"), exact,
      make("small", { id: "exact-help" }, "35,000 · 1.9M · 64MB")),
  ];
}

/** The button that changes between light and dark. */
function showTheme() {
  const place = document.getElementById("theme-place");
  const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme || (prefersDark.matches ? "dark" : "light")) === "dark";
  const button = make("button", { type: "button", id: "theme" });
  const label = () => { replace(button, isDark() ? "Light" : "Dark"); };
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    label();
  });
  prefersDark.addEventListener("change", label);
  label();
  replace(place, button);
}
