internal import Tensors

/// The names of the tensors to which a plan is applied.
struct NameTable {
  let specs: [TensorSpec]
  /// The bytes of every name; patterns are tried on these, without `String`.
  let bytes: [[UInt8]]
  let places: [TensorName: Int]
  /// The first name that occurs twice; nil for none.
  let twice: TensorName?
  /// For each tied tensor, all tensors that it is tied to, including itself.
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
      // A chain of ties ends at a tensor that is not tied to another; the limit of steps ends a ring.
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

  /// The tensors that a selector matches, ascending, with the texts that its wildcards match.
  func matches(
    _ selector: NameSelector, work: inout PlanWork
  ) throws(PlanError) -> [(place: Int, captures: NamePattern.Captures)] {
    switch Self.target(selector) {
    case .name(let name): return places[name].map { [($0, NamePattern.Captures())] } ?? []
    case .match(let pattern):
      var found: [(place: Int, captures: NamePattern.Captures)] = []
      for (place, name) in bytes.enumerated() {
        if let captures = try work.match(pattern, name) { found.append((place, captures)) }
      }
      return found
    }
  }

  /// The selector; a pattern without wildcards is replaced by a name.
  fileprivate static func target(_ selector: NameSelector) -> NameSelector {
    if case .match(let pattern) = selector, pattern.isLiteral { return .name(TensorName(pattern.text)) }
    return selector
  }

  /// The error for a selector that matches no tensor.
  func matchesNothing(_ selector: NameSelector, place: String) -> PlanError {
    .matchesNothing(
      place: place, pattern: selector.text,
      nearest: nearestName(to: selector.text, among: specs.lazy.map(\.name.text)))
  }
}

/// The entry of a plan that applies to a tensor.
struct EntryMatch {
  /// The entry's index in the plan's `tensors`.
  let entry: Int
  let captures: NamePattern.Captures
}

extension Plan {
  /// For each tensor, the first entry that matches it. If none does, an entry that matches a tensor to which it is
  /// tied.
  func matchEntries(
    _ names: NameTable, work: inout PlanWork
  ) throws(PlanError) -> (matches: [EntryMatch?], notes: [PlanNote]) {
    var open = OpenNames(names)
    var notes: [PlanNote] = []
    for (index, entry) in tensors.enumerated() {
      work.place = "tensors[\(index)]"
      // A norm's counter is a scalar, and has no dimension to cut. Only an entry with its exact name selects it.
      let isCut = !entry.dimensions.isEmpty
      if try open.take(entry.selector, for: index, skippingScalars: isCut, work: &work) { continue }
      guard try open.hasTaken(entry.selector, work: &work) else {
        throw try matchesNothing(index, names, work: &work)
      }
      notes.append(.entryShadowed(place: work.place, pattern: entry.selector.text))
    }
    var matches = open.matches
    for place in names.tied.keys.sorted() where matches[place] == nil {
      guard let other = names.tied[place]?.first(where: { matches[$0] != nil }) else { continue }
      matches[place] = matches[other]
      notes.append(.followsTie(tensor: names.specs[place].name, original: names.specs[other].name))
    }
    return (matches, notes)
  }
}

extension Plan {
  /// The error for the first entry that matches no name, with the number of such entries.
  fileprivate func matchesNothing(
    _ index: Int, _ names: NameTable, work: inout PlanWork
  ) throws(PlanError) -> PlanError {
    var unmatched = 1
    for entry in tensors[(index + 1)...] where try names.matches(entry.selector, work: &work).isEmpty {
      unmatched += 1
    }
    let (selector, place) = (tensors[index].selector, "tensors[\(index)]")
    if unmatched == 1 || names.specs.isEmpty { return names.matchesNothing(selector, place: place) }
    if unmatched == tensors.count { return .matchesNoTensor(entries: unmatched) }
    return .matchesPartly(
      place: place, pattern: selector.text,
      nearest: nearestName(to: selector.text, among: names.specs.lazy.map(\.name.text)),
      unmatched: unmatched, entries: tensors.count)
  }
}

/// The names that no entry has matched yet; each entry is tried only on these.
private struct OpenNames {
  let names: NameTable
  var matches: [EntryMatch?]
  /// The places that may still be open, ascending.
  var places: [Int]

  init(_ names: NameTable) {
    self.names = names
    matches = [EntryMatch?](repeating: nil, count: names.specs.count)
    places = Array(names.specs.indices)
  }

  /// Gives an entry the open names that it matches; returns false if there are none.
  mutating func take(
    _ selector: NameSelector, for entry: Int, skippingScalars: Bool, work: inout PlanWork
  ) throws(PlanError) -> Bool {
    switch NameTable.target(selector) {
    case .name(let name):
      // The place stays in `places` until the next pattern removes it.
      guard let place = names.places[name], matches[place] == nil else { return false }
      matches[place] = EntryMatch(entry: entry, captures: NamePattern.Captures())
      return true
    case .match(let pattern):
      var rest: [Int] = []
      rest.reserveCapacity(places.count)
      var found = false
      for place in places where matches[place] == nil {
        let isSkipped = skippingScalars && names.specs[place].shape.isEmpty
        if !isSkipped, let captures = try work.match(pattern, names.bytes[place]) {
          matches[place] = EntryMatch(entry: entry, captures: captures)
          found = true
        } else {
          rest.append(place)
        }
      }
      places = rest
      return found
    }
  }

  /// Whether an entry matches a name that another entry matched before.
  func hasTaken(_ selector: NameSelector, work: inout PlanWork) throws(PlanError) -> Bool {
    switch NameTable.target(selector) {
    case .name(let name): return names.places[name] != nil
    case .match(let pattern):
      for (place, name) in names.bytes.enumerated() where matches[place] != nil {
        if try work.matches(pattern, name) { return true }
      }
      return false
    }
  }
}
