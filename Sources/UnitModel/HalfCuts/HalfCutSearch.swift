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
    modules = ModuleTable(partition.tensors).modules
    sizes = Dictionary(
      partition.axes.map { ($0.name, $0.size) }, uniquingKeysWith: { first, _ in first })
    if partition.axes.allSatisfy(\.isWhole) { return }
    for (number, module) in modules.enumerated() {
      for site in module.outputs { for axis in axes(of: site) { makers[axis, default: []].insert(number) } }
      for site in module.inputs { for axis in axes(of: site) { readers[axis, default: []].insert(number) } }
      for tensor in module.vectors {
        for axis in axes(of: TensorSite(tensor: tensor, dimension: 0)) {
          vectors[axis, default: []].insert(number)
        }
      }
    }
    var before: Int?
    for (number, module) in modules.enumerated() {
      checkInside(number)
      if let before {
        checkChannelwise(number, after: before)
        if !module.isShortcut, !isChannelwise(module) { checkInputs(number, after: before) }
        checkBeside(number, before)
      }
      if !module.weights.isEmpty, !isChannelwise(module) || before == nil { before = number }
    }
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
          axes(of: site).allSatisfy({ (makers[$0] ?? []).subtracting([number]).isEmpty })
        {
          take(output, match, before)
        }
      }
    }
  }

  /// What a module reads, and what the one before it makes.
  private mutating func checkInputs(_ number: Int, after before: Int) {
    for input in modules[number].inputs {
      for output in modules[before].outputs {
        if isWhole(input) {
          let axes = axes(of: output)
          let isUnread = isUnread(axes, but: before)
          if let match = candidates(output).first(where: { $0.extent == extent(input) }) {
            // Siblings that read one stream (query, key, value) have the same widths as a chain.
            if isUnread || !reads(before, extent(input)) { take(input, match, number) }
          } else if isUnread, let match = flattened(output, into: input) {
            take(input, match, number)
          }
        } else if isWhole(output),
          axes(of: input).allSatisfy({ makers[$0] == nil && vectors[$0] == nil }),
          let match = candidates(input).first(where: { $0.extent == extent(output) })
        {
          take(output, match, before)
        }
      }
    }
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

  /// Names of modules that are used side by side: their outputs are multiplied channel by channel.
  private static let siblings: [Set<String>] = [
    ["q", "k", "v", "query", "key", "value", "to_q", "to_k", "to_v"],
    ["gate", "up", "w1", "w3", "wi_0", "wi_1"],
  ]

  /// Modules of one parent that are used side by side, and have the same shape.
  private mutating func checkBeside(_ number: Int, _ before: Int) {
    let pair = [modules[before], modules[number]]
    let words = pair.map { $0.leaf.replacing("_proj", with: "").replacing("_lin", with: "").lowercased() }
    guard pair[0].parent == pair[1].parent, words[0] != words[1],
      Self.siblings.contains(where: { $0.isSuperset(of: words) }),
      let first = pair[0].outputs.first, let second = pair[1].outputs.first,
      partition.tensors[first.tensor].spec.shape == partition.tensors[second.tensor].spec.shape
    else { return }
    for (site, other, module) in [(second, first, number), (first, second, before)] where isWhole(site) {
      guard let match = candidates(other).first else { continue }
      take(site, match, module)
      for tensor in modules[module].vectors {
        let bias = TensorSite(tensor: tensor, dimension: 0)
        if isWhole(bias), extent(bias) == match.extent { take(bias, match, module) }
      }
    }
  }

  /// Whether a module also reads so many channels from a stream that is whole.
  private func reads(_ module: Int, _ extent: Int) -> Bool {
    modules[module].inputs.contains { self.extent($0) == extent && isWhole($0) }
  }

  /// Whether no other module takes channels from the axes.
  private func isUnread(_ axes: [AxisName], but module: Int) -> Bool {
    axes.allSatisfy { (readers[$0] ?? []).subtracting([module]).isEmpty }
  }

  /// Whether no norm of another module lies on the axes.
  private func isUnnormed(_ axes: [AxisName], _ module: Int) -> Bool {
    axes.allSatisfy { (vectors[$0] ?? []).subtracting([module]).isEmpty }
  }

  private mutating func take(_ site: TensorSite, _ candidate: Candidate, _ module: Int) {
    if found.updateValue(found[site] ?? candidate, forKey: site) == nil { order.append((site, module)) }
  }
}
