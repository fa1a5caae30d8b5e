public import Tensors
public import UnitModel

/// The tensors of a file with their roles, and the sub-networks that use them: all that can be counted.
public struct Inventory: Sendable {
  /// k, the number of units; nil for a file that is not cut.
  public let unitCount: Int?
  /// The tasks; empty if the file has none.
  public let tasks: [TaskAssignment]
  /// Every tensor, in the order of the file.
  public let tensors: [TensorSpec]
  /// The role of each tensor.
  public let roles: [ClassifiedRole]

  /// The tasks' networks, task by task, level by level.
  let networks: [VirtualNetwork]
  /// The tensors that share each tensor's bytes, itself first. The list of a tensor that is tied to another one is
  /// empty.
  let names: [[Int]]
  /// The group of each tensor.
  let groups: [Group]
  let groupOfTensor: [Int]
  /// The elements of each tensor for one position of its outline: the product of the extents that are not cut.
  let outside: [Int]
  /// The axes on which some task has its own order or levels.
  let ownAxes: [AxisName]
  /// The placement of each tensor; empty for a flat file, whose tensors are whole and common.
  let placements: [TensorPlacement]
  /// The number of elements that are not zero, for each tensor and each of its blocks in storage order, or owners; nil
  /// until they are counted.
  private(set) var nonZero: [[Int]]?
  /// The tensors that are masks of others, for each sub-network.
  let masks: TaskMasks
  /// Counts the elements that masks keep; nil if there is no counter.
  private(set) var countKept: MaskCount?

  /// How elements are packed in each tensor with several elements in one container, by the tensor's place.
  public private(set) var packings: [Int: Packing]
  /// The tensor that holds the shape of each packed tensor, by the place of the packed tensor.
  public let declaredShapes: [Int: TensorName]
  /// The number of scales of each packed tensor whose bits and groups come from config.json, by the tensor's place.
  let groupScales: [Int: Int]
  /// The number of experts that a token is sent to; nil if unknown.
  public var expertsPerToken: Int?
  /// The numbers of experts in a layer that the model's configuration gives; empty if it gives none.
  public var declaredExperts: Set<Int> = []

  /// Tensors with the same outline and users.
  struct Group {
    let outline: Outline
    let isPrivate: Bool
    /// Disjoint ranges of indices of `networks`: those that may use the group.
    let networks: [Range<Int>]
  }

  /// The tensors of a flat file: everything stored is common.
  ///
  /// `ties` gives the original of each tied tensor, `uses` the use of each tensor in a graph.
  public init(
    flat specs: [TensorSpec], ties: [TensorName: TensorName] = [:], uses: [TensorName: OperatorUse] = [:]
  ) {
    unitCount = nil
    tasks = []
    networks = []
    tensors = specs
    let packed = PackedWeights(specs, uses: uses)
    (packings, declaredShapes, groupScales) = (packed.packings, packed.declarations, packed.groupScales)
    roles = RoleClassifier.roles(of: specs, uses: uses, packed: packed)
    names = Inventory.names(of: specs, ties: ties)
    groups = [Group(outline: Outline(dimensions: [], units: []), isPrivate: false, networks: [])]
    groupOfTensor = [Int](repeating: 0, count: specs.count)
    outside = specs.map(\.elementCount)
    ownAxes = []
    placements = []
    masks = TaskMasks([])
  }

  /// The tensors of a unit checkpoint, or those that a plan describes; `uses` gives the use of each tensor in a graph.
  public init(_ partition: Partition, _ assignment: Assignment, uses: [TensorName: OperatorUse] = [:]) {
    unitCount = partition.unitCount
    tasks = assignment.tasks
    networks = assignment.networks
    placements = partition.tensors
    masks = TaskMasks(partition.tensors)
    tensors = partition.tensors.map(\.spec)
    let packed = PackedWeights(tensors, uses: uses)
    (packings, declaredShapes, groupScales) = (packed.packings, packed.declarations, packed.groupScales)
    var roles = zip(
      partition.tensors, RoleClassifier.roles(of: tensors, uses: uses, packed: packed)
    ).map { tensor, found in
      tensor.named(found)
    }
    for (place, reason) in partition.masks(masks) {
      roles[place] = ClassifiedRole(.mask, reason, part: roles[place].part)
    }
    self.roles = roles
    names = Inventory.names(of: tensors, ties: partition.ties)
    var grouping = Grouping(assignment)
    var places: [Int] = []
    var steps: [Int] = []
    places.reserveCapacity(tensors.count)
    steps.reserveCapacity(tensors.count)
    for tensor in partition.tensors {
      places.append(grouping.group(of: tensor))
      var outside = tensor.spec.elementCount
      // A cut dimension of a tensor with elements has positions.
      for dimension in tensor.cutDimensions where outside > 0 {
        outside /= tensor.cuts[dimension]?.size ?? 1
      }
      steps.append(outside)
    }
    groups = grouping.groups
    ownAxes = grouping.ownAxes
    groupOfTensor = places
    outside = steps
  }

  /// The tensors with cut and scope, in the order of `tensors`; empty for a flat file.
  public var placed: [TensorPlacement] { placements }

  /// Stores the shape of a packed tensor, read from another tensor of its module.
  public mutating func declare(shape: [Int], of place: Int) {
    guard declaredShapes[place] != nil else { return }
    declare(Packing(declared: shape, in: tensors[place]), of: place)
  }

  /// Stores the packing of a tensor.
  mutating func declare(_ packing: Packing, of place: Int) { packings[place] = packing }

  /// Tensors whose packing is unknown, in the order of the file.
  public var unknownPackings: [(name: TensorName, reason: String)] {
    packings.filter { $0.value.logical == nil }.sorted { $0.key < $1.key }.map {
      (tensors[$0.key].name, $0.value.reason)
    }
  }

  /// Stores the numbers of elements that are not zero: for each tensor, one for each block in storage order; for
  /// elements with owners, the free ones first, then each unit's.
  public mutating func keep(nonZero: [[Int]]) { self.nonZero = nonZero }

  /// Counts the elements of a tensor that masks keep together, or those of them that are not zero; tensor and masks are
  /// given by place, the masks ascending.
  public typealias MaskCount =
    @Sendable (_ tensor: Int, _ masks: [Int], _ ofNonZero: Bool) throws(AccountingError) -> Int

  /// Stores the counter of elements that masks keep, for policies that need it.
  public mutating func countMasks(by count: @escaping MaskCount) { countKept = count }

  /// Whether the values and the number of experts that a policy needs are known.
  public func isReady(for policy: CountingPolicy) -> Bool {
    if policy.experts == .active, expertsPerToken == nil { return false }
    return hasValues(for: policy)
  }

  func hasValues(for policy: CountingPolicy) -> Bool {
    switch policy.density {
    case .dense: true
    case .nonZero: nonZero != nil && (masks.isEmpty || countKept != nil)
    case .masked: !placements.isEmpty && (masks.isEmpty || countKept != nil)
    }
  }

  private static func names(of specs: [TensorSpec], ties: [TensorName: TensorName]) -> [[Int]] {
    var names = specs.indices.map { [$0] }
    if ties.isEmpty { return names }
    var places: [TensorName: Int] = [:]
    for (index, spec) in specs.enumerated() { places[spec.name] = index }
    for (index, spec) in specs.enumerated() {
      guard let original = ties[spec.name].flatMap({ places[$0] }), original != index,
        ties[specs[original].name] == nil
      else { continue }
      names[original].append(index)
      names[index] = []
    }
    return names
  }
}

extension Partition {
  /// The places of owner maps and masks, whatever their names, with the reason from the plan.
  fileprivate func masks(_ masks: TaskMasks) -> [Int: String] {
    var reasons: [Int: String] = [:]
    func bytes(of name: TensorName) -> TensorName { ties[name] ?? name }
    var owned: [TensorName: TensorName] = [:]
    for tensor in tensors.reversed() {
      if let owners = tensor.owners { owned[bytes(of: owners.map)] = tensor.spec.name }
    }
    for (place, tensor) in tensors.enumerated() {
      guard let name = owned[bytes(of: tensor.spec.name)] else { continue }
      reasons[place] = "the plan's owner map of \(name.quoted)"
    }
    for place in masks.masked {
      for mask in masks.masks(of: place) where reasons[mask] == nil {
        reasons[mask] = "the plan's mask of \(tensors[place].spec.name.quoted)"
      }
    }
    return reasons
  }
}

/// Finds tensors that are cut alike, and examines each cut and each scope once.
private struct Grouping {
  private(set) var groups: [Inventory.Group] = []
  /// The axes on which some task has its own order or levels, and the number of each.
  let ownAxes: [AxisName]
  private let own: [AxisName: Int]
  private let networkCount: Int
  /// The networks of each task, by level from 1.
  private let networksOfTask: [TaskID: Range<Int>]
  private var dimensionOfPlacement: [DimensionPlacement: Int] = [:]
  private var dimensions: [Outline.Dimension] = []
  private var placeOfDimension: [Outline.Dimension: Int] = [:]
  private var known: [Key: Int] = [:]

  private struct Key: Hashable {
    let dimensions: [Int]
    let units: [UnitID]
    let users: [TensorScope.User]
  }

  init(_ assignment: Assignment) {
    var own: [AxisName: Int] = [:]
    var ownAxes: [AxisName] = []
    for axis in assignment.tasks.lazy.flatMap(\.axes) where own[axis.axis] == nil {
      own[axis.axis] = ownAxes.count
      ownAxes.append(axis.axis)
    }
    self.own = own
    self.ownAxes = ownAxes
    var networksOfTask: [TaskID: Range<Int>] = [:]
    var count = 0
    for task in assignment.tasks {
      networksOfTask[task.task] = count..<(count + task.levels.count)
      count += task.levels.count
    }
    self.networksOfTask = networksOfTask
    networkCount = count
  }

  mutating func group(of tensor: TensorPlacement) -> Int {
    let users = tensor.scope.users.map { TensorScope.User(task: $0.task, level: $0.level) }
    let places =
      tensor.spec.elementCount == 0
      ? [] : tensor.cutDimensions.map { dimension(tensor.dimensions[$0], tensor.cuts[$0]) }
    let key = Key(dimensions: places, units: tensor.units, users: users)
    if let group = known[key] { return group }
    groups.append(
      Inventory.Group(
        outline: Outline(dimensions: places.map { dimensions[$0] }, units: tensor.units),
        isPrivate: tensor.scope.isPrivate, networks: networks(users)))
    known[key] = groups.count - 1
    return groups.count - 1
  }

  private mutating func dimension(_ placement: DimensionPlacement, _ cut: DimensionCut?) -> Int {
    if let place = dimensionOfPlacement[placement] { return place }
    let dimension = cut.map { Outline.dimension($0, own: own) } ?? Outline.Dimension(common: 1, parts: [])
    let place = placeOfDimension[dimension] ?? dimensions.count
    if place == dimensions.count {
      dimensions.append(dimension)
      placeOfDimension[dimension] = place
    }
    dimensionOfPlacement[placement] = place
    return place
  }

  private func networks(_ users: [TensorScope.User]) -> [Range<Int>] {
    if users.isEmpty { return [0..<networkCount] }
    var whole: Set<TaskID> = []
    var ranges: Set<Range<Int>> = []
    for user in users where user.level == nil {
      guard let range = networksOfTask[user.task], !range.isEmpty else { continue }
      whole.insert(user.task)
      ranges.insert(range)
    }
    for user in users where !whole.contains(user.task) {
      guard let range = networksOfTask[user.task], let level = user.level,
        level.value >= 1, level.value <= range.count
      else { continue }
      ranges.insert((range.lowerBound + level.value - 1)..<(range.lowerBound + level.value))
    }
    return ranges.sorted { $0.lowerBound < $1.lowerBound }
  }
}

extension TensorPlacement {
  /// The role, with the part that the name in the graph shows, if the tensor's own name shows none.
  fileprivate func named(_ found: ClassifiedRole) -> ClassifiedRole {
    guard found.part == .body, let alias = scope.users.lazy.compactMap(\.alias).first,
      let (part, component) = PartClassifier.part(of: NameComponents(alias))
    else { return found }
    return ClassifiedRole(
      found.role, "\(found.reason); \(part.rawValue): its name in the plan is '\(component)'", part: part,
      foldsAway: found.foldsAway)
  }
}
