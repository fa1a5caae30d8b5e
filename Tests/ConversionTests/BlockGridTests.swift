import Tensors
import TestSupport
import Testing
import UnitModel

@testable import UnitCheckpoints

/// Windows and pieces against elements walked one by one.
@Suite("The geometry of cut tensors")
struct BlockGridTests {
  /// Elements of every width, packed ones too; of those only partitions that cut at bytes can be.
  @Test(
    "windows of any size move every byte to its block and back",
    arguments: [
      (DType.f32, 120, 200), (.u8, 40, 60), (.i16, 40, 60), (.c128, 20, 30), (.f4, 1500, 60),
      (.f6E2M3, 1500, 10),
    ])
  func moves(dtype: DType, seeds: UInt64, atLeast: Int) throws {
    var cutTensors = 0
    for seed in 0..<seeds {
      guard let random = try? RandomPartition(seed: seed, dtype: dtype) else { continue }
      cutTensors += try moves(random, seed: seed)
    }
    // A test that found nothing to cut would pass too.
    #expect(cutTensors >= atLeast)
  }

  private func moves(_ random: RandomPartition, seed: UInt64) throws -> Int {
    var generator = SeededGenerator(seed: seed &+ 1000)
    var cutTensors = 0
    for (placement, truth) in zip(random.partition.tensors, random.truth) {
      guard let grid = BlockGrid(placement) else { continue }
      cutTensors += 1
      let blocks = placement.storage.flatMap(\.blocks)
      let numbers = grid.blockNumbers(coordinates: blocks.map(\.parts))
      let flat = generator.bytes(placement.spec.byteCount)
      let expected = blocks.map { block in
        Self.bytes(
          of: block.parts.enumerated().map { place, part in
            let dimension = placement.cutDimensions[place]
            let owner = placement.cuts[dimension]?.parts[part]
            return (dimension, RandomPartition.Position(unit: owner?.unit?.index, axis: owner?.axis?.text))
          }, in: flat, bits: placement.spec.dtype.bits, truth: truth)
      }
      // From windows that end inside an element's row to one that holds everything.
      for limit in [1, 3, 4, 7, 16, grid.rowBytes, grid.rowBytes + 1, flat.count, 1 << 20] where limit > 0 {
        var gathered = [[UInt8]](repeating: [], count: blocks.count)
        var returned: [UInt8] = []
        for window in grid.windows(limit: limit) {
          #expect(window.byteCount <= max(limit, 1))
          var part = Array(flat[returned.count..<returned.count + window.byteCount])
          var pieces = [UInt8](repeating: 0, count: window.byteCount)
          part.withUnsafeMutableBytes { flat in
            pieces.withUnsafeMutableBytes { pieces in
              guard let flat = flat.baseAddress, let start = pieces.baseAddress else { return }
              for piece in grid.move(window, .flatToPieces, flat: flat, pieces: start) {
                let number = numbers[piece.rowClass * grid.runs.count + piece.part]
                gathered[number] += pieces[piece.offset..<piece.offset + piece.byteCount]
              }
            }
          }
          var back = [UInt8](repeating: 0, count: window.byteCount)
          back.withUnsafeMutableBytes { flat in
            pieces.withUnsafeMutableBytes { pieces in
              guard let flat = flat.baseAddress, let pieces = pieces.baseAddress else { return }
              _ = grid.move(window, .piecesToFlat, flat: flat, pieces: pieces)
            }
          }
          returned += back
        }
        #expect(gathered == expected, "seed \(seed), limit \(limit), \(placement.spec.shapeText)")
        #expect(returned == flat, "seed \(seed), limit \(limit), \(placement.spec.shapeText)")
      }
    }
    return cutTensors
  }

  /// The elements whose position on each named dimension has the owner named, packed bit by bit.
  private static func bytes(
    of owners: [(dimension: Int, owner: RandomPartition.Position)], in flat: [UInt8], bits: Int,
    truth: [[RandomPartition.Position]]
  ) -> [UInt8] {
    var result: [UInt8] = []
    var filled = 0
    for (element, index) in indexes(of: truth.map(\.count)).enumerated()
    where owners.allSatisfy({ truth[$0.dimension][index[$0.dimension]] == $0.owner }) {
      for bit in element * bits..<(element + 1) * bits {
        if filled % 8 == 0 { result.append(0) }
        result[filled / 8] |= (flat[bit / 8] >> UInt8(bit % 8) & 1) << UInt8(filled % 8)
        filled += 1
      }
    }
    return result
  }
}
