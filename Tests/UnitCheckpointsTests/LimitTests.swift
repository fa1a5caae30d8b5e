import ByteFiles
import Tensors
import TestSupport
import Testing

@testable import UnitCheckpoints
@testable import UnitModel

/// The limits of one checkpoint: the writer refuses what exceeds them before it writes, the reader before it decodes.
@Suite("Limits of the layout")
struct LimitTests {
  /// Tables with a given number of something, of which `limit` are allowed.
  struct Case: CustomTestStringConvertible, Sendable {
    let label: String
    let limit: Int
    let defect: CheckpointDefect
    let tables: @Sendable (Int) -> IndexTables
    var testDescription: String { label }
  }

  /// Writer and reader use the same decoder, so one refuses what the other refuses.
  static let cases = [
    Case(label: "tensors", limit: LayoutLimits.tensors, defect: .limit) { count in
      var tables = IndexTables()
      tables.names = [0, 0, 0, 0]
      // All names differ; the number of tensors is checked before them.
      for number in 0..<count { tables.add("\(number)", []) }
      return tables
    },
    Case(label: "units", limit: Partition.unitLimit, defect: .unitList) { count in
      var tables = IndexTables()
      tables.units = (0..<UInt32(count)).map { $0 }
      tables.networks = [NetworkRow(name: -1, units: RowRange(0, count))]
      tables.addTask("a", 1)
      return tables
    },
    Case(label: "networks", limit: Assignment.networkLimit, defect: .limit) { count in
      var tables = IndexTables()
      tables.networks = [NetworkRow](repeating: NetworkRow(name: -1, units: .none), count: count)
      tables.addTask("a", count)
      return tables
    },
    Case(label: "units of all networks", limit: LayoutLimits.networkUnits, defect: .limit) { count in
      var tables = IndexTables()
      tables.units = (0..<1024).map { $0 }
      tables.networks = [NetworkRow](
        repeating: NetworkRow(name: -1, units: RowRange(0, 1024)), count: count / 1024)
      if count % 1024 > 0 { tables.networks.append(NetworkRow(name: -1, units: RowRange(0, count % 1024))) }
      tables.addTask("a", tables.networks.count)
      return tables
    },
    Case(
      label: "channels of an axis, positions of a dimension", limit: ChannelAxis.sizeLimit,
      defect: .cutSegment
    ) {
      count in
      var tables = IndexTables()
      tables.addCut([(1, 0, 0), (count - 1, 1, 0)])
      return tables
    },
    Case(label: "segments of a cut", limit: DimensionCut.segmentLimit, defect: .cutSegment) { count in
      var tables = IndexTables()
      tables.addCut((0..<count).map { (1, $0 % 2, 0) })
      return tables
    },
    Case(label: "blocks of a tensor", limit: TensorPlacement.blockLimit, defect: .tensorBlocks) { count in
      // One unit on many axes, so that there is one section.
      var tables = IndexTables()
      tables.addCut([(1, 0, 0)])
      for axis in 0..<1_025 { tables.addAxis("\(axis)") }
      tables.cutAxes = (0..<1_025).map { $0 }
      tables.addCut((0..<1_024).map { (1, 0, $0) })
      tables.addCut((0..<1_025).map { (1, 0, $0) })
      tables.add("w", [(1_024, 1), count > 1 << 20 ? (1_025, 2) : (1_024, 1)])
      return tables
    },
    Case(label: "sections", limit: LayoutLimits.sections, defect: .limit) { count in
      // 361 units make 361 and 64,980 pairs; the others are triples, for tensors that belong to units as a whole.
      var tables = IndexTables()
      tables.addCut((0..<361).map { (1, $0, 0) })
      tables.addAxis("a")
      tables.cutAxes = [0]
      tables.add("w", [(361, 0), (361, 0)])
      for number in 0..<count - 65_341 {
        tables.add("\(number)", [(1, -1)])
        tables.tensors[tables.tensors.count - 1].units = RowRange(tables.units.count, 3)
        tables.units += [0, 1, UInt32(number + 2)]
      }
      return tables
    },
  ]

  private static func decode(_ tables: IndexTables) throws(CheckpointError) {
    var log = DefectLog(goesOn: false)
    let index = try IndexDecoder.decode(tables, path: "m.h5", log: &log)
    _ = try SectionCensus(index, path: "m.h5")
  }

  @Test("what is at a limit is read, and one more is refused", arguments: cases)
  func limits(of one: Case) throws {
    try Self.decode(one.tables(one.limit))
    let error = #expect(throws: CheckpointError.self) { try Self.decode(one.tables(one.limit + 1)) }
    #expect(error?.defect == one.defect, "\(error.map { "\($0)" } ?? "")")
    #expect("\(error.map { "\($0)" } ?? "")".contains(": expected "))
  }

  @Test("blocks of different cuts, and pairs of a tensor and a section, are counted")
  func counts() throws {
    var tables = IndexTables()
    tables.addAxis("a", cut: 0)
    tables.cutAxes = [0]
    tables.addCut([(1, 0, 0), (1, 1, 0), (1, -1, 0)])
    tables.addCut([(1, 0, 0), (2, 1, 0), (1, -1, 0)])
    for number in 0..<10 { tables.add("\(number)", [(3, 0), (4, 1)]) }
    var log = DefectLog(goesOn: false)
    let index = try IndexDecoder.decode(tables, path: "m.h5", log: &log)
    // Blocks: three parts, then three sets of units times three parts. Sections of each tensor: common, two units,
    // their pair.
    _ = try SectionCensus(index, path: "m.h5", blockLimit: 12, stretchLimit: 40)
    for (blocks, stretches) in [(11, 40), (12, 39)] {
      let error = #expect(throws: CheckpointError.self) {
        _ = try SectionCensus(index, path: "m.h5", blockLimit: blocks, stretchLimit: stretches)
      }
      #expect(error?.defect == .limit)
    }
  }

  @Test("lists of units that are far too long are refused before they are made")
  func longLists() throws {
    var tables = IndexTables()
    tables.add("w", [(2, -1)])
    tables.units = [UInt32](repeating: 0, count: 1_025)
    tables.tensors[0].units = RowRange(0, 1_025)
    let error = #expect(throws: CheckpointError.self) { try Self.decode(tables) }
    #expect(error?.defect == .unitList && "\(error.map { "\($0)" } ?? "")".contains("1024 units"))
  }

  @Test("a million axes of a cut, or segments between bytes, cost no time for each tensor that shares them")
  func shared() throws {
    var tables = IndexTables()
    let count = 1 << 18
    for axis in 0..<count { tables.addAxis("\(axis)") }
    tables.cutAxes = (0..<UInt32(count)).map { $0 }
    tables.addCut([(1, 0, 0)])
    tables.addCut((0..<count).map { (2, 0, $0) })
    for number in 0..<120 { tables.add("w\(number)", [(2 * count, 1)], dtype: "U4") }
    // If each tensor walked them, this would take minutes.
    #expect(try threadSeconds { try Self.decode(tables) } < wrongOrderSeconds)
  }

  /// Contents that are too much for a writer, and the defect that it names.
  static let writes:
    [(label: String, defect: CheckpointDefect, contents: @Sendable () throws -> CheckpointContents)] = [
      ("a plan of 128 MiB", .tableSize, { try contents(plan: LayoutLimits.tableBytes) }),
      ("a header of more than 128 MiB", .tableSize, { try contents(header: LayoutLimits.headerBytes + 1) }),
      ("more than 65,536 sections", .limit, { try contents(units: 362) }),
      ("a link of 65,536 bytes", .tensorName, { try contents(name: 65_536) }),
      (
        "names that become a link of three times their bytes", .tensorName,
        { try contents(name: 30_000, "%") }
      ),
    ]

  private static func contents(
    plan: Int = 2, header: Int = 0, units: Int = 2, name: Int = 1, _ letter: String = "n"
  ) throws -> CheckpointContents {
    let tensor = String(repeating: letter, count: name)
    let text =
      #"{"format":"tessera.plan/1","units":\#(units),"axes":{"a":{"size":\#(units)}},"tensors":[{"name":"\#(tensor)","axes":["a","a"]}]}"#
    let spec = try TensorSpec(
      name: TensorName(tensor), dtype: .u8, shape: [units, units])
    return CheckpointContents(
      try Plan(parsing: Array(text.utf8)).resolve(against: [spec]), ties: [nil],
      text: [UInt8](repeating: 32, count: plan), source: Array("{}".utf8),
      headers: header > 0 ? [[UInt8](repeating: 32, count: header)] : [])
  }

  @Test("a writer refuses before it writes anything", arguments: writes.indices)
  func writer(number: Int) throws {
    let (label, defect, contents) = Self.writes[number]
    let folder = try TemporaryFolder()
    let made = try contents()
    let error = #expect(throws: CheckpointError.self) {
      _ = try UnitCheckpointWriter(path: folder.file("m.h5"), contents: made)
    }
    #expect(error?.defect == defect, "\(label): \(error.map { "\($0)" } ?? "")")
    #expect(try folder.names() == [], "\(label)")
  }

  @Test("a writer writes what is below its limits")
  func below() throws {
    let folder = try TemporaryFolder()
    for (number, made) in [
      try Self.contents(), try Self.contents(units: 361), try Self.contents(name: 65_535),
      try Self.contents(name: 21_845, "%"), try Self.contents(header: 1 << 20),
    ].enumerated() {
      let writer = try UnitCheckpointWriter(path: folder.file("\(number).h5"), contents: made)
      _ = writer.map
    }
    // No file appears in its place before it is complete.
    #expect(try folder.names().filter { $0.hasSuffix(".h5") } == [])
  }
}

extension IndexTables {
  private mutating func name(_ text: String) -> UInt32 {
    let offset = UInt32(names.count)
    names += withUnsafeBytes(of: UInt32(text.utf8.count).littleEndian) { Array($0) } + Array(text.utf8)
    return offset
  }

  mutating func addTask(_ text: String, _ count: Int) {
    tasks.append(TaskRow(name: name(text), networks: RowRange(0, count)))
  }

  mutating func addAxis(_ text: String, cut: Int = 0) {
    axes.append(AxisRow(name: name(text), cut: UInt32(cut)))
  }

  mutating func addCut(_ rows: [(length: Int, unit: Int, slot: Int)]) {
    cuts.append(CutRow(segments: RowRange(segments.count, rows.count)))
    segments += rows.map {
      SegmentRow(length: UInt64($0.length), unit: Int32($0.unit), slot: UInt32($0.slot))
    }
  }

  /// Adds a tensor with extents and cuts.
  mutating func add(_ text: String, _ rows: [(size: Int, cut: Int)], dtype: String = "U8") {
    tensors.append(
      TensorRow(
        name: name(text), dtype: dtype, dimensions: RowRange(rows.isEmpty ? 0 : dimensions.count, rows.count),
        tiedTo: -1, scope: -1, units: .none, sha256: [UInt8](repeating: 0, count: 32)))
    dimensions += rows.map { DimensionRow(size: UInt64($0.size), cut: Int32($0.cut), firstAxis: 0) }
  }
}
