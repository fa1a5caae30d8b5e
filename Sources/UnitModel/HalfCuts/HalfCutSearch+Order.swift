internal import Tensors

/// The rules for modules that follow each other.
extension HalfCutSearch {
  /// Checks the tensors of one module: biases, statistics and further weights must have the cut of its outputs.
  mutating func checkInside(_ number: Int) {
    let module = modules[number]
    let vectors = module.vectors.filter { !partition.tensors[$0].spec.name.text.hasSuffix("weight_v") }
      .map { TensorSite(tensor: $0, dimension: 0) }
    // Dimensions of one module with the same extent are assumed to have the same channels.
    let sites = vectors + module.outputs
    var causes: [Int: TensorSite] = [:]
    for site in module.outputs + vectors where cut(site) != nil && causes[extent(site)] == nil {
      causes[extent(site)] = site
    }
    for site in sites where isWhole(site) {
      guard let cause = causes[extent(site)], let first = candidates(cause).first else { continue }
      take(site, first, number)
    }
    checkAxes(of: module)
    guard module.isRecurrent else { return }
    for input in module.inputs where isHidden(input) && isWhole(input) {
      for site in module.outputs {
        if let match = candidates(site).dropFirst().first(where: { $0.extent == extent(input) }) {
          take(input, match, number)
        }
      }
    }
  }

  /// Checks that the outputs of a module with at most one weight are on the axis of its bias and statistics.
  private mutating func checkAxes(of module: ModuleEntry) {
    let leaves = ["weight", "gamma", "bias", "beta", "running_mean", "running_var"]
    let vectors = leaves.flatMap { leaf in
      module.vectors.filter { ModuleTable.split(partition.tensors[$0].spec.name.text).leaf == leaf }
    }.map { TensorSite(tensor: $0, dimension: 0) }
    guard module.weights.count < 2, let cause = (module.outputs + vectors).first(where: { cut($0) != nil })
    else { return }
    for site in vectors where differ(site, cause) { singles.append(SingleHalfCut(site, cause, .otherAxis)) }
  }

  /// Whether two dimensions with the same number of channels are cut along different axes.
  private func differ(_ site: TensorSite, _ cause: TensorSite) -> Bool {
    let (first, second) = (axes(of: site), axes(of: cause))
    return !first.isEmpty && !second.isEmpty && extent(site) == extent(cause)
      && Set(first).isDisjoint(with: second)
  }

  func isHidden(_ site: TensorSite) -> Bool {
    let name = partition.tensors[site.tensor].spec.name.text
    return name.has("_hh") || name.has("recurrent")
  }

  /// Compares a norm or a depthwise convolution with the outputs of the module before it, in both directions.
  mutating func checkChannelwise(_ number: Int, after before: Int) {
    let module = modules[number]
    let isDepthwise = isChannelwise(module)
    guard module.weights.isEmpty || isDepthwise else { return }
    let sites =
      isDepthwise ? module.outputs : module.vectors.map { TensorSite(tensor: $0, dimension: 0) }
    for site in sites {
      for output in modules[before].outputs {
        if isWhole(site), let match = candidates(output).first(where: { $0.extent == extent(site) }) {
          // If the module also reads this number of channels, a layer norm may belong to the stream before the module.
          let isOther = reads(before, extent(site))
          let axes = axes(of: output)
          let isFirst =
            isDepthwise ? isUnread(axes, but: before) : module.hasStatistics && isUnnormed(axes, before)
          if !isOther || isFirst { take(site, match, number) }
        } else if isWhole(output), let match = candidates(site).first(where: { $0.extent == extent(output) }),
          isChannelwise(modules[before]) || isPair(site, number, before)
            || axes(of: site).allSatisfy({ Self.isOnly(makers[$0], number) })
        {
          take(output, match, before)
        } else if module.hasStatistics, differ(site, output), isUnnormed(axes(of: output), before),
          axes(of: site).allSatisfy({ makers[$0] == nil })
        {
          singles.append(SingleHalfCut(site, output, .otherAxis, pattern: module.pattern))
        }
      }
    }
  }

  /// Whether a norm with running statistics belongs to the module before it, whatever else is on their axis: their
  /// numbers are equal (`conv1`, `bn1`) or consecutive (`downsample.0`, `downsample.1`).
  private func isPair(_ site: TensorSite, _ norm: Int, _ before: Int) -> Bool {
    let (norm, before) = (modules[norm], modules[before])
    guard norm.pattern != nil, norm.parent == before.parent, let number = norm.number,
      number == (Int(norm.leaf) == nil ? before.number : Int(before.leaf).map { $0 &+ 1 })
    else { return false }
    // By its name, a norm of the module's inputs may also come after the module.
    return Set(before.inputs.flatMap { axes(of: $0) }).isDisjoint(with: axes(of: site))
  }

  /// Compares the inputs of a module with the outputs of the module before it.
  mutating func checkInputs(_ number: Int, after before: Int) {
    // Siblings that read one stream (query, key, value) have the widths of a chain. So if the module before also reads
    // this number of channels, nothing follows.
    for input in modules[number].inputs
    where isWhole(input) && !isHidden(input) && !reads(before, extent(input)) {
      for output in modules[before].outputs
      where !isUnread(axes(of: output), but: before) && !isReadElsewhere(output, of: before, than: number) {
        if let match = candidates(output).first(where: { $0.extent == extent(input) }) {
          take(input, match, number)
        }
      }
    }
  }

  /// Whether channels are written and read only in one parent, and the next module by name is in another parent.
  ///
  /// In a sorted file, a block rarely reads the outputs of the last module in the block before it.
  private func isReadElsewhere(_ output: TensorSite, of maker: Int, than next: Int) -> Bool {
    let parent = modules[maker].parent
    guard isSorted, modules[next].parent != parent else { return false }
    return axes(of: output).allSatisfy { axis in
      [makers[axis], readers[axis]].allSatisfy { $0?.allSatisfy { modules[$0].parent == parent } ?? true }
    }
  }

  /// Finds the other side of cut channels that no other module reads, or writes: the nearest module with the right
  /// width.
  mutating func checkReader(_ number: Int) {
    for output in modules[number].outputs
    where cut(output) != nil && modules[number].recurrentPlace == nil {
      let axes = axes(of: output)
      guard isUnread(axes, but: number) else { continue }
      var isFound = !isSorted && checkJoined(number, output)
      for partner in isFound ? [] : partners(of: number) where !modules[partner].isShortcut {
        let inputs = modules[partner].inputs.filter(isWhole)
        let matches = inputs.compactMap { input in
          (candidates(output).first { $0.extent == extent(input) } ?? flattened(output, into: input)).map {
            (input, $0)
          }
        }
        if matches.isEmpty { continue }
        for (input, match) in matches { take(input, match, partner) }
        isFound = true
        break
      }
      if !isFound, isSorted { _ = checkJoined(number, output) }
    }
    for input in modules[number].inputs where cut(input) != nil && !isHidden(input) {
      guard axes(of: input).allSatisfy({ makers[$0] == nil && vectors[$0] == nil }) else { continue }
      for partner in partners(of: number, reversed: true) {
        let matches = modules[partner].outputs.filter(isWhole).compactMap { output in
          candidates(input).first { $0.extent == extent(output) }.map { (output, $0) }
        }
        if let output = modules[partner].outputs.first(where: {
          differ(input, $0) && rank(input) <= rank($0) && isUnread(axes(of: $0), but: partner)
        }) {
          singles.append(SingleHalfCut(input, output, .otherAxis))
          break
        }
        if matches.isEmpty { continue }
        for (output, match) in matches { take(output, match, partner) }
        break
      }
    }
  }

  /// A shortcut reads the stream that the first module of its block reads.
  mutating func checkShortcut(_ number: Int) {
    guard let block = modules[number].shortcutBlock, let entrance = entrances[block],
      let input = modules[number].inputs.first, let other = modules[entrance].inputs.first,
      extent(input) == extent(other)
    else { return }
    if isWhole(input), let match = candidates(other).first { take(input, match, number) }
    if isWhole(other), let match = candidates(input).first { take(other, match, entrance) }
  }

  /// The modules that may follow one (or come before it, if `reversed`), most likely first: those after it in its
  /// parent; in a file sorted by name, also those before it; then the next module of the file.
  func partners(of number: Int, reversed: Bool = false) -> [Int] {
    let reach = 8
    func isPartner(_ other: Int) -> Bool {
      !modules[other].weights.isEmpty && !modules[other].isAnonymous && !isChannelwise(modules[other])
        && !squeezed.contains(other)
        && !modules[number].isBeside(modules[other])
    }
    func isNear(_ other: Int) -> Bool {
      modules[other].parent == modules[number].parent && isPartner(other)
    }
    let after = ((number + 1)..<max(number + 1, min(modules.count, number + reach + 1))).map { $0 }
    let before = (max(0, number - reach)..<number).reversed().map { $0 }
    let (onward, back) = reversed ? (before, after) : (after, before)
    // Names with numbers are in order; the order of words proves nothing.
    let stem = modules[number].recurrentPlace?.stem ?? modules[number].leaf
    let isGuess = isSorted && stem.last?.isNumber != true
    return onward.filter(isNear) + (isGuess ? back.filter(isNear) : []) + onward.filter(isPartner).prefix(1)
  }

  /// The outputs of a convolution that are flattened into the inputs of a linear layer: each channel with all its
  /// positions or, if channels are the last dimension as in Keras, each position with all channels.
  private func flattened(_ output: TensorSite, into input: TensorSite) -> Candidate? {
    let channels = extent(output)
    guard case .axis(let use)? = cut(output), use == AxisUse(use.axis),
      partition.tensors[output.tensor].spec.shape.count > 2,
      partition.tensors[input.tensor].spec.shape.count == 2, extent(input) > channels,
      extent(input) % channels == 0
    else { return nil }
    let positions = extent(input) / channels
    let isLast = output.dimension == rank(output) - 1
    return Candidate(
      placement: .axis(AxisUse(use.axis, inner: isLast ? 1 : positions, outer: isLast ? positions : 1)),
      extent: extent(input), cause: output)
  }

  /// Cuts modules in the same way if they are used side by side in one parent and have the same shape.
  mutating func checkBeside(_ number: Int) {
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
}
