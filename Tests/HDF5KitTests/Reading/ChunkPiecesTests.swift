import Foundation
import TestSupport
import Testing

@testable import HDF5Kit

/// Large chunks read in pieces: the bytes are right, and the number of inflated bytes is bounded.
@Suite struct ChunkPiecesTests {
  /// Numbers that deflate can compress and that differ everywhere.
  private static func values(_ count: Int) -> [UInt32] {
    var generator = SeededGenerator(seed: 11)
    return (0..<count).map {
      UInt32($0) &* 2_654_435_761 & 0x00FF_F00F | UInt32.random(in: 0..<16, using: &generator) << 4
    }
  }

  private static func bytes(_ values: [UInt32], plus number: UInt32 = 0) -> [UInt8] {
    values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: (value &+ number) >> (8 * $0)) } }
  }

  private static let pipelines: [[ChunkFile.Filter]] = [[], [.shuffle], [.deflate], [.shuffle, .deflate]]

  /// A file with `copies` datasets, each of them exactly one chunk behind `filters`.
  private static func open(
    _ filters: [ChunkFile.Filter], count: Int, copies: Int = 1, limits: HDF5Limits = .init()
  ) throws -> (file: HDF5File, values: [UInt32]) {
    let values = values(count)
    let file = try ChunkFile(values, shape: [count], chunk: [count], filters: filters, copies: copies)
    return (try HDF5File(file.bytes, name: "chunks.h5", limits: limits), values)
  }

  @Test(arguments: pipelines)
  func piecesOfAnyLengthInAnyOrderAreThePiecesOfTheWhole(_ filters: [ChunkFile.Filter]) throws {
    let (file, values) = try Self.open(filters, count: 90_001)
    let expected = Self.bytes(values)
    let dataset = try file.dataset(at: "data0")
    var generator = SeededGenerator(seed: 3)
    for length in [1, 2, 3, 5, 1000, 4099, 70_000, expected.count] {
      for _ in 0..<20 {
        let offset = Int.random(in: 0...expected.count - length, using: &generator)
        #expect(
          try dataset.readBytes(offset: offset, count: length) == Array(expected[offset..<offset + length]))
      }
    }
    #expect(try dataset.readBytes() == expected)
  }

  @Test(arguments: pipelines)
  func rowsOfLargeChunksOfTwoDimensionsAreRight(_ filters: [ChunkFile.Filter]) throws {
    // Chunks of 300 × 250 numbers; the last ones extend over both edges.
    let values = Self.values(700 * 610)
    let file = try HDF5File(
      ChunkFile(values, shape: [700, 610], chunk: [300, 250], filters: filters).bytes, name: "chunks.h5")
    let expected = Self.bytes(values)
    let dataset = try file.dataset(at: "data0")
    var offset = 0
    while offset < expected.count {
      let count = min(123_457, expected.count - offset)
      #expect(try dataset.readBytes(offset: offset, count: count) == Array(expected[offset..<offset + count]))
      offset += count
    }
    #expect(file.decodedByteCount <= 3 * 900 * 750 * 4)
  }

  /// Each window of a tensor that is cut twice needs a piece of every block of every dataset.
  @Test(arguments: [[ChunkFile.Filter.deflate], [.shuffle, .deflate]])
  func blocksThatAreReadByTurnsInflateTheirChunksAFewTimesAtMost(_ filters: [ChunkFile.Filter]) throws {
    let datasets = 8
    let blocks = 8
    let (file, values) = try Self.open(filters, count: 8 * 16_384, copies: datasets)
    let size = values.count * 4 / blocks
    let window = size / 64
    for first in stride(from: 0, to: size, by: window) {
      for number in 0..<datasets {
        let dataset = try file.dataset(at: "data\(number)")
        let expected = Self.bytes(Array(values[(first / 4)..<((first + window) / 4)]), plus: UInt32(number))
        for block in 0..<blocks {
          let piece = try dataset.readBytes(offset: block * size + first, count: window)
          if block == 0 { #expect(piece == expected) }
        }
      }
    }
    let total = datasets * values.count * 4
    #expect(file.decodedByteCount >= total)
    // Once to read everything, once more on the way to the start of each block, and twice more in shuffled data: the
    // bytes of an element are as far apart as the chunk is long, and each block begins in all of these places.
    #expect(file.decodedByteCount <= (filters.count + 1) * total)
  }

  @Test func smallChunksOfAllDatasetsShareOneBudget() throws {
    // 4 × 64 chunks of 4,000 bytes, about a million bytes: the first budget keeps all of them, the second does not.
    let values = Self.values(64_000)
    let bytes = try ChunkFile(values, shape: [64_000], chunk: [1000], filters: [.deflate], copies: 4).bytes
    for (budget, most) in [(1_200_000, 1_024_000), (500_000, 2_048_000)] {
      var limits = HDF5Limits()
      limits.keptChunkBytes = budget
      let file = try HDF5File(bytes, name: "chunks.h5", limits: limits)
      for _ in 0..<2 {
        for number in 0..<4 {
          let dataset = try file.dataset(at: "data\(number)")
          for offset in stride(from: 0, to: 256_000, by: 1000) {
            _ = try dataset.readBytes(offset: offset, count: 1000)
          }
        }
      }
      #expect(file.decodedByteCount == most)
    }
  }

  @Test func aLargeChunkWithAChecksumIsReadOnceAndRefusedInPieces() throws {
    var limits = HDF5Limits()
    limits.keptChunkBytes = 300_000
    let (file, values) = try Self.open([.deflate, .checksum], count: 90_000, limits: limits)
    let dataset = try file.dataset(at: "data0")
    #expect(try dataset.readBytes() == Self.bytes(values))
    let error = failure { () throws(HDF5Error) in try dataset.checkPieces() }
    let sentence = error.map(\.description) ?? ""
    #expect(sentence.hasPrefix("chunks.h5: '/data0', chunk at byte "))
    #expect(
      sentence.hasSuffix(
        ": expected at most 300,000 bytes in a chunk with these filters "
          + "(h5repack -l CHUNK=1048576 makes smaller ones), found 360,000"))
    let (other, _) = try Self.open([.shuffle, .deflate], count: 90_000, limits: limits)
    try other.dataset(at: "data0").checkPieces()
  }

  @Test func aDamagedStreamIsAnErrorWhereverItIsBroken() throws {
    let values = Self.values(90_000)
    let bytes = try ChunkFile(values, shape: [90_000], chunk: [90_000], filters: [.deflate]).bytes
    let stream = try #require(bytes.indices.first { bytes[$0] == 0x78 && bytes[$0 + 1] == 0x01 })
    var refused = 0
    var generator = SeededGenerator(seed: 5)
    for _ in 0..<60 {
      var damaged = bytes
      damaged[Int.random(in: stream..<bytes.count, using: &generator)] ^= 0xFF
      let error = failure { () throws(HDF5Error) in
        let file = try HDF5File(damaged, name: "chunks.h5")
        let dataset = try file.dataset(at: "data0")
        for offset in stride(from: 0, to: 360_000, by: 90_000) {
          _ = try dataset.readBytes(offset: offset, count: 90_000)
        }
      }
      if error != nil { refused += 1 }
    }
    // Adler-32 at the end of the stream detects every change in it; only bytes after it may change unnoticed.
    #expect(refused >= 55)
  }
}
