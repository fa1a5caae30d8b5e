internal import Tensors

/// The masks that remove elements of tensors, for each sub-network (Piggyback).
public struct TaskMasks: Sendable {
  private let tensors: [TensorPlacement]
  /// The tensors with the name of a mask, for all tasks or for some.
  private var named: [TensorName: Named] = [:]

  private struct Named {
    /// The places of these tensors, ascending.
    var places: [Int] = []
    /// The place of the tensor that all tasks share.
    var shared: Int?
    var users: [User: Int] = [:]
  }

  /// A task, or one of its levels.
  private struct User: Hashable {
    let task: TaskID
    let level: LevelNumber?
  }

  /// The masks of a partition's tensors.
  public init(_ tensors: [TensorPlacement]) {
    self.tensors = tensors
    for name in tensors.lazy.compactMap(\.mask) where named[name] == nil { named[name] = Named() }
    if named.isEmpty { return }
    for (place, tensor) in tensors.enumerated() {
      let own = tensor.spec.name
      if tensor.scope.users.isEmpty, named[own] != nil {
        named[own]?.places.append(place)
        named[own]?.shared = place
      }
      for user in tensor.scope.users {
        let name = user.alias ?? own
        guard named[name] != nil else { continue }
        if named[name]?.places.last != place { named[name]?.places.append(place) }
        let key = User(task: user.task, level: user.level)
        if named[name]?.users[key] == nil { named[name]?.users[key] = place }
      }
    }
    named = named.filter { !$0.value.places.isEmpty }
  }

  /// Whether no tensor has a mask.
  public var isEmpty: Bool { named.isEmpty }

  /// The number of pairs of a tensor and one of its masks.
  var pairCount: Int {
    isEmpty ? 0 : tensors.reduce(0) { $0 + ($1.mask.map { named[$0]?.places.count ?? 0 } ?? 0) }
  }

  /// The places of the tensors that have masks, ascending.
  public var masked: [Int] { isEmpty ? [] : tensors.indices.filter { !masks(of: $0).isEmpty } }

  /// The tensors that some network uses as the mask of the tensor at `place`, ascending.
  public func masks(of place: Int) -> [Int] {
    guard tensors.indices.contains(place), let mask = tensors[place].mask else { return [] }
    return (named[mask]?.places ?? []).filter { $0 != place }
  }

  /// The mask of the tensor at `place`; nil if the network uses all of the tensor's elements.
  public func mask(of place: Int, in network: VirtualNetwork) -> Int? {
    guard tensors.indices.contains(place), let known = tensors[place].mask.flatMap({ named[$0] }) else {
      return nil
    }
    let found =
      known.users[User(task: network.task, level: network.level)]
      ?? known.users[User(task: network.task, level: nil)] ?? known.shared
    return found == place ? nil : found
  }

  /// Checks that masks fit their tensors.
  ///
  /// Throws `PlanError.outOfRange` unless each mask is a whole tensor of U8 or BOOL with the shape of its tensor, and
  /// the tensor's dtype has a zero. Throws `.tiedApart` if tied tensors have different masks.
  func check(ties: [TensorName: TensorName], places: [TensorName: Int]) throws(PlanError) {
    let masked = masked
    if masked.isEmpty { return }
    /// The names of masks; tied masks count as one.
    func bytes(of masks: [Int]) -> Set<TensorName> {
      Set(masks.map { ties[tensors[$0].spec.name] ?? tensors[$0].spec.name })
    }
    for (name, original) in ties.sorted(by: { $0.key < $1.key }) {
      guard let first = places[name], let second = places[original] else { continue }
      if bytes(of: masks(of: first)) != bytes(of: masks(of: second)) {
        throw .tiedApart(tensor: name, original: original, what: "different masks")
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
            found: "\(mask.isWhole ? "" : "a cut tensor of ")\(mask.spec.dtype.rawValue) \(mask.spec.shape)")
        }
      }
    }
  }
}
