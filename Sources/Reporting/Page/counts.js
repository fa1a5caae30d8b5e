"use strict";

/** The numbers of the chosen sub-network. */
function showNumbers(choice) {
  const place = section("numbers");
  if (!place) return;
  place.hidden = false;
  const { networks } = choice;
  const sentence = make("p", { class: "sentence", id: "answer", "aria-live": "polite" });
  const cards = make("dl", { class: "cards" });
  const bar = make("div", { class: "shares" });
  const adding = make("div", { class: "adding" });
  replace(place, make("h2", { class: "hidden" }, "Numbers"), sentence, cards, bar, adding);
  choice.follow(() => {
    const row = choice.row;
    if (!row) {
      const least = networks.levels(choice.task)[0];
      const lowest = networks.cost(choice.policy, least, choice.budget.isBytes);
      const unit = choice.budget.isBytes ? "bytes" : "parameters";
      replace(sentence, "No level of " + shortName(choice.task) + " fits " + grouped(choice.budget.limit) + " " + unit
        + ": level 1 needs " + grouped(lowest) + ".");
      replace(cards);
      replace(bar);
      return;
    }
    replace(sentence, answer(choice, row));
    const work = networks.workOf(choice.network);
    const accuracy = networks.accuracyOf(choice.network);
    replace(cards,
      card("parameters", "Parameters", grouped(row.parameters)),
      card("density", "Of everything stored", percent(row.density)),
      card("bytes", "Bytes", grouped(row.bytes)),
      card("excluded", "Left out by the policy", grouped(row.excluded)),
      work && card("work", "Multiply-adds", grouped(work.multiply_adds)),
      work && card("activations", "Peak of activations, bytes", grouped(work.peak_activation_bytes)),
      work && work.latency_seconds && card("latency", "Latency, median", seconds(work.latency_seconds.median)),
      accuracy && card("accuracy", accuracy.n > 1 ? "Accuracy, N = " + accuracy.n : "Accuracy",
        [percent2(accuracy.mean), accuracy.low == null ? null : make("small", {}, " " + intervalText(accuracy))]));
    replace(bar, shares(row));
  });
  if (networks.report.together && networks.networks.length > 1) showAdding(choice, adding);
}

function card(id, title, value) {
  return make("div", {}, make("dt", {}, title), make("dd", { id: "value-" + id }, value));
}

function accuracyText(accuracy) {
  const text = percent2(accuracy.mean);
  return accuracy.low == null ? text : text + " (" + intervalText(accuracy) + ")";
}

function intervalText(accuracy) {
  return (100 * accuracy.low).toFixed(2) + "–" + percent2(accuracy.high) + ", " + accuracy.interval;
}

function percent2(share) {
  return (100 * share).toFixed(2) + " %";
}

/** The choice and its result in one sentence, for eyes and for screen readers. */
function answer(choice, row) {
  const policy = visible(choice.networks.policies[choice.policy].id);
  const size = grouped(row.parameters) + " parameters under " + policy;
  if (choice.task === null) return "Everything stored: " + size + ".";
  const units = row.units.length === 1 ? "unit " + row.units[0] : "units " + row.units.join(", ");
  const budget = choice.budget
    ? ", the highest level within " + grouped(choice.budget.limit) + (choice.budget.isBytes ? " bytes" : "") : "";
  return choice.networks.name(choice.network) + budget + ": " + units + ", " + size + ".";
}

const classes = [
  ["intra", "Inside units"], ["interconnection", "Between units"], ["common", "Common"], ["private", "Private"],
];

/** The parts of the number, as a bar and as a list. */
function shares(row) {
  const total = Math.max(1, row.parameters);
  const parts = classes.filter(([key]) => row[key] > 0);
  return [
    make("div", { class: "bar", "aria-hidden": "true" }, parts.map(([key]) => {
      const part = make("span", { class: key });
      part.style.flexGrow = String(row[key] / total);
      return part;
    })),
    make("ul", { class: "legend" }, parts.map(([key, title]) =>
      make("li", {}, make("span", { class: "swatch " + key, "aria-hidden": "true" }),
        title + " ", make("b", { id: "value-" + key }, grouped(row[key]))))),
  ];
}

/** What the chosen sub-network costs if another one is already loaded. */
function showAdding(choice, place) {
  const { networks } = choice;
  const options = ["nothing", ...networks.networks.map((_, index) => networks.name(index))];
  const beside = menu("loaded", "Already loaded", options, (index) => choice.change({ loaded: index - 1 }));
  const text = make("p", { id: "added", "aria-live": "polite" });
  replace(place, beside.field, text);
  choice.follow(() => {
    beside.input.selectedIndex = choice.loaded + 1;
    const row = choice.row;
    if (!row) return replace(text);
    const cost = (network) => networks.together(choice.policy, choice.network, network)
      - networks.together(choice.policy, network, network);
    if (choice.loaded >= 0) {
      const added = cost(choice.loaded);
      const alone = networks.together(choice.policy, choice.network, choice.network);
      return replace(text, networks.name(choice.network) + " adds ", make("b", {}, grouped(added)),
        " parameters to " + networks.name(choice.loaded) + "; it shares " + grouped(alone - added) + " with it.");
    }
    if (choice.below < 0) {
      return replace(text, make("span", { class: "hint" },
        "Choose a sub-network that is already loaded to see what this one adds to it."));
    }
    return replace(text, networks.name(choice.network) + " adds ", make("b", {}, grouped(cost(choice.below))),
      " parameters to level " + networks.networks[choice.below].level + ".");
  });
}

/** The same sub-network under each policy, with the smallest number marked. */
function showPolicies(choice) {
  const place = placeIn("policies");
  if (!place) return;
  const { networks } = choice;
  choice.follow(() => {
    const network = choice.task !== null && choice.network < 0 ? null : choice.network;
    if (network === null) return replace(place);
    const rows = networks.policies.map((policy, index) => ({ policy, index, row: networks.row(index, network) }));
    const least = Math.min(...rows.map(({ row }) => row.parameters));
    const most = Math.max(...rows.map(({ row }) => row.parameters));
    const subject = choice.task === null ? "everything stored" : networks.name(network);
    const under = (number) => grouped(number) + ", under "
      + rows.filter(({ row }) => row.parameters === number).map(({ policy }) => visible(policy.id)).join(", ");
    const table = makeTable("The policies for " + subject,
      [["policy", false], ["parameters", true], ["", false], ["density", true], ["bytes", true], ["left out", true],
        ["of which", false]],
      rows.map(({ policy, index, row }) => {
        const cells = [
          make("span", {}, visible(policy.id), row.parameters === least ? make("em", {}, " smallest") : null),
          grouped(row.parameters), meter(row.parameters / Math.max(1, most)), percent(row.density), grouped(row.bytes),
          grouped(row.excluded), leftOutRoles(row),
        ];
        cells.mark = index === choice.policy ? "chosen" : null;
        return cells;
      }));
    table.id = "policy-table";
    const verdict = least === most ? "Every policy counts " + grouped(least) + " parameters for " + subject + "."
      : "The smallest number is " + under(least) + ". The largest is " + under(most) + ".";
    return replace(place, make("p", { id: "smallest" }, verdict), table);
  });
}

function meter(share) {
  const bar = make("span", { class: "meter", "aria-hidden": "true" }, make("span", {}));
  bar.firstChild.style.width = (100 * share).toFixed(1) + "%";
  return bar;
}

function leftOutRoles(row) {
  const roles = Object.entries(row.roles).filter(([, role]) => role.excluded > 0);
  return roles.map(([name, role]) => name + " " + grouped(role.excluded)).join(", ") || "nothing";
}
