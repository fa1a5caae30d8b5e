/// All messages of an object, from its header and the header's continuation blocks.
struct ObjectHeader: Sendable {
  let context: FileContext
  /// The file offset of the header: the object's identity in the file.
  let address: Int
  let messages: [HeaderMessage]
  /// Bytes of the header with all its blocks.
  let byteCount: Int

  init(_ context: FileContext, at address: Int) throws(HDF5Error) {
    self.context = context
    self.address = address
    var first = try context.cursor(at: address, count: 4, in: "object header")
    let start = try first.take(4)
    (messages, byteCount) =
      start == Array("OHDR".utf8)
      ? try HeaderBlocksV2.messages(context, at: address)
      : try HeaderBlocksV1.messages(context, at: address)
  }

  func all(_ kind: HeaderMessage.Kind) -> [HeaderMessage] { messages.filter { $0.kind == kind } }

  /// The message of a kind, or nil; throws if the object has several.
  func only(_ kind: HeaderMessage.Kind) throws(HDF5Error) -> HeaderMessage? {
    let found = all(kind)
    guard found.count <= 1 else {
      throw context.malformed(
        "object header", at: address, expected: "one \(kind.title)", found: "\(found.count)")
    }
    return found.first
  }
}

/// The blocks of one header that are still to be read, each once, and all together within the limits.
struct HeaderBlockQueue {
  private let context: FileContext
  private var pending: [(address: Int, count: Int)] = []
  private var seen: Set<Int> = []
  /// Bytes of all blocks so far.
  private(set) var total = 0

  init(_ context: FileContext) { self.context = context }

  /// Adds a block; throws if it was added before, because the blocks would never end.
  mutating func add(address: Int, count: Int) throws(HDF5Error) {
    guard seen.insert(address).inserted else {
      throw context.malformed(
        "object header", at: address, expected: "a continuation block for the first time", found: "a cycle")
    }
    let (sum, overflow) = total.addingReportingOverflow(count)
    guard count >= 0, !overflow, sum <= context.limits.headerBytes, seen.count <= context.limits.headerBlocks
    else {
      throw context.limit(
        "\(context.limits.headerBytes.grouped) bytes in \(context.limits.headerBlocks) blocks of one object header",
        found: "more", in: "object header", at: address)
    }
    total = sum
    pending.append((address, count))
  }

  /// Adds the block that a continuation message refers to.
  mutating func add(continuation message: HeaderMessage) throws(HDF5Error) {
    var body = message.body
    let address = try body.definedAddress(of: "a continuation block")
    try add(address: address, count: try body.length())
  }

  mutating func next() -> (address: Int, count: Int)? { pending.isEmpty ? nil : pending.removeFirst() }
}
