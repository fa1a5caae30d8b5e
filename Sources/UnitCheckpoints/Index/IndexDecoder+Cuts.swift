internal import Tensors
internal import UnitModel

// Cuts, axes, tasks and scopes, to which tensors refer.
extension IndexDecoder {
  mutating func decodeCuts() throws(CheckpointError) {
    var next = 0
    for (number, row) in tables.cuts.enumerated() {
      let segments = try range(
        row.segments, following: &next, of: .segments, tables.segments.count, for: .cuts, row: number)
      do throws(CheckpointError) { cuts.append(try decodeCut(segments)) } catch {
        try log.note(error)
        cuts.append(nil)
      }
    }
    try requireNoneLeft(next, of: .segments, tables.segments.count)
  }

  private func decodeCut(_ rows: Range<Int>) throws(CheckpointError) -> IndexedCut {
    guard rows.count <= DimensionCut.segmentLimit, !rows.isEmpty else {
      throw broken(
        .cutSegment, .segments, row: rows.lowerBound, "1 to \(DimensionCut.segmentLimit) segments",
        "\(rows.count)")
    }
    var sizes: [CutPart: Int] = [:]
    var list: [(part: CutPart, length: Int)] = []
    var size = 0
    for row in rows {
      let segment = tables.segments[row]
      let (unit, slot) = (Int(segment.unit), Int(segment.slot))
      let part = CutPart(unit: unit, slot: slot)
      guard (-1..<Partition.unitLimit).contains(unit), unit >= 0 || slot == 0, slot < 1 << 20,
        segment.length > 0, segment.length <= UInt64(ChannelAxis.sizeLimit - size), list.last?.part != part
      else {
        throw broken(
          .cutSegment, .segments, row: row,
          "a length, and a unit and slot that differ from those of the segment before",
          "\(segment.length), \(unit), \(slot)")
      }
      sizes[part, default: 0] += Int(segment.length)
      size += Int(segment.length)
      list.append((part, Int(segment.length)))
    }
    let parts = sizes.keys.sorted()
    var places: [CutPart: Int] = [:]
    for (place, part) in parts.enumerated() { places[part] = place }
    return IndexedCut(
      parts: parts, partSizes: parts.map { sizes[$0] ?? 0 },
      segments: list.map { .init(part: places[$0.part] ?? 0, length: $0.length) }, size: size)
  }

  mutating func decodeAxes() throws(CheckpointError) {
    var seen = Set<TensorName>()
    for (number, row) in tables.axes.enumerated() {
      let name = try names.name(at: row.name, isShared: true, for: .axes, row: number)
      guard seen.insert(TensorName(name)).inserted, Int(row.cut) < cuts.count,
        (cuts[Int(row.cut)]?.slotCount ?? 0) <= 1
      else {
        throw broken(
          .axis, .axes, row: number, "a name that no other axis has, and a cut with one slot",
          "\(TensorName(name).quoted), cut \(row.cut)")
      }
      index.axes.append(IndexedAxis(name: AxisName(name), cut: Int(row.cut)))
    }
  }

  mutating func decodeTasks() throws(CheckpointError) {
    guard tables.networks.count <= Assignment.networkLimit else {
      throw broken(
        .limit, .networks, row: Assignment.networkLimit, "at most \(Assignment.networkLimit) networks",
        "\(tables.networks.count)")
    }
    var unitsLeft = LayoutLimits.networkUnits
    for (number, row) in tables.networks.enumerated() {
      let list = try networkUnits(row.units, &unitsLeft, for: .networks, row: number)
      var name: String?
      if row.name != -1 {
        name = try names.name(at: UInt32(bitPattern: row.name), isShared: true, for: .networks, row: number)
      }
      index.networks.append(IndexedNetwork(levelName: name, units: list))
    }
    var last = (-1, -1)
    for (number, row) in tables.axisUnits.enumerated() {
      let key = (Int(row.network), Int(row.axis))
      guard key.0 < index.networks.count, key.1 < index.axes.count, last < key else {
        throw broken(
          .network, .axisUnits, row: number, "a network and an axis after those of the row before",
          "\(key.0), \(key.1)")
      }
      last = key
      index.networks[key.0].axisUnits[key.1] = try networkUnits(
        row.units, &unitsLeft, for: .axisUnits, row: number)
    }
    var next = 0
    var seen = Set<TensorName>()
    for (number, row) in tables.tasks.enumerated() {
      let name = try names.name(at: row.name, isShared: true, for: .tasks, row: number)
      guard seen.insert(TensorName(name)).inserted else {
        throw broken(.network, .tasks, row: number, "every task once", "\(TensorName(name).quoted) again")
      }
      let rows = try range(
        row.networks, following: &next, of: .networks, tables.networks.count, for: .tasks, row: number)
      index.tasks.append(IndexedTask(task: TaskID(name), networks: rows))
    }
    try requireNoneLeft(next, of: .networks, tables.networks.count)
  }

  private func networkUnits(
    _ rows: RowRange, _ left: inout Int, for table: Layout.Table, row: Int
  ) throws(CheckpointError) -> [Int] {
    left -= Int(rows.count)
    guard left >= 0 else {
      throw broken(
        .limit, table, row: row, "at most \(LayoutLimits.networkUnits) units of all networks", "more")
    }
    let list = try units(rows, for: table, row: row)
    guard Set(list).count == list.count else {
      throw broken(.unitList, table, row: row, "every unit once", "\(list.prefix(8))")
    }
    return list
  }

  mutating func decodeScopes() throws(CheckpointError) {
    var next = 0
    var seen = Set<[Int]>()
    for (number, row) in tables.scopes.enumerated() {
      let rows = try range(
        row.networks, following: &next, of: .scopeNetworks, tables.scopeNetworks.count, for: .scopes,
        row: number)
      let list = tables.scopeNetworks[rows].map { Int($0) }
      guard zip(list, list.dropFirst()).allSatisfy({ $0 < $1 }), (list.last ?? -1) < index.networks.count,
        seen.insert(list).inserted
      else {
        throw broken(
          .scope, .scopes, row: number,
          "ascending networks below \(index.networks.count) that no earlier scope has", "\(list.prefix(8))")
      }
      index.scopes.append(list)
    }
    try requireNoneLeft(next, of: .scopeNetworks, tables.scopeNetworks.count)
  }
}
