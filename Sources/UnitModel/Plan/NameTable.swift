internal import Tensors

/// The names of the tensors that a plan is applied to.
struct NameTable {
  let specs: [TensorSpec]
  /// Every name's bytes, so that patterns are tried without going through String.
  let bytes: [[UInt8]]
  let places: [TensorName: Int]
  /// A name that came twice.
  let twice: TensorName?
  /// For each tensor the others it is tied to, itself included; empty for most.
  let tied: [Int: [Int]]

  init(specs: [TensorSpec], ties: [TensorName: TensorName]) {
    self.specs = specs
    bytes = specs.map { Array($0.name.text.utf8) }
    var places: [TensorName: Int] = [:]
    places.reserveCapacity(specs.count)
    var twice: TensorName?
    for (index, spec) in specs.enumerated() where places.updateValue(index, forKey: spec.name) != nil {
      twice = twice ?? spec.name
    }
    self.places = places
    self.twice = twice
    var groups: [TensorName: Set<Int>] = [:]
    for name in ties.keys {
      // A chain of ties ends at the tensor that is tied to nothing; a ring has as many steps as it has names.
      var root = name
      var steps = 0
      while let next = ties[root], steps < ties.count {
        root = next
        steps += 1
      }
      for place in [places[name], places[root]].compactMap({ $0 }) { groups[root, default: []].insert(place) }
    }
    var tied: [Int: [Int]] = [:]
    for group in groups.values {
      let members = group.sorted()
      for member in members { tied[member] = members }
    }
    self.tied = tied
  }

  /// The tensors that a selector means, ascending, with what its wildcards took.
  func matches(_ selector: NameSelector) -> [(place: Int, captures: NamePattern.Captures)] {
    let literal: TensorName
    switch selector {
    case .name(let name): literal = name
    case .match(let pattern):
      if !pattern.isLiteral {
        return bytes.enumerated().compactMap { place, name in
          pattern.match(name[...]).map { (place, $0) }
        }
      }
      literal = TensorName(pattern.text)
    }
    return places[literal].map { [($0, NamePattern.Captures())] } ?? []
  }

  /// The error for a selector that means no tensor.
  func matchesNothing(_ selector: NameSelector, place: String) -> PlanError {
    .matchesNothing(
      place: place, pattern: selector.text,
      nearest: nearestName(to: selector.text, among: specs.lazy.map(\.name.text)))
  }
}

/// The entry of a plan that counts for a tensor.
struct EntryMatch {
  /// The index of the entry among the plan's.
  let entry: Int
  let captures: NamePattern.Captures
}

extension Plan {
  /// For each tensor the first entry that matches it, or one that matches a tensor it is tied to.
  func matchEntries(_ names: NameTable) throws(PlanError) -> (matches: [EntryMatch?], notes: [PlanNote]) {
    var matches = [EntryMatch?](repeating: nil, count: names.specs.count)
    var notes: [PlanNote] = []
    for (index, entry) in tensors.enumerated() {
      let found = names.matches(entry.selector)
      if found.isEmpty { throw names.matchesNothing(entry.selector, place: "tensors[\(index)]") }
      var taken = false
      for (place, captures) in found where matches[place] == nil {
        matches[place] = EntryMatch(entry: index, captures: captures)
        taken = true
      }
      if !taken { notes.append(.entryShadowed(place: "tensors[\(index)]", pattern: entry.selector.text)) }
    }
    for place in names.tied.keys.sorted() where matches[place] == nil {
      guard let other = names.tied[place]?.first(where: { matches[$0] != nil }) else { continue }
      matches[place] = matches[other]
      notes.append(.followsTie(tensor: names.specs[place].name, original: names.specs[other].name))
    }
    return (matches, notes)
  }
}
