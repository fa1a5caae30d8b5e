import TestSupport

/// One seeded way to break a file.
struct HDF5Mutation {
  private static let marks = [
    "TREE", "SNOD", "HEAP", "OHDR", "OCHK", "FRHP", "FHDB", "FHIB", "BTHD", "BTIN", "BTLF", "FAHD", "FADB",
    "EAHD",
    "EAIB", "EASB", "EADB",
  ].map { Array($0.utf8) }

  /// The places where structures begin; random places in a file are mostly data, where a change has no effect.
  static func structures(of bytes: [UInt8]) -> [Int] {
    var places = [0]
    for place in bytes.indices.dropLast(16) {
      // An object header of version 1: version, zero, a small count, one reference.
      let old =
        bytes[place] == 1 && bytes[place + 1] == 0 && bytes[place + 3] == 0 && bytes[place + 4] == 1
        && place % 8 == 0
      if old || marks.contains(where: { bytes[place..<place + 4].elementsEqual($0) }) { places.append(place) }
    }
    return places
  }

  static func apply(to original: [UInt8], structures: [Int], using random: inout SeededGenerator) -> [UInt8] {
    var bytes = original
    for _ in 0...Int.random(in: 0..<3, using: &random) {
      let near = Bool.random(using: &random)
      let place =
        near
        ? structures[Int.random(in: structures.indices, using: &random)]
          + Int.random(in: 0..<120, using: &random)
        : Int.random(in: bytes.indices, using: &random)
      guard place < bytes.count else { continue }
      switch Int.random(in: 0..<6, using: &random) {
      case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 1: bytes[place] = UInt8.random(in: .min ... .max, using: &random)
      case 2:
        // A number near an end of its range, which sizes and addresses must handle.
        let width = [1, 2, 4, 8][Int.random(in: 0..<4, using: &random)]
        let values: [UInt64] = [
          0, .max, .max - 1, 1 << 63, 1 << 62, 1 << 31, 0xFFFF_FFFF, UInt64(bytes.count), UInt64(place),
          0x7FFF,
        ]
        let value = values[Int.random(in: values.indices, using: &random)]
        for index in 0..<width where place + index < bytes.count {
          bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
        }
      case 3:
        // Another structure in the place of this one.
        let from = structures[Int.random(in: structures.indices, using: &random)]
        let count = Int.random(in: 1..<200, using: &random)
        for index in 0..<count where from + index < original.count && place + index < bytes.count {
          bytes[place + index] = original[from + index]
        }
      case 4:
        // The address of a structure that exists: cycles and wrong kinds.
        let target = structures[Int.random(in: structures.indices, using: &random)]
        for index in 0..<8 where place + index < bytes.count {
          bytes[place + index] = UInt8(truncatingIfNeeded: target >> (8 * index))
        }
      default:
        if Int.random(in: 0..<8, using: &random) == 0 { bytes.removeSubrange(place...) }
      }
      if bytes.isEmpty { return [0] }
    }
    return bytes
  }
}
