import HDF5Kit

@testable import UnitCheckpoints

// The metadata group, and tables that refer to each other.
extension ForgedCheckpoint {
  static let metadata = [
    ForgedCheckpoint(.tableType, "signed units") { $0.tableTypes[.units] = .i32 },
    ForgedCheckpoint(.tableType, "tensors as bytes") { $0.tableTypes[.tensors] = .u8 },
    ForgedCheckpoint(.tableSize, "never written") {
      try $0.dropStorage(of: "tessera/units", at: $0.place(of: .units))
    },
    ForgedCheckpoint(.indexChecksum, "a changed digest", sealed: false) {
      $0.tables.tensors[0].sha256[3] ^= 1
    },
    ForgedCheckpoint(.indexChecksum, "a changed plan", sealed: false) {
      try $0.replan("\"bias\"", by: "\"bios\"")
    },
    ForgedCheckpoint(.headersChecksum, "a changed header", sealed: false) {
      try CheckpointForger.replace(&$0.headers[0], #""bias""#, by: #""bins""#)
    },
    ForgedCheckpoint(.limit, "too many networks") { forger in
      let row = NetworkRow(name: -1, units: .none)
      forger.tables.networks += [NetworkRow](repeating: row, count: 65_537 - forger.tables.networks.count)
      forger.tables.tasks[0].networks.count = 65_537
    },
    ForgedCheckpoint(.source, "not JSON") { $0.tables.source[0] = UInt8(ascii: "[") },
    ForgedCheckpoint(.source, "another document") {
      try $0.resource("tessera.source/1", by: "tessera.source/9")
    },
    ForgedCheckpoint(.source, "too few tensors") { try $0.resource(#""tensors": 5"#, by: #""tensors": 4"#) },
    ForgedCheckpoint(.source, "an index without a name", .sharded) {
      try $0.resource("\"index\": {\n    \"name\"", by: "\"index\": {\n    \"nome\"")
    },
    ForgedCheckpoint(.source, "free text that is a number", .mixed) {
      try $0.resource(#""metadata": {"#, by: #""metadata": { "more": 1,"#)
    },
    ForgedCheckpoint(.sourceHeaders, "no shard has the header") {
      try $0.resource(#""header": 0"#, by: #""header": null"#)
    },
    ForgedCheckpoint(.sourceHeaders, "one header more than shards") { $0.headers.append([1, 2, 3]) },
    ForgedCheckpoint(.shardIndex, "a changed byte of the index", .sharded) {
      try $0.reindex("weight_map", by: "weight_mop")
    },
    ForgedCheckpoint(.shardIndex, "a digest of another length", .sharded) {
      try $0.resource(#""sha256": ""#, by: #""sha256": "a"#)
    },
    ForgedCheckpoint(.planDisagrees, "a network without a unit of the plan") { forger in
      forger.tables.networks[1].units = forger.append(units: [2, 0])
    },
    ForgedCheckpoint(.planDisagrees, "a unit that the plan does not know") { forger in
      forger.tables.networks[1].units = forger.append(units: [2, 0, 7])
    },
  ]

  static let rows = [
    ForgedCheckpoint(.rowRange, "segments of a cut") { $0.tables.cuts[1].segments.count = .max },
    ForgedCheckpoint(.rowRange, "dimensions of a tensor") {
      try $0.tensor("bias") { $0.dimensions.count = .max }
    },
    ForgedCheckpoint(.rowRange, "units of a tensor") { try $0.tensor("expert") { $0.units.first = 999 } },
    ForgedCheckpoint(.rowRange, "units of a network") { $0.tables.networks[0].units.count = 999 },
    ForgedCheckpoint(.rowRange, "units of an axis", .mixed) { $0.tables.axisUnits[0].units.first = .max },
    ForgedCheckpoint(.rowRange, "networks of a task") { $0.tables.tasks[0].networks.count = 3 },
    ForgedCheckpoint(.rowRange, "networks of a scope", .mixed) { $0.tables.scopes[2].networks.count = 99 },
    ForgedCheckpoint(.rowRange, "networks of a view", .mixed) { $0.tables.views[0].networks.count = 99 },
    ForgedCheckpoint(.rowRange, "axes of a cut") { try $0.dimension("bias", 0) { $0.firstAxis = 7 } },
    ForgedCheckpoint(.rowRange, "no units, from somewhere") { try $0.tensor("bias") { $0.units.first = 4 } },
    ForgedCheckpoint(.unitList, "of a network, more than there can be") {
      $0.tables.networks[0].units.count = 1_025
    },
    ForgedCheckpoint(.rowOrder, "two cuts share segments") { $0.tables.cuts[1].segments.first = 0 },
    ForgedCheckpoint(.rowOrder, "two tensors share dimensions") {
      try $0.tensor("twin") { $0.dimensions.first = 5 }
    },
    ForgedCheckpoint(.rowOrder, "a dimension is skipped") { forger in
      forger.tables.dimensions.insert(DimensionRow(size: 1, cut: -1, firstAxis: 0), at: 5)
      for row in 2..<5 { forger.tables.tensors[row].dimensions.first += 1 }
    },
    ForgedCheckpoint(.rowOrder, "two tasks share networks", .mixed) { $0.tables.tasks[1].networks.first = 0 },
    ForgedCheckpoint(.rowOrder, "two scopes share networks", .mixed) {
      $0.tables.scopes[1].networks.first = 0
    },
    ForgedCheckpoint(.rowLeftOver, "a segment") {
      $0.tables.segments.append(SegmentRow(length: 1, unit: 0, slot: 0))
    },
    ForgedCheckpoint(.rowLeftOver, "a dimension") {
      $0.tables.dimensions.append(DimensionRow(size: 1, cut: -1, firstAxis: 0))
    },
    ForgedCheckpoint(.rowLeftOver, "a network") { $0.tables.tasks[0].networks.count = 1 },
    ForgedCheckpoint(.rowLeftOver, "a network of a scope", .mixed) { $0.tables.scopeNetworks.append(4) },
  ]

  static let names = [
    ForgedCheckpoint(.nameRange, "behind the names") { try $0.tensor("bias") { $0.name = 1 << 30 } },
    ForgedCheckpoint(.nameRange, "three bytes before their end") { forger in
      let end = UInt32(forger.tables.names.count)
      try forger.tensor("bias") { $0.name = end - 3 }
    },
    ForgedCheckpoint(.nameRange, "an axis behind the names") { $0.tables.axes[0].name = .max },
    ForgedCheckpoint(.nameRange, "a level behind the names") { $0.tables.networks[0].name = .max },
    ForgedCheckpoint(.nameRange, "a level below none") { $0.tables.networks[0].name = -2 },
    ForgedCheckpoint(.nameRange, "of a view behind the names", .mixed) { $0.tables.views[0].name = .max },
    ForgedCheckpoint(.nameRange, "too long") { $0.tables.names[3] = 0x7F },
    ForgedCheckpoint(.nameText, "not UTF-8") { $0.tables.names[4] = 0xFF },
    ForgedCheckpoint(.nameOverlap, "an axis inside a tensor's name") { forger in
      // "conv.weight" contains a name of four bytes, which no other row needs.
      let outer = forger.tables.tensors[0].name + 4
      forger.tables.axes[0].name = outer
      forger.tables.names.replaceSubrange(Int(outer)..<Int(outer) + 4, with: [4, 0, 0, 0])
    },
    ForgedCheckpoint(.nameOverlap, "a name inside another") { forger in
      // "conv.weight" contains a name of seven bytes, which is longer than "bias".
      let outer = forger.tables.tensors[0].name + 4
      try forger.tensor("bias") { $0.name = outer }
      forger.tables.names.replaceSubrange(Int(outer)..<Int(outer) + 4, with: [7, 0, 0, 0])
    },
    ForgedCheckpoint(.tensorName, "twice") { forger in
      let first = forger.tables.tensors[0].name
      try forger.tensor("bias") { $0.name = first }
    },
    ForgedCheckpoint(.unitList, "a unit beyond the limit") {
      $0.tables.networks[1].units = $0.append(units: [1024])
    },
    ForgedCheckpoint(.unitList, "a network's unit twice") {
      $0.tables.networks[1].units = $0.append(units: [2, 0, 2])
    },
    ForgedCheckpoint(.unitList, "an axis's unit twice", .mixed) {
      $0.tables.axisUnits[0].units = $0.append(units: [1, 1])
    },
    ForgedCheckpoint(.unitList, "an expert's units descend") { forger in
      let rows = forger.append(units: [2, 1])
      try forger.tensor("expert") { $0.units = rows }
    },
    ForgedCheckpoint(.unitList, "an expert's unit twice") { forger in
      let rows = forger.append(units: [2, 2])
      try forger.tensor("expert") { $0.units = rows }
    },
  ]
}
