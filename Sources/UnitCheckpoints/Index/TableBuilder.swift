internal import Tensors
internal import UnitModel

/// Makes the tables of an index from a partition and an assignment, except sections, pages and digests.
struct TableBuilder {
  private(set) var tables = IndexTables()
  private var lists = UnitLists()
  private var knownNames: [TensorName: UInt32] = [:]
  private var knownCuts: [[SegmentKey]: Int] = [:]
  private var knownAxisLists: [[Int]: Int] = [:]
  /// The last four cuts with their rows; most tensors have the same cut as one of them.
  private var lastCuts: [(cut: DimensionCut, row: Int32, firstAxis: UInt32)] = []
  private var knownScopes: [[Int]: Int] = [:]
  private let axisRows: [AxisName: Int]
  private var networks: [VirtualNetwork] = []
  /// For each task, the row of its first network, and the number of its networks.
  private var firstNetworks: [TaskID: (first: Int, count: Int)] = [:]

  /// - Parameter ties: for each tensor, the row of the tensor whose bytes it shares, or nil.
  init(_ partition: Partition, _ assignment: Assignment, ties: [Int?]) {
    axisRows = Dictionary(
      partition.axes.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    for axis in partition.axes { append(axis) }
    for task in assignment.tasks { append(task, in: assignment) }
    let masks = TaskMasks(partition.tensors)
    let masked = Set(masks.masked)
    var places: [TensorName: Int] = [:]
    if partition.tensors.contains(where: { $0.owners != nil }) {
      for (place, tensor) in partition.tensors.enumerated() { places[tensor.spec.name] = place }
    }
    for (number, placement) in partition.tensors.enumerated() {
      let scope = append(placement.scope)
      append(placement, tiedTo: ties[number], scope: scope)
      appendReorderings(of: placement, number)
      if placement.scope.isPrivate || masked.contains(number) {
        appendViews(of: placement, number, scope: scope, masks)
      }
      if ties[number] == nil, placement.spec.elementCount > 0, let owners = placement.owners,
        let map = places[owners.map]
      {
        append(owners, of: number, map: map)
      }
    }
    tables.units = lists.items
  }

  /// Adds a row for each section of `census`, in the order in which this writer writes them.
  mutating func append(_ census: SectionCensus) {
    for number in census.keys.indices.sorted(by: { census.keys[$0] < census.keys[$1] }) {
      let key = census.keys[number]
      let units = lists.rows(of: key.units)
      tables.sections.append(
        SectionRow(
          kind: key.kind.rawValue, tensor: key.tensor.map { Int32(clamping: $0) } ?? -1,
          scope: key.scope.map { Int32(clamping: $0) } ?? -1, units: units, dtype: key.dtype.rawValue,
          address: Layout.noAddress, bytes: UInt64(census.byteCounts[number])))
    }
    tables.units = lists.items
  }

  // MARK: Names

  private mutating func name(_ text: String) -> UInt32 {
    if let known = knownNames[TensorName(text)] { return known }
    let offset = newName(text)
    knownNames[TensorName(text)] = offset
    return offset
  }

  private mutating func newName(_ text: String) -> UInt32 {
    let offset = UInt32(clamping: tables.names.count)
    var writer = ByteWriter()
    writer.append(UInt32(clamping: text.utf8.count))
    writer.append(text.utf8)
    tables.names += writer.bytes
    return offset
  }

  // MARK: Tasks and axes

  private mutating func append(_ axis: ChannelAxis) {
    let segments = axis.runs.map {
      SegmentKey(unit: $0.unit?.index ?? -1, slot: 0, length: $0.channels.count)
    }
    tables.axes.append(AxisRow(name: name(axis.name.text), cut: UInt32(clamping: cut(segments))))
  }

  private mutating func append(_ task: TaskAssignment, in assignment: Assignment) {
    let first = networks.count
    let own = task.numberedLevels.compactMap { try? assignment.network(task: task.task, level: $0.number) }
    lists.store(own.map { $0.orderedUnits().map(\.index) })
    for axis in task.axes { lists.store(own.map { $0.orderedUnits(on: axis.axis).map(\.index) }) }
    for network in own {
      tables.networks.append(
        NetworkRow(
          name: network.levelName.map { Int32(clamping: name($0)) } ?? -1,
          units: lists.rows(of: network.orderedUnits().map(\.index))))
      let axes = task.axes.compactMap { axis in axisRows[axis.axis].map { (row: $0, name: axis.axis) } }
      for axis in axes.sorted(by: { $0.row < $1.row }) {
        tables.axisUnits.append(
          AxisUnitsRow(
            network: UInt32(clamping: networks.count), axis: UInt32(clamping: axis.row),
            units: lists.rows(of: network.orderedUnits(on: axis.name).map(\.index))))
      }
      networks.append(network)
    }
    firstNetworks[task.task] = (first, own.count)
    tables.tasks.append(
      TaskRow(name: name(task.task.text), networks: RowRange(own.isEmpty ? 0 : first, own.count)))
  }

  // MARK: Tensors

  private mutating func append(_ placement: TensorPlacement, tiedTo: Int?, scope: Int?) {
    let spec = placement.spec
    let first = tables.dimensions.count
    for (extent, cut) in zip(spec.shape, placement.cuts) { append(extent, cut) }
    tables.tensors.append(
      TensorRow(
        name: newName(spec.name.text), dtype: spec.dtype.rawValue,
        dimensions: RowRange(spec.shape.isEmpty ? 0 : first, spec.shape.count),
        tiedTo: tiedTo.map { Int32(clamping: $0) } ?? -1, scope: scope.map { Int32(clamping: $0) } ?? -1,
        units: lists.rows(of: placement.units.map(\.index)), sha256: [UInt8](repeating: 0, count: 32)))
  }

  private mutating func append(_ extent: Int, _ cut: DimensionCut?) {
    guard let cut else {
      tables.dimensions.append(DimensionRow(size: UInt64(extent), cut: -1, firstAxis: 0))
      return
    }
    if let last = lastCuts.first(where: { $0.cut == cut }) {
      tables.dimensions.append(DimensionRow(size: UInt64(extent), cut: last.row, firstAxis: last.firstAxis))
      return
    }
    let axes = Set(cut.parts.compactMap(\.axis)).compactMap { axisRows[$0] }.sorted()
    var slots: [Int: Int] = [:]
    for (slot, axis) in axes.enumerated() { slots[axis] = slot }
    let parts = cut.parts.map { part in
      (unit: part.unit?.index ?? -1, slot: part.axis.flatMap { axisRows[$0] }.flatMap { slots[$0] } ?? 0)
    }
    let segments = cut.segments.map {
      SegmentKey(unit: parts[$0.part].unit, slot: parts[$0.part].slot, length: $0.length)
    }
    let row = DimensionRow(
      size: UInt64(extent), cut: Int32(clamping: self.cut(segments)),
      firstAxis: UInt32(clamping: axisList(axes)))
    tables.dimensions.append(row)
    if lastCuts.count == 4 { lastCuts.removeFirst() }
    lastCuts.append((cut, row.cut, row.firstAxis))
  }

  private mutating func axisList(_ axes: [Int]) -> Int {
    if axes.isEmpty { return 0 }
    if let known = knownAxisLists[axes] { return known }
    let first = tables.cutAxes.count
    tables.cutAxes += axes.map { UInt32(clamping: $0) }
    knownAxisLists[axes] = first
    return first
  }

  private struct SegmentKey: Hashable {
    let unit: Int
    let slot: Int
    let length: Int
  }

  private mutating func cut(_ segments: [SegmentKey]) -> Int {
    if let known = knownCuts[segments] { return known }
    let row = tables.cuts.count
    tables.cuts.append(CutRow(segments: RowRange(tables.segments.count, segments.count)))
    tables.segments += segments.map {
      SegmentRow(length: UInt64($0.length), unit: Int32(clamping: $0.unit), slot: UInt32(clamping: $0.slot))
    }
    knownCuts[segments] = row
    return row
  }

  // MARK: Scopes, names, masks, owners, orders

  private mutating func append(_ scope: TensorScope) -> Int? {
    guard scope.isPrivate else { return nil }
    let rows = networkRows(of: scope)
    if let known = knownScopes[rows] { return known }
    let row = tables.scopes.count
    tables.scopes.append(
      ScopeRow(networks: RowRange(rows.isEmpty ? 0 : tables.scopeNetworks.count, rows.count)))
    tables.scopeNetworks += rows.map { UInt32(clamping: $0) }
    knownScopes[rows] = row
    return row
  }

  private func networkRows(of scope: TensorScope) -> [Int] {
    var rows = Set<Int>()
    for user in scope.users {
      guard let own = firstNetworks[user.task] else { continue }
      guard let level = user.level else {
        rows.formUnion(own.first..<own.first + own.count)
        continue
      }
      if level.value >= 1, level.value <= own.count { rows.insert(own.first + level.value - 1) }
    }
    return rows.sorted()
  }

  private mutating func appendViews(
    of placement: TensorPlacement, _ number: Int, scope: Int?, _ masks: TaskMasks
  ) {
    let rows = scope == nil ? Array(networks.indices) : networkRows(of: placement.scope)
    var last: (task: TaskID, alias: TensorName?, mask: Int?, end: Int)?
    for row in rows {
      let network = networks[row]
      var alias = placement.scope.user(task: network.task, level: network.level)?.alias
      if alias == placement.spec.name { alias = nil }
      let mask = masks.mask(of: number, in: network)
      guard alias != nil || mask != nil else { continue }
      if let open = last, open == (network.task, alias, mask, row) {
        tables.views[tables.views.count - 1].networks.count += 1
      } else {
        tables.views.append(
          ViewRow(
            tensor: UInt32(clamping: number), networks: RowRange(row, 1),
            name: alias.map { Int32(clamping: name($0.text)) } ?? -1,
            mask: mask.map { Int32(clamping: $0) } ?? -1))
      }
      last = (network.task, alias, mask, row + 1)
    }
  }

  private mutating func append(_ owners: ElementOwners, of number: Int, map: Int) {
    for (owner, count) in owners.elements.enumerated() where count > 0 {
      tables.owned.append(
        OwnedRow(
          tensor: UInt32(clamping: number), map: UInt32(clamping: map), unit: Int32(clamping: owner - 1),
          elements: UInt64(count)))
    }
  }

  private mutating func appendReorderings(of placement: TensorPlacement, _ number: Int) {
    guard placement.featureOrder == .task else { return }
    for (dimension, use) in placement.compactDimensions {
      guard let axis = axisRows[use.axis] else { continue }
      tables.reordered.append(
        ReorderedRow(
          tensor: UInt32(clamping: number), dimension: UInt32(clamping: dimension),
          axis: UInt32(clamping: axis), inner: UInt64(use.inner), outer: UInt64(use.outer)))
    }
  }
}

extension RowRange {
  init(_ first: Int, _ count: Int) {
    self.init(first: UInt32(clamping: first), count: UInt32(clamping: count))
  }
}

/// Lists of units, each stored once; a level's list is often the beginning of another one.
private struct UnitLists {
  private(set) var items: [UInt32] = []
  private var known: [[Int]: Int] = [:]

  /// Stores the lists of one task, longest first, so that the others can be parts of it.
  mutating func store(_ lists: [[Int]]) {
    guard let longest = lists.max(by: { $0.count < $1.count }) else { return }
    let first = Int(rows(of: longest).first)
    for list in lists where !list.isEmpty && known[list] == nil && longest.starts(with: list) {
      known[list] = first
    }
  }

  mutating func rows(of list: [Int]) -> RowRange {
    if list.isEmpty { return .none }
    if let first = known[list] { return RowRange(first, list.count) }
    let first = items.count
    items += list.map { UInt32(clamping: $0) }
    known[list] = first
    return RowRange(first, list.count)
  }
}
