/// A value in a `PickleTree`.
package struct PickleRef: Hashable, Sendable {
  let number: Int32

  init(_ number: Int) { self.number = Int32(truncatingIfNeeded: number) }

  /// Its place among the tree's values, for tables beside the tree.
  package var index: Int { Int(number) }
}

/// A name that a pickle asks Python to look up: a class or a function. Here it is never more than a name.
package struct PickleGlobal: Hashable, Sendable, CustomStringConvertible {
  package let module: String
  package let name: String

  package init(_ module: String, _ name: String) {
    self.module = module
    self.name = name
  }

  package var description: String { "\(module).\(name)" }
}

/// What one value is.
package enum PickleValue: Equatable {
  case none
  case boolean(Bool)
  case integer(Int)
  /// An integer that needs more than 64 bits: two's complement, lowest byte first.
  case bigInteger([UInt8])
  case real(Double)
  case text(String)
  /// Bytes, or text that is too long to be kept.
  case opaque(byteCount: Int)
  case list, tuple, set
  case dictionary
  case global(PickleGlobal)
  /// What calling `children[0]` with the tuple `children[1]` would have made; nothing is called.
  case object
  /// Something outside the pickle, named by its only child.
  case persistent
}

/// Where the bytes of a value lie that is bytes, or text that stands for bytes.
package struct PickleRun: Hashable, Sendable {
  /// How bytes are written.
  package enum Coding: Sendable {
    /// As they are.
    case plain
    /// Each byte as the character of its number, in UTF-8: text of protocol 2, which has no bytes.
    case latin1
    /// The same, and the value's text has all of them: a line of protocol 0.
    case held
    /// Not to be had: a line with Python's escapes, a buffer outside the pickle.
    case absent
  }

  /// Of the first byte, in the input.
  package let offset: Int
  /// Bytes in the input.
  package let count: Int
  package let coding: Coding
}

/// The values of one pickle and which holds which: data, and nothing that runs.
///
/// Values lie in one array and name each other by number. So a value that is used twice is there once, whatever it
/// holds, and neither depth nor circles cost stack.
package struct PickleTree {
  /// The value that the pickle is.
  package internal(set) var root = PickleRef(0)
  /// Every global that the pickle names, each once, in order.
  package internal(set) var globals: [PickleGlobal] = []
  /// Globals that BUILD gives a state: Python sets attributes of the class, function or module itself.
  package internal(set) var changedGlobals: Set<PickleGlobal> = []
  /// The first byte after the pickle.
  package internal(set) var end = 0

  enum Kind: UInt8 {
    case none, boolean, integer, bigInteger, real, text, opaque, list, tuple, set, dictionary, global, object,
      persistent
  }

  struct Node {
    var kind: Kind
    /// The number itself, a double's bits, or a place in `texts`, `bigs`, `runs`, `globals` or `objects`.
    var value: Int = -1
    /// Members in order; of a dictionary keys and values in turn.
    var children: [PickleRef] = []
  }

  /// What an object was given after it was made.
  struct Additions {
    var states: [PickleRef] = []
    /// Keys and values in turn.
    var entries: [PickleRef] = []
    var items: [PickleRef] = []
  }

  var nodes: [Node] = []
  var texts: [String] = []
  /// Of `texts`.
  var textRuns: [PickleRun] = []
  /// Of opaque values.
  var runs: [PickleRun] = []
  var bigs: [[UInt8]] = []
  var additions: [Additions] = []

  /// How many values there are.
  package var count: Int { nodes.count }

  /// What the value is.
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

  /// Where the bytes of a text or of bytes lie; nil for every other value.
  package func run(_ ref: PickleRef) -> PickleRun? {
    let node = nodes[ref.index]
    switch node.kind {
    case .text: return textRuns[node.value]
    case .opaque: return runs[node.value]
    default: return nil
    }
  }

  /// The members of a container, keys and values in turn for a dictionary; what an object was made from.
  package func children(_ ref: PickleRef) -> [PickleRef] { nodes[ref.index].children }

  /// The states that an object was built with.
  package func states(_ ref: PickleRef) -> [PickleRef] { added(ref)?.states ?? [] }

  /// Keys and values in turn that an object was given.
  package func entries(_ ref: PickleRef) -> [PickleRef] { added(ref)?.entries ?? [] }

  /// What was appended to an object.
  package func items(_ ref: PickleRef) -> [PickleRef] { added(ref)?.items ?? [] }

  /// Whether the object was given anything after it was made: a state, entries or items.
  package func isChanged(_ ref: PickleRef) -> Bool { added(ref) != nil }

  private func added(_ ref: PickleRef) -> Additions? {
    let node = nodes[ref.index]
    return node.kind == .object && node.value >= 0 ? additions[node.value] : nil
  }
}
