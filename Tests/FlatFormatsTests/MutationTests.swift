import FlatFormats
import Foundation
import Tensors
import TestSupport
import Testing

@Suite("Mutations")
struct MutationTests {
  @Test(
    "2,000 seeded mutations of a file end in tensors or in a sentence",
    arguments: [
      "dtypes.safetensors", "meta.safetensors", "npy/fortran-big-i4.npy", "npy/version2.npy", "stored.npz",
      "deflated.npz", "metadata.gguf", "nested.gguf", "big.gguf",
    ])
  func mutations(_ name: String) throws {
    let original = try TemporaryFolder.bytes(of: "\(fixtures)/\(name)")
    var generator = SeededGenerator(seed: name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
    let folder = try TemporaryFolder()
    var (refused, read) = (0, 0)
    for _ in 0..<2_000 {
      let bytes = Self.mutated(original, &generator)
      let path = try folder.write(bytes, as: URL(fileURLWithPath: name).lastPathComponent)
      do {
        _ = try readAll(path, assume: .bf16)
        read += 1
      } catch is FlatFormatError {
        refused += 1
      }
    }
    #expect(refused + read == 2_000)
    #expect(refused >= 500)
  }

  /// One to four changes: bytes, runs, insertions, removals, truncations, and extreme numbers.
  static func mutated(_ original: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
    var bytes = original
    for _ in 0..<generator.number(in: 1...4) where !bytes.isEmpty {
      let place = generator.number(in: 0...(bytes.count - 1))
      switch generator.number(in: 0...7) {
      case 0, 1: bytes[place] = UInt8(truncatingIfNeeded: generator.next())
      case 2: bytes[place] ^= 1 << UInt8(generator.number(in: 0...7))
      case 3: bytes.removeSubrange(place..<min(bytes.count, place + generator.number(in: 1...9)))
      case 4: bytes.insert(contentsOf: generator.bytes(generator.number(in: 1...9)), at: place)
      case 5: bytes.removeLast(bytes.count - place)
      case 6:
        let digit = bytes.indices.filter { (0x30...0x39).contains(bytes[$0]) }.randomElement(
          using: &generator)
        if let digit { bytes.insert(contentsOf: Array("99999999999999999".utf8), at: digit) }
      default:
        for index in place..<min(bytes.count, place + 4) { bytes[index] = 0xFF }
      }
    }
    return bytes
  }
}
