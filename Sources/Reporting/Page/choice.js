"use strict";

// The choice that the controls make: task, level or budget, policy, and the networks that are already loaded.

/** The networks of the file with their rows under each policy. */
class Networks {
  constructor(report, count) {
    this.report = report;
    this.policies = count.policies;
    this.networks = report.networks;
    this.tasks = [...new Set(this.networks.map((network) => network.task))];
    this.work = new Map();
    for (const row of (count.work && count.work.rows) || []) {
      this.work.set(row.task === null ? "" : row.task + "\n" + row.level, row);
    }
    this.accuracies = new Map();
    for (const item of report.accuracy || []) this.accuracies.set(item.task + "\n" + item.level, item);
  }

  /** The row of a network under a policy; the row of everything stored for -1. */
  row(policy, network) {
    const rows = this.policies[policy].rows;
    return network < 0 ? rows[rows.length - 1] : rows[network];
  }

  /** The numbers of a task's networks, by level. */
  levels(task) {
    const places = [];
    this.networks.forEach((network, place) => { if (network.task === task) places.push(place); });
    return places;
  }

  /** What a network costs in the unit of a budget. */
  cost(policy, network, isBytes) {
    const row = this.row(policy, network);
    return isBytes ? row.bytes : row.parameters;
  }

  /** The highest level of a task that fits a budget; -1 if none fits. */
  fitting(task, policy, budget) {
    let found = -1;
    for (const place of this.levels(task)) {
      if (this.cost(policy, place, budget.isBytes) <= budget.limit) found = place;
    }
    return found;
  }

  workOf(network) {
    const { task, level } = network < 0 ? { task: "", level: "" } : this.networks[network];
    return this.work.get(network < 0 ? "" : task + "\n" + level) || null;
  }

  accuracyOf(network) {
    if (network < 0) return null;
    const { task, level } = this.networks[network];
    return this.accuracies.get(task + "\n" + level) || null;
  }

  /** The parameters that two networks need together; null if the page has no such numbers. */
  together(policy, a, b) {
    const table = (this.report.together || []).find((item) => item.policy === this.policies[policy].id);
    return table ? table.parameters[Math.max(a, b)][Math.min(a, b)] : null;
  }

  name(network) {
    const { task, level, level_name: name } = this.networks[network];
    return visible(task) + ", level " + level + (name ? " (" + visible(name) + ")" : "");
  }
}

/** The current choice. Everything that shows it subscribes with `follow`. */
class Choice {
  constructor(networks) {
    this.networks = networks;
    this.followers = [];
    this.task = networks.tasks[0] ?? null;
    this.policy = 0;
    this.budget = null;
    this.loaded = -1;
    // The first level, so that lit and dark units are both there at the start.
    this.network = this.task === null ? -1 : networks.levels(this.task)[0] ?? -1;
  }

  follow(follower) {
    this.followers.push(follower);
    follower();
  }

  change(changes) {
    const level = this.network < 0 ? 1 : this.networks.networks[this.network].level;
    Object.assign(this, changes);
    if (this.budget) {
      this.network = this.networks.fitting(this.task, this.policy, this.budget);
    } else if ("task" in changes || this.network < 0) {
      const places = this.networks.levels(this.task);
      this.network = places[Math.min(level, places.length) - 1] ?? -1;
    }
    for (const follower of this.followers) follower();
  }

  /** The row under the current policy; null if no level fits the budget. */
  get row() {
    if (this.task !== null && this.network < 0) return null;
    return this.networks.row(this.policy, this.network);
  }

  /** The stored row under the current policy. */
  get stored() { return this.networks.row(this.policy, -1); }

  /** The level below, which the units that this level adds are compared with; -1 for the first level. */
  get below() {
    const places = this.task === null ? [] : this.networks.levels(this.task);
    return places[places.indexOf(this.network) - 1] ?? -1;
  }

  /** Whether a unit is computed on an axis by a network. */
  isActive(unit, axis, network = this.network) {
    if (this.task === null) return true;
    if (network < 0) return false;
    const { units, axes } = this.networks.networks[network];
    return (axes && Object.hasOwn(axes, axis) ? axes[axis] : units).includes(unit);
  }
}

/** The affinities of a report; null if there are none, or if they do not have a row for each task. */
function affinitiesOf(report) {
  const { affinities } = report.assignment || {};
  if (!affinities || !Array.isArray(affinities.tasks) || !Array.isArray(affinities.values)) return null;
  const { tasks, values } = affinities;
  const isTable = values.length === tasks.length && values.length > 0
    && values.every((row) => Array.isArray(row) && row.length === report.units);
  return isTable ? { tasks, values } : null;
}

/** Affinities as numbers from 0, the least, to 1, the greatest; all 1 if they are equal. */
function affinityShares(values) {
  const words = { Infinity, "-Infinity": -Infinity };
  const numbers = values.map((value) => (typeof value === "number" ? value : words[value] ?? 0));
  const finite = numbers.filter(Number.isFinite);
  // Without such a unit, the network cannot run: it lies above all others.
  const top = Math.max(1, ...finite.map(Math.abs)) * 2;
  const shown = numbers.map((value) => Math.max(-top, Math.min(top, value)) / top);
  const least = Math.min(...shown);
  const most = Math.max(...shown);
  return shown.map((value) => (most > least ? (value - least) / (most - least) : 1));
}

/** Parses a budget: 35,000, 1.9M or 64MB. Returns null for other texts. */
function parseBudget(text) {
  const found = /^([\d,]*\.?\d+)\s*(k|M|G|T)?(i?B)?$/i.exec(text.trim());
  if (!found) return null;
  const isBytes = Boolean(found[3]);
  const power = found[2] ? "kmgt".indexOf(found[2].toLowerCase()) + 1 : 0;
  const step = found[3] && found[3].length === 2 ? 1024 : 1000;
  const limit = Number(found[1].replaceAll(",", "")) * step ** power;
  return Number.isFinite(limit) ? { limit: Math.floor(limit + 1e-6), isBytes } : null;
}
