/// The parts of a GGUF file, of which a test changes some.
struct GGUFBytes: Sendable {
  /// A tensor's entry in the header.
  struct Tensor: Sendable {
    var name = Array("t".utf8)
    /// The innermost dimension first; 0 is F32.
    var dimensions: [UInt64] = [2]
    var type: UInt32 = 0
    var offset: UInt64 = 0
    var rank: UInt32?
  }

  var magic = Array("GGUF".utf8)
  var version: UInt32 = 3
  var tensorCount: UInt64?
  var pairCount: UInt64?
  var pairs: [[UInt8]] = []
  var tensors: [Tensor] = []
  var alignment = 32
  /// The bytes from the first tensor on.
  var body: [UInt8] = []
  /// Bytes in the place of tensors and body.
  var rest: [UInt8]?

  /// A file with one tensor of two F32, after a change.
  static func tensor(_ change: (inout GGUFBytes) -> Void = { _ in }) -> GGUFBytes {
    var file = GGUFBytes(
      tensors: [Tensor()], body: pattern(8, salt: 1) + [UInt8](repeating: 0, count: 24))
    change(&file)
    return file
  }

  /// A file with one pair of metadata and a tensor.
  static func pair(_ pair: [UInt8]) -> GGUFBytes { tensor { $0.pairs = [pair] } }

  static func text(_ text: String) -> [UInt8] { bytes(UInt64(text.utf8.count)) + Array(text.utf8) }

  static func pair(_ key: String, _ type: UInt32, _ value: [UInt8]) -> [UInt8] {
    text(key) + bytes(type) + value
  }

  var file: [UInt8] {
    var all = magic + bytes(version) + bytes(tensorCount ?? UInt64(tensors.count))
    all += bytes(pairCount ?? UInt64(pairs.count)) + pairs.flatMap(\.self)
    if let rest { return all + rest }
    for tensor in tensors {
      all += bytes(UInt64(tensor.name.count)) + tensor.name
      all += bytes(tensor.rank ?? UInt32(tensor.dimensions.count)) + tensor.dimensions.flatMap { bytes($0) }
      all += bytes(tensor.type) + bytes(tensor.offset)
    }
    if !body.isEmpty || !tensors.isEmpty {
      all += [UInt8](repeating: 0, count: (alignment - all.count % alignment) % alignment)
    }
    return all + body
  }
}
