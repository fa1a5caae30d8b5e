internal import Tensors

/// Searches for half cuts. It visits every module once, in the order of `ModuleTable`, so the time is linear in the
/// number of tensors.
struct HalfCutSearch {
  /// The placement proposed for a dimension that has the same channels as a cut one.
  struct Candidate {
    let placement: DimensionPlacement
    let extent: Int
    /// The cut dimension that shows this.
    let cause: TensorSite
  }

  let partition: Partition
  private let moduleAxes: Set<AxisName>
  let modules: [ModuleEntry]
  let isSorted: Bool
  /// The dimensions to cut, with the placements proposed for them, in the order in which they were found.
  private(set) var found: [TensorSite: Candidate] = [:]
  private(set) var order: [(site: TensorSite, module: Int)] = []
  /// Dimensions with another defect than being left whole.
  var singles: [SingleHalfCut] = []
  let sizes: [AxisName: Int]
  let granules: [AxisName: Int]
  /// For each axis, the modules that write its channels, those that read them, and those that pass them on or have
  /// vectors on it.
  private(set) var makers: [AxisName: Set<Int>] = [:]
  private(set) var readers: [AxisName: Set<Int>] = [:]
  private(set) var vectors: [AxisName: Set<Int>] = [:]
  /// The place of each module in `modules`, by its name.
  let places: [String: Int]
  /// For each parent, its first module with weights; shortcuts do not count.
  let entrances: [Substring: Int]
  /// The pairs of modules that scale channels by their means, and all modules in such pairs.
  private(set) var squeezes: [SqueezePair]
  private(set) var squeezed: Set<Int>
  /// The layers of each recurrent network, with their directions.
  let recurrents: [Substring: [Int: [Int]]]
  /// The most placements kept for each extent of outputs; more would not decide anything.
  private static let placementLimit = 4
  /// The placements of outputs, by their extent; each with the first output that has it.
  private(set) var outputs: [Int: [DimensionPlacement: TensorSite]] = [:]

  /// - Parameter moduleAxes: axes that are left out, because their channels are modules.
  init(_ partition: Partition, moduleAxes: Set<AxisName> = []) {
    self.moduleAxes = moduleAxes
    self.partition = partition
    let table = ModuleTable(partition.tensors)
    modules = table.modules
    isSorted = table.isSorted
    places = Dictionary(
      table.modules.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { first, _ in first }
    )
    entrances = Dictionary(
      table.modules.enumerated().filter { !$0.element.weights.isEmpty && !$0.element.isShortcut }
        .map { ($0.element.parent, $0.offset) }, uniquingKeysWith: { first, _ in first })
    squeezes = SqueezePair.pairs(in: table.modules, partition.tensors, isSorted: table.isSorted)
    squeezed = Set(squeezes.flatMap { [$0.reduce, $0.expand] })
    recurrents = Self.layers(of: table.modules)
    sizes = Dictionary(
      partition.axes.map { ($0.name, $0.size) }, uniquingKeysWith: { first, _ in first })
    granules = Dictionary(
      partition.axes.map { ($0.name, $0.granule) }, uniquingKeysWith: { first, _ in first })
    if partition.axes.allSatisfy(\.isWhole) { return }
    let neighbours = neighbourPairs()
    squeezes += neighbours
    squeezed.formUnion(neighbours.flatMap { [$0.reduce, $0.expand] })
    let (reducing, expanding) = (Set(squeezes.map(\.reduce)), Set(squeezes.map(\.expand)))
    for (number, module) in modules.enumerated() {
      for site in module.outputs {
        let placement = cut(site) ?? .whole
        let known = outputs[extent(site)] ?? [:]
        if known.count < Self.placementLimit, known[placement] == nil {
          outputs[extent(site), default: [:]][placement] = site
        }
        for axis in axes(of: site) {
          // A layer that reads the axis that it writes, such as a gate or a residual layer, does not create its
          // channels.
          let isPassing = module.weights.count == 1 && module.inputs.contains { axes(of: $0).contains(axis) }
          if isChannelwise(module) || expanding.contains(number) || isPassing {
            vectors[axis, default: []].insert(number)
          } else {
            makers[axis, default: []].insert(number)
          }
        }
      }
      for site in module.inputs where !reducing.contains(number) {
        for axis in axes(of: site) { readers[axis, default: []].insert(number) }
      }
      for tensor in module.vectors {
        for axis in axes(of: TensorSite(tensor: tensor, dimension: 0)) {
          vectors[axis, default: []].insert(number)
        }
      }
    }
    // The last module that mixes channels, and the last one with weights, which may be a depthwise convolution.
    var before: Int?
    var last: Int?
    for (number, module) in modules.enumerated() {
      if module.isAnonymous { continue }
      checkInside(number)
      if squeezed.contains(number) { continue }
      if let before {
        checkChannelwise(number, after: before)
        if let last, last != before { checkChannelwise(number, after: last) }
        let isLayer = module.recurrentPlace.map { $0.layer > 0 || $0.isReverse } ?? false
        if !module.isShortcut, !isChannelwise(module), !isLayer, modules[before].recurrentPlace == nil {
          checkInputs(number, after: before)
          checkSum(number, after: before)
        }
      }
      checkReader(number)
      checkBeside(number)
      checkAttention(number)
      checkShortcut(number)
      if !module.weights.isEmpty { last = number }
      if !module.weights.isEmpty, !isChannelwise(module) || before == nil { before = number }
    }
    for pair in squeezes { checkSqueeze(pair) }
    for stem in recurrents.keys.sorted() { checkRecurrent(recurrents[stem] ?? [:]) }
    checkShared()
    checkEnclosed()
  }

  // MARK: Properties of a dimension

  func rank(_ site: TensorSite) -> Int { partition.tensors[site.tensor].spec.shape.count }

  func extent(_ site: TensorSite) -> Int { partition.tensors[site.tensor].spec.shape[site.dimension] }

  /// The placement of a cut dimension; nil for other dimensions.
  func cut(_ site: TensorSite) -> DimensionPlacement? {
    let tensor = partition.tensors[site.tensor]
    guard let cut = tensor.cuts[site.dimension], !cut.isCommon else { return nil }
    let placement = tensor.dimensions[site.dimension]
    return placement.axes.contains(where: moduleAxes.contains) ? nil : placement
  }

  /// Whether a dimension of several channels is not cut, and its tensor has neither units nor element owners.
  func isWhole(_ site: TensorSite) -> Bool {
    let tensor = partition.tensors[site.tensor]
    return tensor.dimensions[site.dimension] == .whole && tensor.owners == nil && tensor.units.isEmpty
      && tensor.spec.shape[site.dimension] > 1
  }

  func axes(of site: TensorSite) -> [AxisName] {
    cut(site)?.axes ?? []
  }

  /// Whether a module is a convolution that filters each channel by itself (depthwise).
  func isChannelwise(_ module: ModuleEntry) -> Bool {
    guard let input = module.inputs.first, module.weights.count == 1 else { return false }
    return partition.tensors[input.tensor].spec.shape.count > 2 && extent(input) == 1
  }

  /// The placements that a cut dimension proposes for others: its own; then its own without repetitions (gates, a fused
  /// QKV, a flatten).
  func candidates(_ site: TensorSite) -> [Candidate] {
    guard let placement = cut(site) else { return [] }
    var all = [Candidate(placement: placement, extent: extent(site), cause: site)]
    if case .axis(let use) = placement, let size = sizes[use.axis] {
      for other in [AxisUse(use.axis, inner: use.inner), AxisUse(use.axis)] where other != use {
        guard let extent = other.positions(channels: size) else { continue }
        all.append(Candidate(placement: .axis(other), extent: extent, cause: site))
      }
    }
    return all
  }

  /// Whether a module reads this number of channels from a whole stream.
  func reads(_ module: Int, _ extent: Int) -> Bool {
    modules[module].inputs.contains { self.extent($0) == extent && isWhole($0) }
  }

  /// Whether no other module reads channels of the axes.
  func isUnread(_ axes: [AxisName], but module: Int) -> Bool {
    axes.allSatisfy { Self.isOnly(readers[$0], module) }
  }

  /// Whether no vector of another module, such as a norm's, is on the axes.
  func isUnnormed(_ axes: [AxisName], _ module: Int) -> Bool {
    axes.allSatisfy { Self.isOnly(vectors[$0], module) }
  }

  static func isOnly(_ modules: Set<Int>?, _ module: Int) -> Bool {
    guard let modules, let first = modules.first else { return true }
    return modules.count == 1 && first == module
  }

  mutating func take(_ site: TensorSite, _ candidate: Candidate, _ module: Int) {
    if found.updateValue(found[site] ?? candidate, forKey: site) == nil { order.append((site, module)) }
  }
}
