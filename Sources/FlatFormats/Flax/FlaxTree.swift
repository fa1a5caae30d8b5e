internal import ByteFiles
internal import Tensors

/// The nested maps of a Flax file: its arrays, and its other values by name. Elements are not read.
struct FlaxTree {
  /// An array, or the chunks of one.
  struct Entry {
    let keys: [String]
    let array: [FlaxArray]
    /// The shape, which differs from that of the chunks.
    let shape: [Int]
  }

  private(set) var entries: [Entry] = []
  /// Values that are no arrays, with their types.
  private(set) var values: [(keys: [String], head: MsgpackHead)] = []
  /// The keys of the outermost map.
  private(set) var roots: Set<TensorName> = []

  private let cursor: MsgpackCursor
  private var path: String { cursor.file.path }
  private var stack: [Frame] = []
  private var count = 0
  private var textLeft = textLimit
  /// Bytes of the keys on the way to the innermost map.
  private var pathBytes = 0

  /// A map or a list whose members are being read.
  private struct Frame {
    let isMap: Bool
    var left: Int
    var index = 0
    var known: Set<TensorName> = []
    /// The key of the current member.
    var key = ""
  }

  static let chunked = "__msgpack_chunked_array__"
  private static let depthLimit = 512
  private static let valueLimit = 500_000
  private static let keyLimit = 65_535
  private static let chunkLimit = 65_536
  /// The most bytes of all names together. In a deep tree, names are far longer than the file's keys.
  private static let textLimit = 64 << 20

  init(_ file: ReadableFile) throws(FlatFormatError) {
    cursor = MsgpackCursor(file)
    let root = try cursor.head()
    guard case .map(let members) = root else {
      throw cursor.broken("byte 0", "a map of names", root.words)
    }
    stack = [Frame(isMap: true, left: members)]
    while let level = stack.indices.last {
      if stack[level].left == 0 {
        if level == 0 { roots = stack[0].known }
        pop()
        continue
      }
      try readMember(level)
    }
    guard cursor.left == 0 else {
      throw cursor.broken(
        "byte \(cursor.position)", "the end of the file after its map", "\(cursor.left.grouped) more bytes")
    }
  }

  private var keys: [String] { stack.map(\.key) }
  private var place: String { "value \(TensorName(FlaxNames.name(keys)).quoted)" }

  private mutating func readMember(_ level: Int) throws(FlatFormatError) {
    count += 1
    guard count <= Self.valueLimit else {
      throw refusal(.flaxLimit, "all values", "at most \(Self.valueLimit.grouped)", "more")
    }
    stack[level].left -= 1
    if stack[level].isMap {
      let key = try key(level)
      if SystemPath.same(key, Self.chunked) { return try readChunked(level) }
      stack[level].key = key
    } else {
      stack[level].key = String(stack[level].index)
    }
    stack[level].index += 1
    let head = try cursor.head()
    switch head {
    case .map(let count): try push(Frame(isMap: true, left: count))
    case .array(let count): try push(Frame(isMap: false, left: count))
    case .extended(let type, let count) where type == 1 || type == 3:
      let array = try FlaxArray(cursor, count: count, place)
      try spend()
      entries.append(Entry(keys: keys, array: [array], shape: array.shape))
    case .text(let count), .binary(let count), .extended(_, let count):
      cursor.skip(count)
      try note(head)
    case .null, .boolean, .integer, .float: try note(head)
    }
  }

  private mutating func note(_ head: MsgpackHead) throws(FlatFormatError) {
    try spend()
    values.append((keys, head))
  }

  /// Counts the bytes of a name.
  private mutating func spend() throws(FlatFormatError) {
    textLeft -= stack.reduce(0) { $0 + $1.key.utf8.count + 1 }
    guard textLeft >= 0 else {
      throw refusal(.flaxLimit, "all names", "at most \(Self.textLimit.grouped) bytes", "more")
    }
  }

  private mutating func push(_ frame: Frame) throws(FlatFormatError) {
    guard stack.count < Self.depthLimit else {
      throw refusal(.flaxLimit, place, "at most \(Self.depthLimit) levels", "more")
    }
    pathBytes += stack.last.map { $0.key.utf8.count + 1 } ?? 0
    guard pathBytes <= Self.keyLimit else {
      throw refusal(.flaxLimit, place, "names of at most \(Self.keyLimit.grouped) bytes", "longer ones")
    }
    stack.append(frame)
  }

  /// Goes back to the map or list around the innermost one.
  private mutating func pop() {
    stack.removeLast()
    pathBytes -= stack.last.map { $0.key.utf8.count + 1 } ?? 0
  }

  /// The next key of a map, which has not had it before.
  private mutating func key(_ level: Int) throws(FlatFormatError) -> String {
    // Made only for an error: there may be half a million keys, each below a long name.
    func place() -> String {
      let outer = FlaxNames.name(stack.dropLast().map(\.key))
      return stack.count == 1 ? "the outermost map" : "map \(TensorName(outer).quoted)"
    }
    let head = try cursor.head()
    guard case .text(let count) = head, count <= Self.keyLimit else {
      throw refusal(
        .flaxKey, place(), "keys that are texts of at most \(Self.keyLimit.grouped) bytes", head.words)
    }
    guard let key = String(validating: try cursor.bytes(count), as: UTF8.self) else {
      throw refusal(.flaxKey, place(), "keys in UTF-8", "other bytes")
    }
    guard stack[level].known.insert(TensorName(key)).inserted else {
      throw refusal(.flaxKey, place(), "every key once", "\(TensorName(key).quoted) twice")
    }
    return key
  }

  private func refusal(
    _ rule: FlatFormatRule, _ place: String, _ expected: String, _ found: String
  ) -> FlatFormatError {
    .refused(rule, path: path, place: place, expected: expected, found: found)
  }
}

extension FlaxTree {
  /// An array of more than 2³⁰ bytes: `{"__msgpack_chunked_array__": true, "shape": {"0": …}, "chunks": {"0": …}}`, whose
  /// chunks are lists of its elements.
  private mutating func readChunked(_ level: Int) throws(FlatFormatError) {
    let name = TensorName(FlaxNames.name(stack.dropLast().map(\.key)))
    let place = "chunked array \(name.quoted)"
    func broken(_ expected: String, _ found: String) -> FlatFormatError {
      refusal(.flaxChunks, place, expected, found)
    }
    guard level > 0, stack[level].known.count == 1, stack[level].left == 2,
      try cursor.head() == .boolean(true)
    else { throw broken("a map below a name, with true, a shape and chunks", "something else") }
    var shape: [Int]?
    var chunks: [FlaxArray]?
    for _ in 0..<2 {
      switch try key(level) {
      case "shape":
        shape = try numbered(broken) { (number) throws(FlatFormatError) in
          guard case .integer(let extent?) = try cursor.head(), extent >= 0 else {
            throw broken("extents that are whole numbers, 0 or more", "extent \(number), which is not")
          }
          return extent
        }
      case "chunks":
        chunks = try numbered(broken) { (number) throws(FlatFormatError) in
          guard case .extended(type: 1, let count) = try cursor.head() else {
            throw broken("chunks that are arrays", "chunk \(number), which is not")
          }
          return try FlaxArray(cursor, count: count, "\(place), chunk \(number)")
        }
      case let other: throw broken("a shape and chunks", TensorName(other).quoted)
      }
    }
    guard let shape, let chunks, let first = chunks.first else { throw broken("at least one chunk", "none") }
    guard shape.count <= 64, chunks.allSatisfy({ $0.shape.count == 1 && $0.dtype == first.dtype }) else {
      throw broken("chunks that are lists of one dtype", "others")
    }
    pop()
    try spend()
    entries.append(Entry(keys: keys, array: chunks, shape: shape))
  }

  /// A map from "0", "1", … in any order to values.
  private func numbered<Value>(
    _ broken: (String, String) -> FlatFormatError, _ value: (Int) throws(FlatFormatError) -> Value
  ) throws(FlatFormatError) -> [Value] {
    let head = try cursor.head()
    guard case .map(let count) = head, count <= Self.chunkLimit else {
      throw broken("a map of at most \(Self.chunkLimit.grouped) numbered values", head.words)
    }
    var values: [Int: Value] = [:]
    for _ in 0..<count {
      let key = try cursor.head()
      guard case .text(let length) = key, length <= 8,
        let text = String(validating: try cursor.bytes(length), as: UTF8.self), let number = Int(text),
        String(number) == text, (0..<count).contains(number), values[number] == nil
      else { throw broken("the numbers from 0 on, each once", "another key") }
      values[number] = try value(number)
    }
    return (0..<count).compactMap { values[$0] }
  }
}
