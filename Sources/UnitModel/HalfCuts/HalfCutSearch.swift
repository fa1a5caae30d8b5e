internal import Tensors

/// Looks for half cuts: every module once, in the order of `ModuleTable`, so that the cost is linear in the tensors.
struct HalfCutSearch {
  /// How a dimension with the channels of a cut one would lie on the axes.
  struct Candidate {
    let placement: DimensionPlacement
    let extent: Int
    /// The dimension that is cut.
    let cause: TensorSite
  }

  let partition: Partition
  let modules: [ModuleEntry]
  private let isSorted: Bool
  /// The dimensions to cut, with how and why, and the order in which they were found.
  private(set) var found: [TensorSite: Candidate] = [:]
  private(set) var order: [(site: TensorSite, module: Int)] = []
  private let sizes: [AxisName: Int]
  /// The modules that put channels on an axis, take them from it, and those whose vectors lie on it.
  private var makers: [AxisName: Set<Int>] = [:]
  private var readers: [AxisName: Set<Int>] = [:]
  private var vectors: [AxisName: Set<Int>] = [:]

  init(_ partition: Partition) {
    self.partition = partition
    let table = ModuleTable(partition.tensors)
    modules = table.modules
    isSorted = table.isSorted
    sizes = Dictionary(
      partition.axes.map { ($0.name, $0.size) }, uniquingKeysWith: { first, _ in first })
    if partition.axes.allSatisfy(\.isWhole) { return }
    for (number, module) in modules.enumerated() {
      for site in module.outputs {
        for axis in axes(of: site) {
          if isChannelwise(module) {
            vectors[axis, default: []].insert(number)
          } else {
            makers[axis, default: []].insert(number)
          }
        }
      }
      for site in module.inputs { for axis in axes(of: site) { readers[axis, default: []].insert(number) } }
      for tensor in module.vectors {
        for axis in axes(of: TensorSite(tensor: tensor, dimension: 0)) {
          vectors[axis, default: []].insert(number)
        }
      }
    }
    // The last module that mixes channels, and the last with weights: a depthwise convolution passes channels on.
    var before: Int?
    var last: Int?
    for (number, module) in modules.enumerated() {
      checkInside(number)
      if let before {
        checkChannelwise(number, after: before)
        if let last, last != before { checkChannelwise(number, after: last) }
        if !module.isShortcut, !isChannelwise(module) { checkInputs(number, after: before) }
      }
      checkReader(number)
      checkBeside(number)
      if !module.weights.isEmpty { last = number }
      if !module.weights.isEmpty, !isChannelwise(module) || before == nil { before = number }
    }
  }

  /// For each axis that modules put channels on and no tensor takes them from: the first dimension there.
  var unread: [(axis: AxisName, site: TensorSite)] {
    let outputs = Set(modules.flatMap(\.outputs))
    var known: Set<AxisName> = []
    for (number, tensor) in partition.tensors.enumerated() where tensor.spec.shape.count > 1 {
      for (dimension, placement) in tensor.dimensions.enumerated()
      where !outputs.contains(TensorSite(tensor: number, dimension: dimension)) {
        known.formUnion(placement.axes)
      }
    }
    var result: [(axis: AxisName, site: TensorSite)] = []
    for module in modules where !isChannelwise(module) {
      for site in module.outputs {
        for axis in axes(of: site) where known.insert(axis).inserted { result.append((axis, site)) }
      }
    }
    return result
  }

  // MARK: What a dimension is

  private func extent(_ site: TensorSite) -> Int { partition.tensors[site.tensor].spec.shape[site.dimension] }

  /// How a dimension that is cut lies on the axes; nil for others.
  private func cut(_ site: TensorSite) -> DimensionPlacement? {
    let tensor = partition.tensors[site.tensor]
    guard let cut = tensor.cuts[site.dimension], !cut.isCommon else { return nil }
    return tensor.dimensions[site.dimension]
  }

  /// Whether a dimension has all its channels in every sub-network, and no other rule has its elements.
  private func isWhole(_ site: TensorSite) -> Bool {
    let tensor = partition.tensors[site.tensor]
    return tensor.dimensions[site.dimension] == .whole && tensor.owners == nil && tensor.units.isEmpty
      && tensor.spec.shape[site.dimension] > 1
  }

  private func axes(of site: TensorSite) -> [AxisName] {
    cut(site)?.axes ?? []
  }

  /// A convolution that filters each channel by itself.
  private func isChannelwise(_ module: ModuleEntry) -> Bool {
    guard let input = module.inputs.first, module.weights.count == 1 else { return false }
    return partition.tensors[input.tensor].spec.shape.count > 2 && extent(input) == 1
  }

  /// What a cut dimension says about others: as it is, and once where its channels repeat (gates, a fused QKV, a flatten).
  private func candidates(_ site: TensorSite) -> [Candidate] {
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

  // MARK: Rules

  /// Tensors of one module: its biases and statistics, and further weights, have the cut of its outputs.
  private mutating func checkInside(_ number: Int) {
    let module = modules[number]
    let vectors = module.vectors.filter { !partition.tensors[$0].spec.name.text.hasSuffix("weight_v") }
      .map { TensorSite(tensor: $0, dimension: 0) }
    // Of several weights the outputs are channels where the dimension is the same and so is the extent.
    let sites = vectors + module.outputs
    var causes: [Int: TensorSite] = [:]
    for site in module.outputs + vectors where cut(site) != nil && causes[extent(site)] == nil {
      causes[extent(site)] = site
    }
    for site in sites where isWhole(site) {
      guard let cause = causes[extent(site)], let first = candidates(cause).first else { continue }
      take(site, first, number)
    }
    guard module.isRecurrent else { return }
    for input in module.inputs where isHidden(input) && isWhole(input) {
      for site in module.outputs {
        if let match = candidates(site).dropFirst().first(where: { $0.extent == extent(input) }) {
          take(input, match, number)
        }
      }
    }
  }

  private func isHidden(_ site: TensorSite) -> Bool {
    let name = partition.tensors[site.tensor].spec.name.text
    return name.contains("_hh") || name.contains("recurrent")
  }

  /// A norm, or a convolution of single channels, after the module whose outputs it takes, or before.
  private mutating func checkChannelwise(_ number: Int, after before: Int) {
    let module = modules[number]
    let isDepthwise = isChannelwise(module)
    guard module.weights.isEmpty || isDepthwise else { return }
    let sites =
      isDepthwise ? module.outputs : module.vectors.map { TensorSite(tensor: $0, dimension: 0) }
    for site in sites {
      for output in modules[before].outputs {
        if isWhole(site), let match = candidates(output).first(where: { $0.extent == extent(site) }) {
          // A layer norm of a width that the module reads as well may belong to the stream before it.
          let isOther = reads(before, extent(site))
          let axes = axes(of: output)
          let isFirst =
            isDepthwise ? isUnread(axes, but: before) : module.hasStatistics && isUnnormed(axes, before)
          if !isOther || isFirst { take(site, match, number) }
        } else if isWhole(output), let match = candidates(site).first(where: { $0.extent == extent(output) }),
          isChannelwise(modules[before])
            || axes(of: site).allSatisfy({ Self.isOnly(makers[$0], number) })
        {
          take(output, match, before)
        }
      }
    }
  }

  /// What a module reads, and what the one before it makes.
  private mutating func checkInputs(_ number: Int, after before: Int) {
    // Siblings that read one stream (query, key, value) have the same widths as a chain; so two readers decide nothing.
    for input in modules[number].inputs where isWhole(input) && !reads(before, extent(input)) {
      for output in modules[before].outputs where !isUnread(axes(of: output), but: before) {
        if let match = candidates(output).first(where: { $0.extent == extent(input) }) {
          take(input, match, number)
        }
      }
    }
  }

  /// Channels that are cut and that no other module reads, and those that are read and that no other module makes: the
  /// nearest module of the right width has the other half.
  private mutating func checkReader(_ number: Int) {
    for output in modules[number].outputs where cut(output) != nil {
      let axes = axes(of: output)
      guard isUnread(axes, but: number) else { continue }
      for partner in partners(of: number) where !modules[partner].isShortcut {
        let inputs = modules[partner].inputs.filter(isWhole)
        let matches = inputs.compactMap { input in
          (candidates(output).first { $0.extent == extent(input) } ?? flattened(output, into: input)).map {
            (input, $0)
          }
        }
        if matches.isEmpty { continue }
        for (input, match) in matches { take(input, match, partner) }
        break
      }
    }
    for input in modules[number].inputs where cut(input) != nil {
      guard axes(of: input).allSatisfy({ makers[$0] == nil && vectors[$0] == nil }) else { continue }
      for partner in partners(of: number, reversed: true) {
        let matches = modules[partner].outputs.filter(isWhole).compactMap { output in
          candidates(input).first { $0.extent == extent(output) }.map { (output, $0) }
        }
        if matches.isEmpty { continue }
        for (output, match) in matches { take(output, match, partner) }
        break
      }
    }
  }

  /// The modules that may be next to one, the likeliest first: those of its parent that follow; in a file sorted by name
  /// those before it too; then the next one of the file.
  private func partners(of number: Int, reversed: Bool = false) -> [Int] {
    let reach = 8
    func isPartner(_ other: Int) -> Bool {
      !modules[other].weights.isEmpty && !isChannelwise(modules[other])
        && !modules[number].isBeside(modules[other])
    }
    func isNear(_ other: Int) -> Bool {
      modules[other].parent == modules[number].parent && isPartner(other)
    }
    let after = ((number + 1)..<max(number + 1, min(modules.count, number + reach + 1))).map { $0 }
    let before = (max(0, number - reach)..<number).reversed().map { $0 }
    let (onward, back) = reversed ? (before, after) : (after, before)
    // Names with numbers are in order; of words the order is a guess.
    let isGuess = isSorted && modules[number].leaf.last?.isNumber != true
    return onward.filter(isNear) + (isGuess ? back.filter(isNear) : []) + onward.filter(isPartner).prefix(1)
  }

  /// The channels of a convolution, each with all its positions, as the inputs of a linear layer.
  private func flattened(_ output: TensorSite, into input: TensorSite) -> Candidate? {
    let channels = extent(output)
    guard case .axis(let use)? = cut(output), use == AxisUse(use.axis),
      partition.tensors[output.tensor].spec.shape.count > 2,
      partition.tensors[input.tensor].spec.shape.count == 2, extent(input) > channels,
      extent(input) % channels == 0
    else { return nil }
    return Candidate(
      placement: .axis(AxisUse(use.axis, inner: extent(input) / channels)), extent: extent(input),
      cause: output)
  }

  /// Modules of one parent that are used side by side, and have the same shape.
  private mutating func checkBeside(_ number: Int) {
    guard let first = modules[number].outputs.first, cut(first) != nil else { return }
    for other in max(0, number - 8)..<min(modules.count, number + 9)
    where modules[number].isBeside(modules[other]) {
      guard let second = modules[other].outputs.first, isWhole(second), let match = candidates(first).first,
        partition.tensors[first.tensor].spec.shape == partition.tensors[second.tensor].spec.shape
      else { continue }
      take(second, match, other)
      for tensor in modules[other].vectors {
        let bias = TensorSite(tensor: tensor, dimension: 0)
        if isWhole(bias), extent(bias) == match.extent { take(bias, match, other) }
      }
    }
  }

  /// Whether a module also reads so many channels from a stream that is whole.
  private func reads(_ module: Int, _ extent: Int) -> Bool {
    modules[module].inputs.contains { self.extent($0) == extent && isWhole($0) }
  }

  /// Whether no other module takes channels from the axes.
  private func isUnread(_ axes: [AxisName], but module: Int) -> Bool {
    axes.allSatisfy { Self.isOnly(readers[$0], module) }
  }

  /// Whether no norm of another module lies on the axes.
  private func isUnnormed(_ axes: [AxisName], _ module: Int) -> Bool {
    axes.allSatisfy { Self.isOnly(vectors[$0], module) }
  }

  private static func isOnly(_ modules: Set<Int>?, _ module: Int) -> Bool {
    guard let modules, let first = modules.first else { return true }
    return modules.count == 1 && first == module
  }

  private mutating func take(_ site: TensorSite, _ candidate: Candidate, _ module: Int) {
    if found.updateValue(found[site] ?? candidate, forKey: site) == nil { order.append((site, module)) }
  }
}
