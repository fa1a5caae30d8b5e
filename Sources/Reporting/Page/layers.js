"use strict";

// The layers of a report, as a tree of modules.

/** The most rows that are open at the start; deeper modules are folded. */
const openRows = 32;
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
    /** How many layers of each kind are in the module. */
    this.kinds = new Map();
    this.count = 0;
  }

  /** The elements of a network in the module; everything stored for -1. */
  elements(report, network) {
    let sum = 0;
    for (const [kind, count] of this.kinds) {
      const { stored, networks } = report.kinds[kind];
      sum += count * (network < 0 ? stored : networks[network]);
    }
    return sum;
  }
}

/** The tree of all layers. A module with a single child is joined with it. */
function layerTree(report) {
  const root = new LayerNode("");
  for (const layer of report.layers) {
    let node = root;
    const parts = layer.name.split(/(?<=[./])/);
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
  finish(root);
  return root;
}

function finish(node) {
  if (node.layer && node.children.length > 0) {
    const own = new LayerNode("(itself)");
    own.layer = node.layer;
    node.children.unshift(own);
    node.layer = null;
  }
  for (const child of node.children) finish(child);
  while (node.children.length === 1 && !node.layer && node.label !== "") {
    const [only] = node.children;
    node.label += only.label === "(itself)" ? "" : "." + only.label;
    node.layer = only.layer;
    node.children = only.children;
  }
  if (node.layer) {
    node.kinds.set(node.layer.kind, 1);
    node.count = 1;
  }
  for (const child of node.children) {
    node.count += child.count;
    for (const [kind, count] of child.kinds) node.kinds.set(kind, (node.kinds.get(kind) || 0) + count);
  }
}

/** Opens modules, the upper ones first, as long as the rows do not become too many. */
function openModules(root) {
  let rows = root.children.length;
  let level = [...root.children];
  while (level.length > 0) {
    const next = [];
    for (const node of level) {
      if (node.children.length === 0 || rows + node.children.length > openRows) continue;
      node.isOpen = true;
      rows += node.children.length;
      next.push(...node.children);
    }
    level = next;
  }
}

/** The state of each unit in a node: "lit", "new" (this level adds it), "dark", or null if it has no channels there. */
function unitStates(choice, node, unitCount) {
  const { report } = choice.networks;
  const states = new Array(unitCount).fill(null);
  for (const kind of node.kinds.keys()) {
    const { units, rows } = report.kinds[kind];
    if (!units) continue;
    for (let unit = 0; unit < unitCount; unit += 1) {
      if (units[unit] === 0) continue;
      const isActive = choice.isActive(unit, rows[0]);
      const isNew = isActive && choice.below >= 0 && !choice.isActive(unit, rows[0], choice.below);
      if (isActive) states[unit] = isNew ? "new" : "lit";
      else if (states[unit] === null) states[unit] = "dark";
    }
  }
  return states;
}
