internal import Tensors

/// The rules of attention. Names identify the queries, and the projections that read their heads.
extension HalfCutSearch {
  /// Compares the queries of an attention first with its output projection, then with its keys and values.
  mutating func checkAttention(_ number: Int) {
    guard modules[number].isQuery, let query = modules[number].outputs.first else { return }
    for name in modules[number].outputProjections {
      guard let place = places[name], let input = modules[place].inputs.first,
        extent(input) == extent(query)
      else { continue }
      if isWhole(input), let match = candidates(query).first {
        take(input, match, place)
      } else if isWhole(query), let match = candidates(input).first {
        take(query, match, number)
      }
      break
    }
    checkKeys(number, query)
  }

  /// If keys and values have fewer heads than the queries, cuts them like the queries if the axis counts key heads;
  /// otherwise reports them.
  private mutating func checkKeys(_ number: Int, _ query: TensorSite) {
    let others = max(0, number - 8)..<min(modules.count, number + 9)
    let keys = others.filter { modules[number].isBeside(modules[$0]) }.compactMap { place in
      modules[place].outputs.first.map { (place: place, site: $0) }
    }
    guard keys.count == 2, extent(keys[0].site) == extent(keys[1].site),
      extent(keys[0].site) < extent(query)
    else { return }
    let count = extent(keys[0].site)
    guard let placement = cut(query) else {
      for key in keys {
        if isWhole(query), let match = widened(key.site, to: extent(query)) { take(query, match, number) }
      }
      return
    }
    guard case .axis(let use) = placement, let size = sizes[use.axis] else { return }
    // If each unit consists of whole query heads with the width of the keys, one key head serves all queries and stays
    // whole.
    let granule = granules[use.axis] ?? 1
    let (width, overflow) = granule.multipliedReportingOverflow(by: use.inner)
    if overflow || width > 1 && width % count == 0 { return }
    let inner = size > 0 && count % size == 0 ? count / size : 0
    let isByHead = use.inner > 1 && use.outer == 1 && inner > 0 && use.inner % inner == 0
    let whole = keys.filter { isWhole($0.site) }
    guard isByHead else {
      if whole.count == 2, let key = whole.first {
        singles.append(SingleHalfCut(key.site, query, .fewerHeads))
      }
      return
    }
    let match = DimensionPlacement.axis(AxisUse(use.axis, inner: inner))
    for key in whole { take(key.site, Candidate(placement: match, extent: count, cause: query), key.place) }
  }

  /// The placement of `count` query channels on the axis of the key heads in `site`; nil if it does not fit.
  private func widened(_ site: TensorSite, to count: Int) -> Candidate? {
    guard case .axis(let use)? = cut(site), use.inner > 1, use.outer == 1, let size = sizes[use.axis],
      size > 0, count % size == 0
    else { return nil }
    return Candidate(
      placement: .axis(AxisUse(use.axis, inner: count / size)), extent: count, cause: site)
  }
}

extension ModuleEntry {
  /// Whether the name of a module shows that it computes the queries of an attention.
  var isQuery: Bool {
    ["q", "query", "to_q", "wq"].contains(
      leaf.lowercased().without("_proj").without("_lin"))
  }

  /// The possible names of the output projection of the attention with these queries.
  var outputProjections: [String] {
    let own = ["o_proj", "out_proj", "out_lin", "o", "out", "wo", "proj", "to_out.0", "to_out", "dense"].map {
      parent + $0
    }
    // BERT has `attention.self.query`, ViT `attention.attention.query`; both have `attention.output.dense`.
    let outer = ["self.", "attention."].filter { parent.hasSuffix($0) }.map {
      parent.dropLast($0.count) + "output.dense"
    }
    return own.map { String($0) } + outer.map { String($0) }
  }
}
