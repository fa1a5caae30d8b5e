internal import ByteFiles
package import Tensors

/// The header of a GGUF file for a sub-network of the model: other shapes, and the metadata that follow from them.
///
/// Known are the layers of llama-like models, with the tensors' names of llama.cpp (`LLM_TENSOR_…`): the feed-forward
/// width and the numbers of heads. In llama.cpp's metadata each of these numbers is one for all layers or an array with
/// one for each (`get_key_or_arr`). Everything else must keep its shape, and no tensor may be missing.
package struct GGUFExtraction {
  /// The key of a number that a layer's tensors show.
  private enum Width: String, CaseIterable {
    case feedForward = "feed_forward_length"
    case heads = "attention.head_count"
    case keyValueHeads = "attention.head_count_kv"
  }

  /// For each kind of tensor in a layer, the number that its first or its last dimension shows, and the key of what a
  /// head of it is wide.
  private static let kinds: [String: (width: Width, isFirst: Bool, head: String?)] = [
    "ffn_up": (.feedForward, true, nil), "ffn_gate": (.feedForward, true, nil),
    "ffn_down": (.feedForward, false, nil), "attn_q": (.heads, true, keyLength),
    "attn_k": (.keyValueHeads, true, keyLength), "attn_v": (.keyValueHeads, true, valueLength),
    "attn_output": (.heads, false, valueLength),
  ]
  private static let keyLength = "attention.key_length"
  private static let valueLength = "attention.value_length"

  private let path: String
  private let header: GGUFHeader
  /// Each key with its bytes, in the order of the file.
  private var pairs: [(key: String, bytes: [UInt8])] = []

  /// - Parameters:
  ///   - stored: the header of the whole model.
  ///   - path: the name of the new file in messages.
  package init(_ stored: [UInt8], path: String) throws(FlatFormatError) {
    self.path = path
    var cursor = GGUFCursor(path: path, size: stored.count) { Array(stored[$0..<$0 + $1]) }
    var found: [(key: String, bytes: [UInt8])] = []
    header = try GGUFHeader(&cursor) { key, range in found.append((key, Array(stored[range]))) }
    pairs = found
  }

  /// The header for `specs`, the tensors of a sub-network.
  package func header(for specs: [TensorSpec]) throws(FlatFormatError) -> [UInt8] {
    let architecture = header.metadata.pairs.first { $0.key == "general.architecture" }?.value ?? ""
    let widths = try widths(of: specs, architecture)
    var edited = self
    for (width, layers) in widths { try edited.write(width, layers, architecture) }
    let order = Dictionary(specs.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var bytes = GGUFHeader.magic + number(UInt32(3))
    bytes += number(UInt64(specs.count)) + number(UInt64(edited.pairs.count))
    for pair in edited.pairs { bytes += pair.bytes }
    bytes += try GGUFLayout.entries(
      header.entries.compactMap { order[$0.spec.name] }, header.metadata.alignment, path: path,
      isBig: header.isBig)
    let end = GGUFHeader.padded(bytes.count, header.metadata.alignment)
    return bytes + [UInt8](repeating: 0, count: end - bytes.count)
  }

  private func number(_ value: some FixedWidthInteger) -> [UInt8] {
    ByteFields.bytes(of: header.isBig ? value.byteSwapped : value)
  }

  private func refusal(_ place: String, _ expected: String, _ found: String) -> FlatFormatError {
    .refused(.ggufWrite, path: path, place: place, expected: expected, found: found)
  }
}

extension GGUFExtraction {
  /// The numbers that changed shapes show, by layer.
  private func widths(
    of specs: [TensorSpec], _ architecture: String
  ) throws(FlatFormatError) -> [Width: [Int: Int]] {
    let whole = Dictionary(uniqueKeysWithValues: header.entries.map { ($0.spec.name, $0.spec) })
    guard whole.count == specs.count else {
      throw refusal("tensors", "all \(whole.count) tensors of the model", "\(specs.count)")
    }
    var widths: [Width: [Int: Int]] = [:]
    var changed: Set<Width> = []
    for spec in specs {
      let place = "tensor \(spec.name.quoted)"
      guard let old = whole[spec.name], old.shape.count == spec.shape.count, old.dtype == spec.dtype else {
        throw refusal(place, "only tensors of the model", "another")
      }
      guard let (layer, kind) = Self.layer(of: spec.name), let row = Self.kinds[kind],
        let dimension = row.isFirst ? spec.shape.indices.first : spec.shape.indices.last,
        row.isFirst || spec.shape.count > 1
      else {
        if old.shape == spec.shape { continue }
        throw refusal(
          place, "the shape \(old.shapeText): only feed-forward channels and heads can change in a GGUF file",
          spec.shapeText)
      }
      var expected = old.shape
      expected[dimension] = spec.shape[dimension]
      guard expected == spec.shape else {
        throw refusal(place, "\(old.shapeText) with another extent of dimension \(dimension)", spec.shapeText)
      }
      let head = try row.head.map { (key) throws(FlatFormatError) in try headLength(key, architecture) } ?? 1
      guard spec.shape[dimension] % head == 0 else {
        throw refusal(place, "whole heads of \(head)", "\(spec.shape[dimension]) channels")
      }
      let width = spec.shape[dimension] / head
      if let other = widths[row.width]?[layer], other != width {
        throw refusal(
          place, "\(other) of \(row.width.rawValue), as another tensor of its layer has", "\(width)")
      }
      widths[row.width, default: [:]][layer] = width
      if old.shape != spec.shape { changed.insert(row.width) }
    }
    for (layer, heads) in widths[.heads] ?? [:] where !changed.isEmpty {
      let shared = widths[.keyValueHeads]?[layer] ?? heads
      guard shared > 0, heads % shared == 0 else {
        throw refusal("layer \(layer)", "a multiple of \(shared) heads", "\(heads)")
      }
    }
    return widths.filter { changed.contains($0.key) }
  }

  /// The number and the kind of a layer's tensor: `blk.3.ffn_up.weight`.
  private static func layer(of name: TensorName) -> (layer: Int, kind: String)? {
    let parts = name.text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0] == "blk", ["weight", "bias"].contains(parts[3]),
      let layer = Int(parts[1]), layer >= 0
    else { return nil }
    return (layer, String(parts[2]))
  }

  /// The channels of a head: that of the metadata, else those of all heads divided by their number.
  private func headLength(_ key: String, _ architecture: String) throws(FlatFormatError) -> Int {
    if let length = integers("\(architecture).\(key)")?.first, length > 0 { return length }
    guard let channels = integers("\(architecture).embedding_length")?.first,
      let heads = integers("\(architecture).\(Width.heads.rawValue)")?.first, heads > 0, channels > 0,
      channels % heads == 0
    else {
      throw refusal("metadata", "\(architecture).\(key), or the number of heads", "neither")
    }
    return channels / heads
  }

  /// The whole numbers of a key, one or an array; nil if there are none.
  private func integers(_ key: String) -> [Int]? {
    guard let pair = pairs.first(where: { $0.key == key }) else { return nil }
    var cursor = GGUFCursor(path: path, size: pair.bytes.count) { Array(pair.bytes[$0..<$0 + $1]) }
    cursor.isBig = header.isBig
    return try? cursor.integers()
  }

  /// Writes a number that changed, for each layer or once for all, in the place of the old one.
  private mutating func write(
    _ width: Width, _ layers: [Int: Int], _ architecture: String
  ) throws(FlatFormatError) {
    let key = "\(architecture).\(width.rawValue)"
    guard let count = integers("\(architecture).block_count")?.first, count > 0, count < 1 << 20,
      let old = integers(key), old.count == 1 || old.count == count, layers.keys.allSatisfy({ $0 < count })
    else {
      throw refusal(
        "metadata", "\(architecture).block_count, and \(key) for each layer or for all", "something else")
    }
    let numbers = (0..<count).map { layers[$0] ?? old[old.count == 1 ? 0 : $0] }
    if width == .heads { try keepHeadLengths(architecture) }
    set(key, to: Set(numbers).count == 1 ? Array(numbers.prefix(1)) : numbers)
  }

  /// Writes how wide a head is, if only the number of heads showed it.
  private mutating func keepHeadLengths(_ architecture: String) throws(FlatFormatError) {
    for key in [Self.keyLength, Self.valueLength] {
      set("\(architecture).\(key)", to: [try headLength(key, architecture)])
    }
    let rope = "\(architecture).rope.dimension_count"
    if integers(rope) == nil { set(rope, to: [try headLength(Self.keyLength, architecture)]) }
  }

  /// Replaces or adds a number (UINT32), or an array of them.
  private mutating func set(_ key: String, to numbers: [Int]) {
    var bytes = number(UInt64(key.utf8.count)) + Array(key.utf8)
    if numbers.count == 1 {
      bytes += number(GGUFValueType.uint32.rawValue)
    } else {
      bytes += number(GGUFValueType.array.rawValue) + number(GGUFValueType.uint32.rawValue)
      bytes += number(UInt64(numbers.count))
    }
    // Extents of tensors in a file, or numbers that were read as 32 bits.
    for value in numbers { bytes += number(UInt32(clamping: value)) }
    if let place = pairs.firstIndex(where: { $0.key == key }) {
      pairs[place].bytes = bytes
    } else {
      pairs.append((key, bytes))
    }
  }
}

extension GGUFCursor {
  /// The whole numbers of a pair: its key is passed over. nil for other types, and for negative numbers.
  fileprivate mutating func integers() throws(FlatFormatError) -> [Int]? {
    _ = try text("a key")
    guard var type = GGUFValueType(rawValue: try u32("a type")) else { return nil }
    var count: UInt64 = 1
    if type == .array {
      guard let element = GGUFValueType(rawValue: try u32("a type")) else { return nil }
      type = element
      count = try number(8, "a length")
    }
    let widths: [GGUFValueType: Int] = [
      .uint8: 1, .int8: 1, .uint16: 2, .int16: 2, .uint32: 4, .int32: 4, .uint64: 8, .int64: 8,
    ]
    guard let width = widths[type] else { return nil }
    var numbers: [Int] = []
    for _ in 0..<count {
      guard let value = Int(exactly: try number(width, "a number")), value < 1 << (8 * min(width, 7) - 1)
      else { return nil }
      numbers.append(value)
    }
    return numbers
  }
}
