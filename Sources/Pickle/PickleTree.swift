/// A value in a `PickleTree`.
package struct PickleRef: Hashable, Sendable {
  let number: Int32

  init(_ number: Int) { self.number = Int32(truncatingIfNeeded: number) }

  /// The value's index in the tree, for tables with one entry for each value.
  package var index: Int { Int(number) }
}

/// The name of a class or function that a pickle refers to. It is only a name here and is never looked up.
package struct PickleGlobal: Hashable, Sendable, CustomStringConvertible {
  package let module: String
  package let name: String

  package init(_ module: String, _ name: String) {
    self.module = module
    self.name = name
  }

  package var description: String { "\(module).\(name)" }
}

/// The kind of a value and, if it is not a container, its contents.
package enum PickleValue: Equatable {
  case none
  case boolean(Bool)
  case integer(Int)
  /// An integer that needs more than 64 bits: two's complement, lowest byte first.
  case bigInteger([UInt8])
  case real(Double)
  case text(String)
  /// Bytes, or a text that is too long to be kept.
  case opaque(byteCount: Int)
  case list, tuple, set
  case dictionary
  case global(PickleGlobal)
  /// A call of `children[0]` with the tuple `children[1]`; nothing is called.
  case object
  /// An object outside the pickle; its only child names it.
  case persistent
}

/// The place of a value's bytes in the input. The value is bytes, or text that encodes bytes.
package struct PickleRun: Hashable, Sendable {
  /// How the input encodes the bytes.
  package enum Coding: Sendable {
    /// The bytes themselves.
    case plain
    /// Each byte is the character with its number, in UTF-8. Protocol 2 writes bytes as such a text, because it has no
    /// bytes.
    case latin1
    /// Encoded as for `latin1`, on a line of protocol 0; the value's text contains all of the bytes.
    case held
    /// The bytes have no place: they are a line with Python's escapes, or a buffer outside the pickle.
    case absent
  }

  /// The position of the first byte in the input.
  package let offset: Int
  /// The number of bytes in the input.
  package let count: Int
  package let coding: Coding
}

/// The values of one pickle and their members, as inert data.
///
/// Values are in one array and refer to each other by index. So a value that is used twice is stored once, and neither
/// depth nor cycles use stack.
package struct PickleTree {
  /// The value that the whole pickle describes.
  package internal(set) var root = PickleRef(0)
  /// Every global that the pickle refers to, each once, in order.
  package internal(set) var globals: [PickleGlobal] = []
  /// Globals that get a state (BUILD): Python would set attributes of the class, function or module itself.
  package internal(set) var changedGlobals: Set<PickleGlobal> = []
  /// The position of the first byte after the pickle.
  package internal(set) var end = 0

  enum Kind: UInt8 {
    case none, boolean, integer, bigInteger, real, text, opaque, list, tuple, set, dictionary, global, object,
      persistent
  }

  struct Node {
    var kind: Kind
    /// The number itself, the bits of a double, or an index into `texts`, `bigs`, `runs`, `globals` or `additions`.
    var value: Int = -1
    /// The members in order; in a dictionary, keys and values alternate.
    var children: [PickleRef] = []
  }

  /// The states, entries and items that an object gets after it is made.
  struct Additions {
    var states: [PickleRef] = []
    /// Keys and values alternate.
    var entries: [PickleRef] = []
    var items: [PickleRef] = []
  }

  var nodes: [Node] = []
  var texts: [String] = []
  /// The place of each text in `texts`.
  var textRuns: [PickleRun] = []
  /// The place of each opaque value.
  var runs: [PickleRun] = []
  var bigs: [[UInt8]] = []
  var additions: [Additions] = []

  package var count: Int { nodes.count }

  /// The value's kind, and its contents unless it is a container; see `children` for members.
  package func value(_ ref: PickleRef) -> PickleValue {
    let node = nodes[ref.index]
    switch node.kind {
    case .none: return .none
    case .boolean: return .boolean(node.value != 0)
    case .integer: return .integer(node.value)
    case .bigInteger: return .bigInteger(bigs[node.value])
    case .real: return .real(Double(bitPattern: UInt64(bitPattern: Int64(node.value))))
    case .text: return .text(texts[node.value])
    case .opaque: return .opaque(byteCount: runs[node.value].count)
    case .list: return .list
    case .tuple: return .tuple
    case .set: return .set
    case .dictionary: return .dictionary
    case .global: return .global(globals[node.value])
    case .object: return .object
    case .persistent: return .persistent
    }
  }

  /// The place of a value's bytes in the input; nil unless the value is a text or bytes.
  package func run(_ ref: PickleRef) -> PickleRun? {
    let node = nodes[ref.index]
    switch node.kind {
    case .text: return textRuns[node.value]
    case .opaque: return runs[node.value]
    default: return nil
    }
  }

  /// The members of a container; in a dictionary, keys and values alternate. For an object, its callable and arguments.
  package func children(_ ref: PickleRef) -> [PickleRef] { nodes[ref.index].children }

  /// The states that BUILD gives an object.
  package func states(_ ref: PickleRef) -> [PickleRef] { added(ref)?.states ?? [] }

  /// The keys and values, alternating, that are set in an object.
  package func entries(_ ref: PickleRef) -> [PickleRef] { added(ref)?.entries ?? [] }

  /// The items that are appended to an object.
  package func items(_ ref: PickleRef) -> [PickleRef] { added(ref)?.items ?? [] }

  /// Whether the object gets a state, entries or items after it is made.
  package func isChanged(_ ref: PickleRef) -> Bool { added(ref) != nil }

  private func added(_ ref: PickleRef) -> Additions? {
    let node = nodes[ref.index]
    return node.kind == .object && node.value >= 0 ? additions[node.value] : nil
  }
}
