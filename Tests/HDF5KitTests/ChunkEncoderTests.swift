import Deflate
import Foundation
import TestSupport
import Testing

@testable import HDF5Kit

@Suite("Chunk encoder")
struct ChunkEncoderTests {
  /// Kinds of bytes, made with a seeded generator.
  enum Kind: String, CaseIterable, CustomTestStringConvertible {
    case noise, zeros, ones, runs, sparse, skewed, cycle, repeated, counter, steps
    var testDescription: String { rawValue }

    func bytes(_ count: Int, _ generator: inout SeededGenerator) -> [UInt8] {
      switch self {
      case .noise: generator.bytes(count)
      case .zeros: [UInt8](repeating: 0, count: count)
      case .ones: [UInt8](repeating: 0xFF, count: count)
      case .runs:
        Array(
          (0...count / 8).flatMap { _ in
            [UInt8](
              repeating: UInt8(generator.number(in: 0...9)), count: generator.number(in: 1...600))
          }.prefix(count))
      case .sparse: generator.bytes(count).map { generator.number(in: 0...9) == 0 ? $0 : 0 }
      // Each value is half as frequent as the one before, down to codes longer than deflate allows.
      case .skewed: (0..<count).map { _ in UInt8(min(255, generator.next().leadingZeroBitCount * 7)) }
      case .cycle: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      case .repeated: Self.repeated(count, &generator)
      case .counter: (0..<count).map { UInt8(truncatingIfNeeded: ($0 >> 3) >> (8 * ($0 & 7))) }
      case .steps: (0..<count).map { UInt8(truncatingIfNeeded: $0 / 1000) }
      }
    }

    private static func repeated(_ count: Int, _ generator: inout SeededGenerator) -> [UInt8] {
      let text = generator.bytes(1500)
      return (0..<count).map { text[$0 % text.count] }
    }
  }

  /// The bytes that a zlib stream holds; zlib checks its Adler-32.
  private func decoded(_ bytes: [UInt8], count: Int, elementSize: Int) throws -> [UInt8] {
    let context = FileContext(source: MemoryByteSource(bytes, name: "chunk"), limits: HDF5Limits())
    return ByteShuffle.unshuffled(try inflate(bytes, to: count, context, at: 0), elementSize: elementSize)
  }

  private func encoded(_ bytes: [UInt8], _ encoder: ChunkEncoder, elementSize: Int) -> [UInt8] {
    let limit = ChunkEncoder.outputLimit(bytes.count, elementSize: elementSize)
    return [UInt8](unsafeUninitializedCapacity: limit) { buffer, filled in
      filled = bytes.withUnsafeBytes {
        encoder.encode($0, elementSize: elementSize, into: UnsafeMutableRawBufferPointer(buffer))
      }
    }
  }

  @Test("gives zlib back what it was given, for all kinds of bytes and elements", arguments: Kind.allCases)
  func roundTrip(kind: Kind) throws {
    var generator = SeededGenerator(seed: 4)
    let encoder = ChunkEncoder(capacity: 256 << 10)
    var cases = 0
    for elementSize in [1, 2, 3, 4, 8, 16] {
      for elements in [1, 2, 3, 15, 16, 17, 100, 1021, 4096, 16_384] {
        let bytes = kind.bytes(elements * elementSize, &generator)
        let stream = encoded(bytes, encoder, elementSize: elementSize)
        #expect(try decoded(stream, count: bytes.count, elementSize: elementSize) == bytes)
        cases += 1
      }
    }
    #expect(cases == 60)
  }

  @Test(
    "is no larger than zlib's level 4 on the same bytes, but for a thousandth", arguments: Kind.allCases,
    [1, 4])
  func size(kind: Kind, elementSize: Int) throws {
    var generator = SeededGenerator(seed: 5)
    let bytes = kind.bytes(256 << 10, &generator)
    let stream = encoded(bytes, ChunkEncoder(capacity: 256 << 10), elementSize: elementSize)
    let peer = try LibHDF5Oracle.deflated(bytes, elementSize: elementSize, level: 4)
    #expect(stream.count <= peer + 64 + peer / 1000, "\(stream.count) against \(peer)")
  }

  @Test("gives the same stream whatever was encoded before")
  func deterministic() {
    var generator = SeededGenerator(seed: 6)
    let used = ChunkEncoder(capacity: 64 << 10)
    for kind in Kind.allCases {
      _ = encoded(generator.bytes(4096), used, elementSize: 4)
      let bytes = kind.bytes(60_000, &generator)
      #expect(
        encoded(bytes, used, elementSize: 4)
          == encoded(bytes, ChunkEncoder(capacity: 64 << 10), elementSize: 4))
    }
  }
}
