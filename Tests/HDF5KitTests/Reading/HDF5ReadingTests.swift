import Foundation
import HDF5Kit
import Testing

@Suite struct HDF5ReadingTests {
  /// Every dataset of these files, in pieces that do not end at borders.
  @Test(arguments: ["earliest", "v108"])
  func piecesOfADatasetAreThePiecesOfTheWhole(_ name: String) throws {
    let fixture = try HDF5Fixture(name)
    let file = try fixture.open()
    var pieces = 0
    for entry in fixture.entries where entry.attribute == nil && entry.bytes.count > 1 {
      let dataset = try file.dataset(at: entry.path)
      var offset = 0
      var step = 1
      while offset < entry.bytes.count {
        let count = min(step, entry.bytes.count - offset)
        let piece = try dataset.readBytes(offset: offset, count: count)
        #expect(piece == Array(entry.bytes[offset..<offset + count]), "\(entry.path) \(offset)")
        offset += count
        step = step * 3 + 1
        pieces += 1
      }
    }
    #expect(pieces > 200)
  }

  @Test func datatypesCompareByMeaning() throws {
    let file = try HDF5Fixture("earliest").open()
    let expected: [(String, HDF5Datatype)] = [
      ("le_u8", .integer(size: 8, signed: false)), ("le_i4", .integer(size: 4, signed: true)),
      ("be_i4", .integer(size: 4, signed: true, order: .big)), ("i1", .integer(size: 1, signed: true)),
      ("le_f2", .float16), ("le_f4", .float32), ("le_f8", .float64), ("bfloat16", .bfloat16),
    ]
    for (name, type) in expected {
      #expect(try file.dataset(at: "types/\(name)").datatype == type, "\(name)")
      for (other, otherType) in expected where other != name { #expect(type != otherType) }
    }
    let compound = try file.dataset(at: "types/compound").datatype
    #expect(compound.member("size")?.offset == 4)
    #expect(compound.member("size")?.type == .integer(size: 8, signed: false))
    #expect(compound.member("none") == nil && compound.member("x")?.type == .float32)
    #expect(try HDF5Fixture("v108").open().dataset(at: "types/compound").datatype == compound)
  }

  @Test func storageTellsWhereBytesAre() throws {
    let fixture = try HDF5Fixture("userblock")
    let file = try fixture.open()
    guard case .contiguous(let offset, let count) = try file.dataset(at: "types/le_f4").storage else {
      Issue.record("not contiguous")
      return
    }
    // A file offset that includes the user block, as a reader of raw bytes needs it.
    let expected = try #require(fixture.entries.first { $0.path == "types/le_f4" }?.bytes)
    #expect(Array(fixture.bytes[offset..<offset + count]) == expected)
    #expect(try file.dataset(at: "spaces/empty").storage == .unallocated)
    #expect(file.endOfFile == fixture.bytes.count)
  }

  @Test func aReadBeyondTheBudgetIsRefusedBeforeMemoryIsAskedFor() throws {
    var limits = HDF5Limits()
    limits.byteBudget = 1000
    let file = try HDF5File(try HDF5Fixture("earliest").bytes, name: "small.h5", limits: limits)
    #expect(try file.dataset(at: "types/le_f8").readBytes().count == 120)
    let error = failure { () throws(HDF5Error) in _ = try file.dataset(at: "chunked/deflate").readBytes() }
    guard case .limit(_, _, let limit, let found) = error else {
      Issue.record("\(error.map(\.description) ?? "read")")
      return
    }
    #expect(limit == "1,000 bytes in one read" && found == "10,000")
  }

  @Test func manyThreadsReadTheSame() async throws {
    let fixture = try HDF5Fixture("v108")
    let file = try fixture.open()
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<4 {
        group.addTask {
          var equal = 0
          for entry in try HDF5Fixture("v108").entries where entry.attribute == nil {
            if try file.dataset(at: entry.path).readBytes() == entry.bytes { equal += 1 }
          }
          return equal
        }
      }
      let expected = fixture.entries.count { $0.attribute == nil }
      for try await equal in group { #expect(equal == expected) }
    }
  }
}
