internal import Tensors

/// The header of a GGUF file for a sub-network of the model: other shapes, and the metadata that follow from them.
///
/// Known are the layers of llama-like models: the feed-forward width, and the numbers of heads (`GGUFWidth`). The tensors
/// of a layer must keep the same channels and the same whole heads. Everything else must keep its shape, and no tensor
/// may be missing.
struct GGUFExtraction {
  private let path: String
  private let architecture: String
  private var edit: GGUFHeaderEdit
  /// The tensors of the whole model.
  private let whole: [TensorName: TensorSpec]

  /// - Parameters:
  ///   - stored: the header of the whole model.
  ///   - path: the name of the new file in messages.
  init(_ stored: [UInt8], path: String) throws(FlatFormatError) {
    self.path = path
    edit = try GGUFHeaderEdit(stored, path: path)
    architecture = edit.header.metadata.pairs.first { $0.key == "general.architecture" }?.value ?? ""
    whole = Dictionary(edit.header.entries.map { ($0.spec.name, $0.spec) }, uniquingKeysWith: { $1 })
  }

  /// The header for the tensors of a sub-network, and the zeros after the last tensor.
  func header(of tensors: KeptTensors) throws(FlatFormatError) -> [UInt8] {
    var numbers: [GGUFWidth: [Int]] = [:]
    for width in try changedWidths(tensors.specs) { numbers[width] = try stored(width) }
    var edited = self
    if !numbers.isEmpty { try edited.write(try layers(of: tensors, numbers), numbers) }
    let specs = Dictionary(tensors.specs.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
    return try edited.edit.bytes(for: edit.header.entries.compactMap { specs[$0.spec.name] })
  }

  private func refusal(_ place: String, _ expected: String, _ found: String) -> FlatFormatError {
    .refused(.ggufWrite, path: path, place: place, expected: expected, found: found)
  }

  private func refusal(_ spec: TensorSpec, _ expected: String, _ found: String) -> FlatFormatError {
    refusal("tensor \(spec.name.quoted)", expected, found)
  }
}

extension GGUFExtraction {
  /// The numbers that are not those of the whole model, in some layer. Throws for other differences.
  private func changedWidths(_ specs: [TensorSpec]) throws(FlatFormatError) -> Set<GGUFWidth> {
    guard whole.count == specs.count else {
      throw refusal("tensors", "all \(whole.count) tensors of the model", "\(specs.count)")
    }
    var changed: Set<GGUFWidth> = []
    for spec in specs {
      guard let old = whole[spec.name], old.shape.count == spec.shape.count, old.dtype == spec.dtype else {
        throw refusal(spec, "only tensors of the model", "another")
      }
      if old.shape == spec.shape { continue }
      guard let (_, dimension, row) = GGUFWidth.place(of: spec) else {
        throw refusal(
          spec, "the shape \(old.shapeText); a GGUF file can have fewer feed-forward channels and heads only",
          spec.shapeText)
      }
      var expected = old.shape
      expected[dimension] = spec.shape[dimension]
      guard expected == spec.shape else {
        throw refusal(spec, "\(old.shapeText) with another extent of dimension \(dimension)", spec.shapeText)
      }
      changed.insert(row.width)
    }
    // Query heads belong to key and value heads.
    if changed.contains(.heads) || changed.contains(.keyValueHeads) {
      changed.formUnion([.heads, .keyValueHeads])
    }
    return changed
  }

  /// What each layer keeps of the numbers that change.
  private func layers(
    of tensors: KeptTensors, _ numbers: [GGUFWidth: [Int]]
  ) throws(FlatFormatError) -> [Int: GGUFLayer] {
    let lengths = numbers[.heads] == nil ? [:] : try headLengths()
    var layers: [Int: GGUFLayer] = [:]
    for spec in tensors.specs {
      guard let (layer, dimension, row) = GGUFWidth.place(of: spec), let counts = numbers[row.width],
        let extent = whole[spec.name]?.shape[dimension]
      else { continue }
      guard layer < counts.count else { throw refusal(spec, "\(counts.count) layers", "layer \(layer)") }
      let head = row.head.flatMap { lengths[$0] } ?? 1
      guard counts[layer].multipliedReportingOverflow(by: head) == (extent, false) else {
        throw refusal(
          spec, "\(counts[layer]) of \(architecture).\(row.width.rawValue), each of \(head) channels",
          "\(extent) channels in the model")
      }
      var runs: [Range<Int>] = []
      for run in tensors.runs(spec.name, dimension) ?? [0..<extent] {
        guard run.lowerBound % head == 0, run.upperBound % head == 0 else {
          throw refusal(
            spec, "whole heads of \(head) channels", "channels \(run.lowerBound)..<\(run.upperBound)")
        }
        runs.append(run.lowerBound / head..<run.upperBound / head)
      }
      if let other = layers[layer, default: .init()].add(runs, of: row.width, spec.name) {
        throw refusal(spec, "the \(row.head == nil ? "channels" : "heads") of \(other.quoted)", "others")
      }
    }
    guard let queries = numbers[.heads], let keys = numbers[.keyValueHeads] else { return layers }
    for (layer, kept) in layers where kept.numbers[.heads] != nil {
      guard kept.keepsGroups(queries: queries[layer], keys: keys[layer]) else {
        throw refusal(
          "layer \(layer)", "equally many query heads of each key and value head that is kept", "others")
      }
    }
    return layers
  }

  /// The channels of a head: that of the metadata, else those of all heads divided by their number.
  private func headLength(_ head: GGUFWidth.Head) throws(FlatFormatError) -> Int {
    if let length = integers(head.rawValue)?.first, length > 0 { return length }
    guard let channels = integers("embedding_length")?.first,
      let heads = integers(GGUFWidth.heads.rawValue)?.first, heads > 0, channels > 0, channels % heads == 0
    else {
      throw refusal("metadata", "\(architecture).\(head.rawValue), or the number of heads", "neither")
    }
    return channels / heads
  }

  private func headLengths() throws(FlatFormatError) -> [GGUFWidth.Head: Int] {
    var lengths: [GGUFWidth.Head: Int] = [:]
    for head in GGUFWidth.Head.allCases { lengths[head] = try headLength(head) }
    return lengths
  }

  /// A number of the whole model, for each of its layers.
  private func stored(_ width: GGUFWidth) throws(FlatFormatError) -> [Int] {
    // Without a number of their own, key and value heads are as many as query heads.
    let numbers =
      integers(width.rawValue) ?? (width == .keyValueHeads ? integers(GGUFWidth.heads.rawValue) : nil)
    guard let count = integers("block_count")?.first, (1..<1 << 20).contains(count), let numbers,
      numbers.count == 1 || numbers.count == count
    else {
      let key = "\(architecture).\(width.rawValue)"
      throw refusal(
        "metadata", "\(architecture).block_count, and \(key) for each layer or for all", "something else")
    }
    return numbers.count == count ? numbers : .init(repeating: numbers[0], count: count)
  }

  /// The whole numbers of a key of the architecture, one or an array; nil if there are none.
  private func integers(_ key: String) -> [Int]? { edit.integers("\(architecture).\(key)") }

  /// Writes the numbers of the sub-network, for each layer or once for all, in the place of the old ones.
  private mutating func write(
    _ layers: [Int: GGUFLayer], _ numbers: [GGUFWidth: [Int]]
  ) throws(FlatFormatError) {
    // How wide a head is may follow from the old numbers only.
    if numbers[.heads] != nil { try keepHeadLengths() }
    let kept = layers.mapValues(\.numbers)
    for width in GGUFWidth.allCases {
      guard let old = numbers[width] else { continue }
      let new = old.indices.map { kept[$0]?[width] ?? old[$0] }
      set(width.rawValue, to: Set(new).count == 1 ? Array(new.prefix(1)) : new)
    }
  }

  /// Writes how wide a head is, if only the number of heads showed it.
  private mutating func keepHeadLengths() throws(FlatFormatError) {
    let lengths = try headLengths()
    for head in GGUFWidth.Head.allCases where integers(head.rawValue) == nil {
      set(head.rawValue, to: lengths[head].map { [$0] } ?? [])
    }
    let rope = "rope.dimension_count"
    if integers(rope) == nil { set(rope, to: lengths[.key].map { [$0] } ?? []) }
  }

  private mutating func set(_ key: String, to numbers: [Int]) {
    edit.set("\(architecture).\(key)", to: numbers)
  }
}
