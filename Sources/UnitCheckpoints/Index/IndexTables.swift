internal import HDF5Kit

/// The raw tables of an index, row by row, before any check.
struct IndexTables {
  var names: [UInt8] = []
  var tensors: [TensorRow] = []
  var dimensions: [DimensionRow] = []
  var cutAxes: [UInt32] = []
  var axes: [AxisRow] = []
  var cuts: [CutRow] = []
  var segments: [SegmentRow] = []
  var units: [UInt32] = []
  var tasks: [TaskRow] = []
  var networks: [NetworkRow] = []
  var axisUnits: [AxisUnitsRow] = []
  var scopes: [ScopeRow] = []
  var scopeNetworks: [UInt32] = []
  var views: [ViewRow] = []
  var owned: [OwnedRow] = []
  var reordered: [ReorderedRow] = []
  var sections: [SectionRow] = []
  var pages: [UInt64] = []
  var plan: [UInt8] = []
  var source: [UInt8] = []
  var part: [UInt8] = []

  init() {}

  /// Decodes the rows. The bytes are whole rows, because the type of each dataset was checked.
  init(bytes: (Layout.Table) -> [UInt8]) {
    for table in Layout.Table.allCases { Self.column(of: table).decode(bytes(table), into: &self) }
  }

  /// The encoded rows of a table.
  func bytes(of table: Layout.Table) -> [UInt8] { Self.column(of: table).encoded(self) }

  /// The number of rows of a table.
  func rowCount(of table: Layout.Table) -> Int { Self.column(of: table).count(in: self) }

  fileprivate static func column(of table: Layout.Table) -> any TableColumn {
    switch table {
    case .names: Column(\.names)
    case .tensors: Column(\.tensors)
    case .dimensions: Column(\.dimensions)
    case .cutAxes: Column(\.cutAxes)
    case .axes: Column(\.axes)
    case .cuts: Column(\.cuts)
    case .segments: Column(\.segments)
    case .units: Column(\.units)
    case .tasks: Column(\.tasks)
    case .networks: Column(\.networks)
    case .axisUnits: Column(\.axisUnits)
    case .scopes: Column(\.scopes)
    case .scopeNetworks: Column(\.scopeNetworks)
    case .views: Column(\.views)
    case .owned: Column(\.owned)
    case .reordered: Column(\.reordered)
    case .sections: Column(\.sections)
    case .pages: Column(\.pages)
    case .plan: Column(\.plan)
    case .source: Column(\.source)
    case .part: Column(\.part)
    }
  }
}

extension Layout.Table {
  /// The HDF5 type of a row.
  var type: HDF5ElementType { IndexTables.column(of: self).type }
}

/// The rows of one table, whatever their type.
private protocol TableColumn {
  var type: HDF5ElementType { get }
  func count(in tables: IndexTables) -> Int
  func encoded(_ tables: IndexTables) -> [UInt8]
  func decode(_ bytes: [UInt8], into tables: inout IndexTables)
}

private struct Column<Row: TableElement>: TableColumn {
  let rows: WritableKeyPath<IndexTables, [Row]>

  init(_ rows: WritableKeyPath<IndexTables, [Row]>) { self.rows = rows }

  var type: HDF5ElementType { Row.elementType }

  func count(in tables: IndexTables) -> Int { tables[keyPath: rows].count }

  func encoded(_ tables: IndexTables) -> [UInt8] {
    if let bytes = tables[keyPath: rows] as? [UInt8] { return bytes }
    var writer = ByteWriter()
    for row in tables[keyPath: rows] { row.encode(into: &writer) }
    return writer.bytes
  }

  func decode(_ bytes: [UInt8], into tables: inout IndexTables) {
    if let rows = bytes as? [Row] {
      tables[keyPath: self.rows] = rows
      return
    }
    tables[keyPath: rows] = bytes.withUnsafeBytes { buffer in
      var cursor = TableCursor(buffer)
      return (0..<buffer.count / Row.size).map { _ in Row(from: &cursor) }
    }
  }
}
