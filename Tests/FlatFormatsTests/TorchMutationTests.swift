import FlatFormats
import Foundation
import Pickle
import TestSupport
import Testing

@Suite("Mutations of PyTorch files")
struct TorchMutationTests {
  @Test(
    "seeded mutations of a file end in tensors or in a sentence",
    arguments: [
      ("ties-legacy.pt", 1_500), ("optimizer.pt", 600), ("protocol1-legacy.pt", 1_500),
      ("protocol5-legacy.pt", 1_500), ("deflated.pt", 600), ("views.pt", 600),
      ("../partial/beside.pt", 600),
    ])
  func files(_ name: String, _ count: Int) throws {
    let original = try TemporaryFolder.bytes(of: "\(TorchFixtureTests.folder)/\(name)")
    var generator = SeededGenerator(seed: name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
    let folder = try TemporaryFolder()
    var (refused, read) = (0, 0)
    for _ in 0..<count {
      let path = try folder.write(MutationTests.mutated(original, &generator), as: "m.pt")
      do {
        _ = try readAll(path)
        read += 1
      } catch is FlatFormatError {
        refused += 1
      }
    }
    #expect(refused + read == count)
    #expect(refused >= count / 4)
  }

  /// An archive checks its pickle's CRC-32, so mutations of the file rarely reach the machine.
  @Test(
    "seeded mutations of a pickle, in a sound archive, end in tensors or in a sentence",
    arguments: [
      "ties.pt", "lightning.ckpt", "module.pt", "parameters.pt", "foreign.pt", "protocol4.pt",
      "../partial/beside.pt",
      "../partial/arrays-0.pt", "../partial/array.pt", "../partial/sparse.pt",
    ])
  func pickles(_ name: String) throws {
    let members = try Self.members(of: "\(TorchFixtureTests.folder)/\(name)")
    let place = try #require(members.firstIndex { $0.name.hasSuffix("/data.pkl") })
    var generator = SeededGenerator(seed: name.utf8.reduce(9) { $0 &* 33 &+ UInt64($1) })
    let folder = try TemporaryFolder()
    var (refused, read) = (0, 0)
    for _ in 0..<1_000 {
      var zip = ZipBytes(members.map { .init($0.name, $0.bytes) })
      zip.members[place].data = MutationTests.mutated(members[place].bytes, &generator)
      let path = try folder.write(zip.file, as: "m.pt")
      do {
        _ = try readAll(path)
        read += 1
      } catch is FlatFormatError {
        refused += 1
      }
    }
    #expect(refused + read == 1_000)
    #expect(refused >= 300)
  }

  /// The members of a PyTorch archive: stored, with sizes only in the directory.
  private static func members(of path: String) throws -> [(name: String, bytes: [UInt8])] {
    let file = try TemporaryFolder.bytes(of: path)
    func number(_ place: Int, _ count: Int) -> Int {
      file[place..<(place + count)].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    var place = number(file.count - 6, 4)
    var result: [(name: String, bytes: [UInt8])] = []
    while number(place, 4) == 0x0201_4B50 {
      let (size, nameSize, start) = (number(place + 24, 4), number(place + 28, 2), number(place + 42, 4))
      let data = start + 30 + number(start + 26, 2) + number(start + 28, 2)
      let name = String(decoding: file[(place + 46)..<(place + 46 + nameSize)], as: UTF8.self)
      result.append((name, Array(file[data..<(data + size)])))
      place += 46 + nameSize + number(place + 30, 2) + number(place + 32, 2)
    }
    return result
  }
}
