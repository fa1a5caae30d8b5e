/// One node of a B-tree of version 1: the index of an old-style group, or of a dataset's chunks.
///
/// Keys and children alternate: key, child, key, child, …, key. The contents of a child are between its two keys.
struct BTreeV1Node: Sendable {
  enum Kind: UInt8, Sendable { case group = 0, chunks = 1 }

  /// The level: 0 for a leaf, whose children are symbol table nodes or chunks.
  let level: Int
  let childCount: Int
  private let entries: ByteCursor
  private let keySize: Int

  /// - Parameter level: the level that the parent's level requires; nil for the root.
  init(
    _ context: FileContext, at address: Int, kind: Kind, keySize: Int, level expectedLevel: Int?
  ) throws(HDF5Error) {
    var cursor = try context.cursor(at: address, count: 8 + 2 * context.addressWidth, in: "B-tree node")
    try cursor.signature("TREE")
    let type = try cursor.u8()
    guard type == kind.rawValue else {
      throw cursor.malformed(expected: "a B-tree of type \(kind.rawValue)", found: "\(type)")
    }
    level = Int(try cursor.u8())
    if let expectedLevel, level != expectedLevel {
      throw cursor.malformed(expected: "a node of level \(expectedLevel)", found: "\(level)")
    }
    guard level < context.limits.treeDepth else {
      throw context.limit(
        "\(context.limits.treeDepth) levels", found: "\(level + 1)", in: "B-tree", at: address)
    }
    childCount = try cursor.u16()
    if kind == .group, let k = context.groupNodeK, childCount > 2 * k {
      throw cursor.malformed(expected: "at most \(2 * k) children", found: "\(childCount)")
    }
    self.keySize = keySize
    let count = (childCount + 1) * keySize + childCount * context.addressWidth
    let header = 8 + 2 * context.addressWidth
    // An empty node at the end of the file may lack the bytes of its only key.
    entries = try context.cursor(at: address + header, count: childCount == 0 ? 0 : count, in: "B-tree node")
  }

  /// A cursor at key `index`, which is at most `childCount`.
  func key(_ index: Int) throws(HDF5Error) -> ByteCursor {
    var cursor = entries
    try cursor.skip(index * (keySize + entries.context.addressWidth))
    return try cursor.part(keySize)
  }

  func child(_ index: Int) throws(HDF5Error) -> Int {
    var cursor = entries
    try cursor.skip(index * (keySize + entries.context.addressWidth) + keySize)
    return try cursor.definedAddress(of: "a B-tree node's child")
  }
}

/// The nodes that one traversal has visited. A second visit means a cycle, or a tree that grows without limit.
struct VisitedNodes {
  private var addresses: Set<Int> = []

  mutating func enter(_ address: Int, _ context: FileContext) throws(HDF5Error) {
    guard addresses.insert(address).inserted else {
      throw context.malformed(
        "B-tree", at: address, expected: "every node once", found: "a node that was met before")
    }
  }
}
