/// A TOML document: its value, and the place of each key and entry.
public struct TOMLDocument {
  /// The document as an object, as if it had been written in JSON.
  public let value: JSONValue
  private let root: TOMLTable
  private let bytes: [UInt8]

  init(root: TOMLTable, bytes: [UInt8]) {
    self.root = root
    self.bytes = bytes
    value = .object(root.object)
  }

  /// The place in the text of a key or an array's entry, for errors about its value.
  ///
  /// Only errors need places. A table of all of them would repeat every header for each of its keys.
  ///
  /// - Parameter path: the keys (`String`) and numbers of entries (`Int`) from the root.
  /// - Returns: the place of the last step that exists; nil if not even the first one does.
  public func place(of path: [TOMLStep]) -> JSONPlace? {
    var node = TOMLNode.table(root)
    var found: Int?
    for step in path {
      let next: TOMLEntry?
      switch (step, node) {
      case (.key(let key), .table(let table)): next = table.member(key)
      case (.entry(let number), .array(let nodes)):
        next = nodes.indices.contains(number) ? nodes[number] : nil
      case (.entry(let number), .tables(let array)):
        next =
          array.tables.indices.contains(number)
          ? TOMLEntry(node: .table(array.tables[number].table), offset: array.tables[number].offset) : nil
      default: next = nil
      }
      guard let next else { break }
      (node, found) = (next.node, next.offset)
    }
    return found.map { JSONPlace(of: $0, in: bytes) }
  }
}

/// A step from a value of a document to one inside it.
public enum TOMLStep: Hashable, Sendable {
  /// Into a table.
  case key(String)
  /// Into an array.
  case entry(Int)
}

extension JSONPlace {
  /// The place of a byte; lines are counted only when there is something to report.
  init(of offset: Int, in bytes: [UInt8]) {
    let before = bytes.prefix(offset)
    let start = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    self.init(offset: offset, line: before.count { $0 == 0x0A } + 1, column: offset - start + 1)
  }
}
