/// A table while a document is read. A class, because headers return to tables that are already in others.
final class TOMLTable {
  /// The keys and values in the order of the text.
  private(set) var members: [(key: String, entry: TOMLEntry)] = []
  private var places: [UTF8Key: Int] = [:]
  /// Whether a header or the dotted keys of a finished section have defined the table, so that none may do so again.
  var isDefined = false
  /// Whether the table was written in braces, so that nothing may be added after them.
  let isInline: Bool
  /// The number of tables and arrays around the values of this table.
  let depth: Int

  init(depth: Int, isInline: Bool = false) {
    self.depth = depth
    self.isInline = isInline
  }

  /// The member with this key, whose bytes are compared.
  func member(_ key: String) -> TOMLEntry? { places[UTF8Key(key)].map { members[$0].entry } }

  /// Adds a member; the key must be new.
  func add(_ key: String, _ node: TOMLNode, at offset: Int) {
    places[UTF8Key(key)] = members.count
    members.append((key, TOMLEntry(node: node, offset: offset)))
  }

  /// The table with its values, in the order of the text.
  var object: JSONObject {
    JSONObject(distinct: members.map { JSONMember(key: $0.key, value: $0.entry.node.value) })
  }
}

/// A value, and the byte at which it or its key begins.
struct TOMLEntry {
  let node: TOMLNode
  let offset: Int
}

/// An array of tables, which headers in double brackets make longer.
final class TOMLTableArray {
  var tables: [(table: TOMLTable, offset: Int)] = []
}

/// A value while a document is read.
enum TOMLNode {
  case scalar(JSONValue)
  case array([TOMLEntry])
  case table(TOMLTable)
  case tables(TOMLTableArray)

  var value: JSONValue {
    switch self {
    case .scalar(let value): value
    case .array(let nodes): .array(nodes.map(\.node.value))
    case .table(let table): .object(table.object)
    case .tables(let array): .array(array.tables.map { .object($0.table.object) })
    }
  }
}
