internal import Tensors

/// The rules for channels that stay inside one parent module. Suppose that every module in the parent that reads this
/// number of channels reads them cut. Then the modules that write them, and those that pass them on (norms, depthwise
/// convolutions), cannot be whole, wherever their names are in the file.
extension HalfCutSearch {
  mutating func checkEnclosed() {
    var parents: [Substring: [Int]] = [:]
    var order: [Substring] = []
    let unclear = self.unclear
    for (number, module) in modules.enumerated() where !squeezed.contains(number) && !module.isAnonymous {
      if parents[module.parent] == nil { order.append(module.parent) }
      parents[module.parent, default: []].append(number)
    }
    for parent in order {
      let members = parents[parent] ?? []
      guard members.contains(where: hasWhole) else { continue }
      let mixing = members.filter { !modules[$0].weights.isEmpty && !isChannelwise(modules[$0]) }
      checkMakers(EnclosedChannels(of: mixing, self), unclear)
      let enclosed = EnclosedChannels(of: mixing, self).makers(in: self)
      for number in members where passesOn(modules[number]) {
        let vectors = modules[number].vectors.map { TensorSite(tensor: $0, dimension: 0) }
        for site in modules[number].outputs + vectors where isWhole(site) {
          guard let makers = enclosed[extent(site)] else { continue }
          take(site, modules[number].number.flatMap { makers.numbered[$0] } ?? makers.first, number)
        }
      }
    }
  }

  /// Whether a module has outputs or vectors that are whole.
  private func hasWhole(_ number: Int) -> Bool {
    modules[number].outputs.contains(where: isWhole)
      || modules[number].vectors.contains { isWhole(TensorSite(tensor: $0, dimension: 0)) }
  }

  /// Whether a module is a norm or a depthwise convolution, by its shapes and names.
  private func passesOn(_ module: ModuleEntry) -> Bool {
    module.weights.isEmpty ? module.hasFactors || module.hasStatistics : isChannelwise(module)
  }

  /// Finds the module that writes channels that are read here and that no known module of the file writes. It is the
  /// only module here with the same number of whole outputs.
  private mutating func checkMakers(_ channels: EnclosedChannels, _ unclear: Set<AxisName>) {
    for (extent, uses) in channels.all where uses.whole.count == 1 && !uses.isReadWhole {
      let (maker, site) = uses.whole[0]
      let unmade = uses.read.filter { module, candidate in
        module != maker && candidate.extent == extent
          && candidate.placement.axes.allSatisfy { makers[$0] == nil && !unclear.contains($0) }
      }
      guard let candidate = unmade.first?.candidate,
        unmade.allSatisfy({ $0.candidate.placement == candidate.placement })
      else { continue }
      take(site, candidate, maker)
    }
  }
}

/// The channels that modules of one parent write and read, by their number.
private struct EnclosedChannels {
  struct Uses {
    /// Outputs that are cut or for which a cut was found, and outputs that are whole.
    var made: [(module: Int, candidate: HalfCutSearch.Candidate)] = []
    var whole: [(module: Int, site: TensorSite)] = []
    /// Inputs that are cut.
    var read: [(module: Int, candidate: HalfCutSearch.Candidate)] = []
    var isReadWhole = false
  }

  private(set) var all: [(extent: Int, uses: Uses)] = []
  private var places: [Int: Int] = [:]

  init(of members: [Int], _ search: HalfCutSearch) {
    func known(_ site: TensorSite) -> HalfCutSearch.Candidate? {
      search.found[site] ?? search.candidates(site).first
    }
    for number in members {
      let module = search.modules[number]
      for output in module.outputs where module.recurrentPlace == nil {
        let place = place(of: search.extent(output))
        if let candidate = known(output) {
          all[place].uses.made.append((number, candidate))
        } else {
          all[place].uses.whole.append((number, output))
        }
      }
      for input in module.inputs where !search.isHidden(input) {
        let place = place(of: search.extent(input))
        if let candidate = known(input) {
          all[place].uses.read.append((number, candidate))
        } else {
          all[place].uses.isReadWhole = true
        }
      }
    }
  }

  private mutating func place(of extent: Int) -> Int {
    if let place = places[extent] { return place }
    places[extent] = all.count
    all.append((extent, Uses()))
    return all.count - 1
  }

  /// The modules that write channels which another module here reads: the first one, and the first one for each number
  /// in the modules' names.
  struct Makers {
    let first: HalfCutSearch.Candidate
    let numbered: [Int: HalfCutSearch.Candidate]
  }

  /// These modules by number of channels, without the numbers of channels that are whole anywhere here.
  func makers(in search: HalfCutSearch) -> [Int: Makers] {
    var result: [Int: Makers] = [:]
    for (extent, uses) in all where uses.whole.isEmpty && !uses.isReadWhole {
      let read = Set(uses.read.map(\.candidate.placement))
      let made = uses.made.filter { read.contains($0.candidate.placement) }
      guard let first = made.first else { continue }
      let numbered = made.compactMap { maker in
        search.modules[maker.module].number.map { ($0, maker.candidate) }
      }
      result[extent] = Makers(
        first: first.candidate, numbered: Dictionary(numbered, uniquingKeysWith: { first, _ in first }))
    }
    return result
  }
}
