"use strict";

// The layers of a report, as a tree of modules.

/** The most rows that are open at the start; deeper modules are folded. */
const openRows = 24;
/** The most children of a module that are shown at once. */
const childLimit = 100;

/** A module or a layer of the network. */
class LayerNode {
  constructor(label) {
    this.label = label;
    this.children = [];
    this.layer = null;
    this.isOpen = false;
    this.limit = childLimit;
    /** The kinds of the module's layers: {kind, axis, count}, by a key. */
    this.kinds = new Map();
    this.count = 0;
  }

  /** The elements of a network in the module; everything stored for -1. */
  elements(report, network) {
    let sum = 0;
    for (const { kind, count } of this.kinds.values()) {
      const { stored, networks } = report.kinds[kind];
      sum += count * (network < 0 ? stored : networks[network]);
    }
    return sum;
  }
}

/** The tree of all layers. A module with a single child is joined with it. */
function layerTree(report) {
  const root = new LayerNode("");
  // The axis of a layer matters only if a task has an order of its own on some axis.
  const hasOwnAxes = report.networks.some((network) => network.axes);
  for (const layer of report.layers) {
    let node = root;
    const all = layer.name.split(/(?<=[./])/);
    // A tree is walked by recursion, so a hostile name must not be deep.
    const parts = all.length > 64 ? [...all.slice(0, 63), all.slice(63).join("")] : all;
    for (const part of parts) {
      node.places = node.places || new Map();
      const label = part.replace(/[./]$/, "");
      let next = node.places.get(label);
      if (!next) {
        next = new LayerNode(label);
        node.places.set(label, next);
        node.children.push(next);
      }
      node = next;
    }
    if (node.layer) {
      const twin = new LayerNode(node.label);
      twin.layer = layer;
      root.children.push(twin);
    } else {
      node.layer = layer;
    }
  }
  if (report.order === "file") sortNumbered(root);
  finish(root, hasOwnAxes);
  return root;
}

/** Sorts blocks that only have numbers: many files are in the order of names, with 10 before 2. */
function sortNumbered(node) {
  if (node.children.every((child) => /^\d{1,9}$/.test(child.label))) {
    node.children.sort((a, b) => Number(a.label) - Number(b.label));
  }
  node.children.forEach(sortNumbered);
}

function finish(node, hasOwnAxes) {
  if (node.layer && node.children.length > 0) {
    const own = new LayerNode("(itself)");
    own.layer = node.layer;
    node.children.unshift(own);
    node.layer = null;
  }
  for (const child of node.children) finish(child, hasOwnAxes);
  while (node.children.length === 1 && !node.layer && node.label !== "") {
    const [only] = node.children;
    node.label += only.label === "(itself)" ? "" : "." + only.label;
    node.layer = only.layer;
    node.children = only.children;
  }
  if (node.layer) {
    const { kind, rows } = node.layer;
    const axis = hasOwnAxes && rows ? rows[0] : undefined;
    node.kinds.set(kind + " " + (axis ?? ""), { kind, axis, count: 1 });
    node.count = 1;
  }
  for (const child of node.children) {
    node.count += child.count;
    for (const [key, { kind, axis, count }] of child.kinds) {
      const known = node.kinds.get(key);
      node.kinds.set(key, { kind, axis, count: count + (known ? known.count : 0) });
    }
  }
}

/**
 * Opens modules level by level, as long as the rows do not become too many. The modules of a level are opened together
 * or not at all, so that equal blocks look alike.
 */
function openModules(root) {
  let rows = root.children.length;
  let level = root.children;
  if (rows === 1 && level[0].children.length > openRows) {
    level[0].limit = openRows;
    level[0].isOpen = true;
    return;
  }
  while (level.length > 0) {
    const added = level.reduce((sum, node) => sum + node.children.length, 0);
    if (added === 0 || rows + added > openRows) return;
    for (const node of level) node.isOpen = node.children.length > 0;
    rows += added;
    level = level.flatMap((node) => node.children);
  }
}

/** The state of each unit in a node: "lit", "new" (this level adds it), "dark", or null if it has no channels there. */
function unitStates(choice, node, unitCount) {
  const { report } = choice.networks;
  const states = new Array(unitCount).fill(null);
  for (const { kind, axis } of node.kinds.values()) {
    const { units } = report.kinds[kind];
    if (!units) continue;
    for (let unit = 0; unit < unitCount; unit += 1) {
      if (units[unit] === 0) continue;
      const isActive = choice.isActive(unit, axis);
      const isNew = isActive && choice.below >= 0 && !choice.isActive(unit, axis, choice.below);
      if (isActive) states[unit] = isNew ? "new" : "lit";
      else if (states[unit] === null) states[unit] = "dark";
    }
  }
  return states;
}
