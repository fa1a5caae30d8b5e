internal import Tensors
internal import UnitModel

/// The part of its channels that a sub-network keeps of a group.
struct KeptShare: Equatable {
  let kept: Int
  let of: Int
  /// The channels that are kept, if the document gives the positions of each channel in the group's first tensor.
  let channels: Int?
  var isOne: Bool { kept == of }

  static func == (a: KeptShare, b: KeptShare) -> Bool {
    a.kept.multipliedFullWidth(by: b.of) == b.kept.multipliedFullWidth(by: a.of)
  }

  /// The same part of a number; nil if it is not whole.
  func applied(to number: Int) -> Int? {
    let (product, overflow) = number.multipliedReportingOverflow(by: kept)
    return overflow || product % of != 0 ? nil : product / of
  }
}

/// The part that a sub-network keeps in one layer.
struct LayerShare {
  /// The axis of the layer.
  let axis: String
  /// The number of the layer in the whole model; nil if names have none.
  let layer: Int?
  /// A tensor of the layer.
  let tensor: TensorName
  /// The end of the tensor's name in the architecture's document.
  let suffix: String
  let scale: KeptShare

  /// Whether one number of config.json gives the widths of both layers: of the same tensor they keep as much, of
  /// different ones the same part.
  func agrees(with other: LayerShare) -> Bool {
    suffix == other.suffix ? scale.kept == other.scale.kept : scale == other.scale
  }
}

/// Compares the shapes of a model with those of its sub-network, and records the differences that config.json can
/// express.
struct LayerExtents {
  private let whole: [TensorName: [Int]]
  private let part: [TensorName: [Int]]
  private let specs: [TensorSpec]
  /// The dimensions that an axis of the architecture gives; only for tensors of a group.
  private var explained: [TensorName: Set<Int>] = [:]
  /// The missing tensors whose number the architecture counts.
  private var counted: Set<TensorName> = []

  init(_ whole: [TensorSpec], _ part: [TensorSpec]) throws(PlanningError) {
    specs = whole
    self.whole = Dictionary(whole.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
    self.part = Dictionary(part.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
    for spec in part where self.whole[spec.name] == nil {
      throw .notLoadable("tensor \(spec.name.quoted) is not one of the whole model")
    }
  }

  var isUnchanged: Bool { specs.allSatisfy { part[$0.name] == $0.shape } }

  func has(_ name: TensorName) -> Bool { part[name] != nil }

  /// Whether the sub-network lacks a tensor for a reason that is known.
  func isExplained(_ name: TensorName) -> Bool { counted.contains(name) }

  mutating func explain(_ numbers: NumberedTensors) { counted.formUnion(numbers.missing) }

  /// The part that the tensors of a group keep, layer by layer; empty if the sub-network has no such tensor.
  mutating func scales(
    of group: Architecture.Group, under prefix: String, _ names: TensorNames
  ) throws(PlanningError) -> [LayerShare] {
    var scales: [LayerShare] = []
    var places: [String: Int] = [:]
    for (suffix, text) in group.tensors {
      guard let pattern = NamePattern(prefix + suffix) else { continue }
      let items = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      for spec in names.all(prefix + suffix) {
        guard let old = whole[spec.name], let new = part[spec.name], old.count == items.count,
          new.count == old.count
        else { continue }
        let captures = pattern.match(spec.name.text)?.components ?? []
        let axis = group.axis(captures)
        for (place, item) in items.enumerated() where item != "-" {
          explained[spec.name, default: []].insert(place)
          let found = KeptShare(
            kept: new[place], of: old[place], channels: Self.channels(item, new[place]))
          guard let known = places[axis] else {
            places[axis] = scales.count
            scales.append(
              LayerShare(
                axis: axis, layer: captures.first.flatMap { Int($0) }, tensor: spec.name, suffix: suffix,
                scale: found))
            continue
          }
          let other = scales[known].scale
          guard other == found else {
            throw .notLoadable(
              "config.json gives one width for all tensors of a layer, but \(spec.name.quoted) keeps \(new[place]) of "
                + "\(old[place]), and others \(other.kept) of \(other.of)")
          }
        }
      }
    }
    return scales
  }

  /// Throws for a difference that no key of config.json describes.
  func requireExplained() throws(PlanningError) {
    for spec in specs {
      guard let new = part[spec.name] else {
        if counted.contains(spec.name) { continue }
        throw .notLoadable("no key of config.json says that tensor \(spec.name.quoted) is missing")
      }
      if new == spec.shape { continue }
      guard let known = explained[spec.name], new.count == spec.shape.count else {
        throw .notLoadable("no key of config.json gives the new shape of tensor \(spec.name.quoted)")
      }
      if let place = new.indices.first(where: { new[$0] != spec.shape[$0] && !known.contains($0) }) {
        throw .notLoadable("no key of config.json gives dimension \(place) of tensor \(spec.name.quoted)")
      }
    }
  }

  private static func channels(_ item: String, _ extent: Int) -> Int? {
    guard case .axis(let use)? = try? CutOption.dimensions(item, of: item).first else { return nil }
    return extent / (use.inner * use.outer)
  }
}

extension Architecture.Group {
  /// The axis of the layer whose number a name has.
  func axis(_ captures: [String]) -> String {
    var name = axis
    for capture in captures { name = name.replacing("{}", with: capture, maxReplacements: 1) }
    return name
  }
}
