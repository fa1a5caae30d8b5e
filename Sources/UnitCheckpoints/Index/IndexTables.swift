/// The raw tables of an index, row by row, before anything in them is believed.
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

  init() {}

  /// Rows from the bytes of the tables; the bytes are whole rows, because HDF5 has said so.
  init(bytes: (Layout.Table) -> [UInt8]) {
    names = bytes(.names)
    tensors = Self.rows(bytes(.tensors))
    dimensions = Self.rows(bytes(.dimensions))
    cutAxes = Self.numbers(bytes(.cutAxes))
    axes = Self.rows(bytes(.axes))
    cuts = Self.rows(bytes(.cuts))
    segments = Self.rows(bytes(.segments))
    units = Self.numbers(bytes(.units))
    tasks = Self.rows(bytes(.tasks))
    networks = Self.rows(bytes(.networks))
    axisUnits = Self.rows(bytes(.axisUnits))
    scopes = Self.rows(bytes(.scopes))
    scopeNetworks = Self.numbers(bytes(.scopeNetworks))
    views = Self.rows(bytes(.views))
    owned = Self.rows(bytes(.owned))
    reordered = Self.rows(bytes(.reordered))
    sections = Self.rows(bytes(.sections))
    pages = bytes(.pages).withUnsafeBytes { buffer in
      (0..<buffer.count / 8).map {
        UInt64(littleEndian: buffer.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self))
      }
    }
    plan = bytes(.plan)
    source = bytes(.source)
  }

  /// The bytes of a table.
  func bytes(of table: Layout.Table) -> [UInt8] {
    switch table {
    case .names: names
    case .tensors: Self.encode(tensors)
    case .dimensions: Self.encode(dimensions)
    case .cutAxes: Self.encode(cutAxes)
    case .axes: Self.encode(axes)
    case .cuts: Self.encode(cuts)
    case .segments: Self.encode(segments)
    case .units: Self.encode(units)
    case .tasks: Self.encode(tasks)
    case .networks: Self.encode(networks)
    case .axisUnits: Self.encode(axisUnits)
    case .scopes: Self.encode(scopes)
    case .scopeNetworks: Self.encode(scopeNetworks)
    case .views: Self.encode(views)
    case .owned: Self.encode(owned)
    case .reordered: Self.encode(reordered)
    case .sections: Self.encode(sections)
    case .pages: pages.flatMap { withUnsafeBytes(of: $0.littleEndian) { Array($0) } }
    case .plan: plan
    case .source: source
    }
  }

  /// How many rows a table has.
  func rowCount(of table: Layout.Table) -> Int {
    switch table {
    case .names: names.count
    case .tensors: tensors.count
    case .dimensions: dimensions.count
    case .cutAxes: cutAxes.count
    case .axes: axes.count
    case .cuts: cuts.count
    case .segments: segments.count
    case .units: units.count
    case .tasks: tasks.count
    case .networks: networks.count
    case .axisUnits: axisUnits.count
    case .scopes: scopes.count
    case .scopeNetworks: scopeNetworks.count
    case .views: views.count
    case .owned: owned.count
    case .reordered: reordered.count
    case .sections: sections.count
    case .pages: pages.count
    case .plan: plan.count
    case .source: source.count
    }
  }

  private static func rows<Row: IndexRow>(_ bytes: [UInt8]) -> [Row] {
    bytes.withUnsafeBytes { buffer in
      var cursor = ByteCursor(buffer)
      let count = buffer.count / Row.size
      var rows: [Row] = []
      rows.reserveCapacity(count)
      for _ in 0..<count { rows.append(Row(from: &cursor)) }
      return rows
    }
  }

  private static func numbers(_ bytes: [UInt8]) -> [UInt32] {
    bytes.withUnsafeBytes { buffer in
      (0..<buffer.count / 4).map {
        UInt32(littleEndian: buffer.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self))
      }
    }
  }

  private static func encode(_ rows: [some IndexRow]) -> [UInt8] {
    var writer = ByteWriter()
    for row in rows { row.encode(into: &writer) }
    return writer.bytes
  }

  private static func encode(_ numbers: [UInt32]) -> [UInt8] {
    var writer = ByteWriter()
    for number in numbers { writer.append(number) }
    return writer.bytes
  }
}
