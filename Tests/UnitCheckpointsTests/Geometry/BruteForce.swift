import Tensors
import TestSupport
import UnitModel

/// Computes where every element of a random partition belongs, one by one, as the specification states it.
struct BruteForce {
  let random: RandomPartition
  let bytes: [[UInt8]]
  private let placements: [TensorPlacement]
  private let axisRows: [String: Int]

  init(_ random: RandomPartition, bytes: [[UInt8]]) {
    self.random = random
    self.bytes = bytes
    placements = random.partition.tensors
    var rows: [String: Int] = [:]
    for (row, axis) in random.axes.enumerated() { rows[axis.name.text] = row }
    axisRows = rows
  }

  /// A part: common, or a unit on the axis in a row. The order is that of the specification: common first, then by
  /// unit, then by slot, and slots follow the rows of axes.
  private struct Part: Hashable, Comparable {
    let unit: Int
    let axis: Int

    static func < (a: Part, b: Part) -> Bool { (a.unit, a.axis) < (b.unit, b.axis) }
  }

  private func part(_ position: RandomPartition.Position) -> Part {
    Part(unit: position.unit ?? -1, axis: position.axis.flatMap { axisRows[$0] } ?? -1)
  }

  /// The bytes of every dataset of tensors, by path.
  func datasets() -> [String: [UInt8]] {
    var result: [String: [UInt8]] = [:]
    for (number, placement) in placements.enumerated() {
      let dtype = placement.spec.dtype.rawValue
      let isCut = placement.cuts.contains { $0 != nil }
      if !isCut, placement.units.isEmpty, !placement.scope.isPrivate {
        result["tensors/\(placement.spec.name.text)"] = bytes[number]
        continue
      }
      if placement.spec.elementCount == 0 { continue }
      // There is one scope beside that of all networks.
      let prefix = placement.scope.isPrivate ? "private/0/" : ""
      for (key, block) in blocks(number) {
        let units = Set(key.map(\.unit).filter { $0 >= 0 } + placement.units.map(\.index)).sorted()
        let group =
          switch units.count {
          case 0: "common"
          case 1: "intra/\(units[0])"
          default: "inter/\(units.map(String.init).joined(separator: "-"))"
          }
        result["\(prefix)\(group)/\(dtype)", default: []] += block
      }
    }
    return result
  }

  /// The blocks of a tensor in their order: the part on the first dimension that is cut changes slowest.
  private func blocks(_ number: Int) -> [(key: [Part], bytes: [UInt8])] {
    let placement = placements[number]
    let truth = random.truth[number]
    let cut = placement.cuts.indices.filter { placement.cuts[$0] != nil }
    var elements: [[Part]: [Int]] = [:]
    for (element, index) in indexes(of: truth.map(\.count)).enumerated() {
      elements[cut.map { part(truth[$0][index[$0]]) }, default: []].append(element)
    }
    let keys = elements.keys.sorted { $0.lexicographicallyPrecedes($1) }
    return keys.map {
      ($0, Self.pack(elements[$0] ?? [], of: bytes[number], dtype: placement.spec.dtype))
    }
  }

  /// Elements one after the other, packed bit by bit; whole blocks if elements have no bits of their own.
  ///
  /// If the whole tensor is one block, the bits after the last element are kept.
  static func pack(_ elements: [Int], of flat: [UInt8], dtype: DType) -> [UInt8] {
    guard let bits = dtype.bits else {
      let block = dtype.block
      return elements.filter { $0 % block.elements == 0 }.flatMap {
        flat[($0 / block.elements * block.bytes)...].prefix(block.bytes)
      }
    }
    if elements.count * bits > 8 * (flat.count - 1) { return flat }
    if bits % 8 == 0 {
      let width = bits / 8
      return elements.flatMap { flat[$0 * width..<($0 + 1) * width] }
    }
    var result: [UInt8] = []
    var filled = 0
    for element in elements {
      for bit in element * bits..<(element + 1) * bits {
        if filled % 8 == 0 { result.append(0) }
        result[filled / 8] |= (flat[bit / 8] >> UInt8(bit % 8) & 1) << UInt8(filled % 8)
        filled += 1
      }
    }
    return result
  }

  /// A network's part of a tensor: its shape and bytes; nil for a tensor that it does not have.
  func tensor(_ number: Int, in network: VirtualNetwork) -> (shape: [Int], bytes: [UInt8])? {
    let placement = placements[number]
    if placement.scope.isPrivate, network.task.text != "a" { return nil }
    if placement.units.contains(where: { !network.orderedUnits().contains($0) }) { return nil }
    let truth = random.truth[number]
    func isActive(_ position: RandomPartition.Position, _ dimension: Int) -> Bool {
      guard placement.cuts[dimension] != nil, let unit = position.unit, let axis = position.axis else {
        return true
      }
      return network.orderedUnits(on: AxisName(axis)).contains(UnitID(unit))
    }
    let shape = truth.indices.map { dimension in truth[dimension].filter { isActive($0, dimension) }.count }
    let elements = indexes(of: truth.map(\.count)).enumerated().filter { _, index in
      index.enumerated().allSatisfy { isActive(truth[$0][$1], $0) }
    }.map(\.offset)
    return (shape, Self.pack(elements, of: bytes[number], dtype: placement.spec.dtype))
  }
}
