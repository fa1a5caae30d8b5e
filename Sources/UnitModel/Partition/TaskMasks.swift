internal import Tensors

/// Which mask takes elements from a tensor, for each virtual network (Piggyback).
public struct TaskMasks: Sendable {
  private let tensors: [TensorPlacement]
  /// The places of the tensors that some network knows by the name of a mask.
  private var named: [TensorName: [Int]] = [:]

  /// The masks of a partition's tensors.
  public init(_ tensors: [TensorPlacement]) {
    self.tensors = tensors
    let names = Set(tensors.compactMap(\.mask))
    if names.isEmpty { return }
    for (place, tensor) in tensors.enumerated() {
      let own = Set([tensor.spec.name] + tensor.scope.users.compactMap(\.alias))
      for name in own where names.contains(name) { named[name, default: []].append(place) }
    }
  }

  /// Whether no tensor has a mask.
  public var isEmpty: Bool { named.isEmpty }

  /// Pairs of a tensor and one of its masks, which is what everything here takes time for.
  var pairCount: Int {
    isEmpty ? 0 : tensors.reduce(0) { $0 + ($1.mask.map { named[$0]?.count ?? 0 } ?? 0) }
  }

  /// The places of the tensors that have masks, ascending.
  public var masked: [Int] { isEmpty ? [] : tensors.indices.filter { !masks(of: $0).isEmpty } }

  /// The tensors that are the mask of the tensor at a place for some network, ascending.
  public func masks(of place: Int) -> [Int] {
    guard tensors.indices.contains(place), let mask = tensors[place].mask else { return [] }
    return (named[mask] ?? []).filter { $0 != place }
  }

  /// The mask of the tensor at a place; nil where the network has the tensor whole.
  public func mask(of place: Int, in network: VirtualNetwork) -> Int? {
    masks(of: place).first { candidate in
      let tensor = tensors[candidate]
      guard network.sees(tensor) else { return false }
      let user = tensor.scope.user(task: network.task, level: network.level)
      return (user?.alias ?? tensor.spec.name) == tensors[place].mask
    }
  }

  /// Checks that masks can be laid on their tensors.
  ///
  /// Throws `PlanError.outOfRange`: a mask is a whole tensor of U8 or BOOL in the shape of its tensor, and what it is laid on
  /// has a zero to put in; `.tiedApart` where tied tensors have other masks.
  func check(ties: [TensorName: TensorName], places: [TensorName: Int]) throws(PlanError) {
    let masked = masked
    if masked.isEmpty { return }
    for (name, original) in ties.sorted(by: { $0.key < $1.key }) {
      guard let first = places[name], let second = places[original] else { continue }
      if masks(of: first) != masks(of: second) {
        throw .tiedApart(tensor: name, original: original, what: "other masks")
      }
    }
    for place in masked {
      let spec = tensors[place].spec
      guard spec.dtype.bytes != nil, spec.dtype != .f8E8M0 else {
        throw .outOfRange(
          place: "tensor \(spec.name.quoted)",
          expected: "a dtype of whole bytes that has a zero, for a tensor with masks",
          found: spec.dtype.rawValue)
      }
      for number in masks(of: place) {
        let mask = tensors[number]
        guard [.u8, .bool].contains(mask.spec.dtype), mask.spec.shape == spec.shape, mask.isWhole else {
          throw .outOfRange(
            place: "tensor \(spec.name.quoted): its mask \(mask.spec.name.quoted)",
            expected: "a whole tensor of U8 or BOOL \(spec.shape)",
            found: "\(mask.isWhole ? "" : "a cut one of ")\(mask.spec.dtype.rawValue) \(mask.spec.shape)")
        }
      }
    }
  }
}
