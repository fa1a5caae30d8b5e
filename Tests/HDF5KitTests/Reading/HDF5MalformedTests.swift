import HDF5Kit
import Testing

/// One change to a good file, and the sentence that it must cause.
struct MalformedCase: CustomTestStringConvertible, Sendable {
  let name: String
  let fixture: String
  let path: String
  /// The bytes to search for; the change begins `at` bytes after their start.
  let mark: [UInt8]
  let at: Int
  let bytes: [UInt8]
  let expected: String

  var testDescription: String { name }

  init(
    _ name: String, _ fixture: String, _ path: String, mark: [UInt8], at: Int, bytes: [UInt8],
    _ expected: String
  ) {
    self.name = name
    self.fixture = fixture
    self.path = path
    self.mark = mark
    self.at = at
    self.bytes = bytes
    self.expected = expected
  }

  static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

  static let all: [MalformedCase] = [
    .init(
      "signature", "earliest", "", mark: [0x89] + text("HDF"), at: 0, bytes: [0x88],
      "expected the HDF5 signature at byte 0, 512, 1024, …, found none"),
    .init(
      "superblock version", "earliest", "", mark: [0x89] + text("HDF"), at: 8, bytes: [9],
      "superblock at byte 8: expected a supported feature, found superblock version 9"),
    .init(
      "address width", "earliest", "", mark: [0x89] + text("HDF"), at: 13, bytes: [3],
      "expected addresses and lengths of 2, 4 or 8 bytes, found 3 and 8"),
    .init(
      "end of file", "earliest", "", mark: [0x89] + text("HDF"), at: 40, bytes: [0, 0, 0, 0x7F],
      "expected a file of 2,130,706,432 bytes (truncated?), found 139,080"),
    .init(
      "driver block", "earliest", "", mark: [0x89] + text("HDF"), at: 48, bytes: [8, 0, 0, 0, 0, 0, 0, 0],
      "found a driver information block (a file in several parts)"),
    .init(
      "superblock checksum", "v108", "", mark: [0x89] + text("HDF"), at: 44, bytes: [1, 2, 3, 4],
      "superblock at byte 44: expected checksum"),
    .init(
      "root header version", "earliest", "", mark: [1, 0, 1, 0, 1, 0, 0, 0], at: 0, bytes: [7],
      "object header at byte 96: expected version 1 or the signature 'OHDR', found 7"),
    .init(
      "heap signature", "earliest", "", mark: text("HEAP"), at: 3, bytes: text("X"),
      "expected the signature 'HEAP', found 'HEAX'"),
    .init(
      "tree signature", "earliest", "types", mark: text("TREE"), at: 0, bytes: text("B"),
      "expected the signature 'TREE', found 'BREE'"),
    .init(
      "tree type", "earliest", "types", mark: text("TREE"), at: 4, bytes: [1],
      "expected a B-tree of type 0, found 1"),
    .init(
      "tree children", "earliest", "types", mark: text("TREE"), at: 6, bytes: [33, 0],
      "expected at most 32 children, found 33"),
    .init(
      "symbol node version", "earliest", "attributes", mark: text("SNOD"), at: 4, bytes: [2],
      "found symbol node version 2"),
    .init(
      "symbol node links", "earliest", "attributes", mark: text("SNOD"), at: 6, bytes: [9, 0],
      "expected at most 8 links, found 9"),
    .init(
      "header checksum", "v108", "", mark: text("OHDR"), at: 8, bytes: [0xAA],
      "object header at byte"),
  ]
}

@Suite struct HDF5MalformedTests {
  @Test(arguments: MalformedCase.all)
  func eachDefectIsToldWithItsPlace(_ malformed: MalformedCase) throws {
    var bytes = try HDF5Fixture(malformed.fixture).bytes
    let place = try #require(Self.firstIndex(of: malformed.mark, in: bytes)) + malformed.at
    bytes.replaceSubrange(place..<place + malformed.bytes.count, with: malformed.bytes)
    let error = failure { () throws(HDF5Error) in
      _ = try HDF5File(bytes, name: "bad.h5").object(at: malformed.path)
    }
    let sentence = error?.description ?? "read"
    #expect(sentence.hasPrefix("bad.h5: ") && sentence.contains(malformed.expected), "\(sentence)")
  }

  /// A listing finds defects that a lookup of one name does not meet.
  @Test func linksOutOfOrderOrTwiceAreRefusedByTheListing() throws {
    let bytes = try HDF5Fixture("links_earliest").bytes
    let good = Array("layer1500.weight".utf8)
    for (name, found) in [
      ("layer1501.weight", "'layer1501.weight' after 'layer1501.weight'"),
      ("layer9999.weight", "after 'layer9999.weight'"),
    ] {
      var bad = bytes
      let place = try #require(Self.firstIndex(of: good, in: bytes))
      bad.replaceSubrange(place..<place + good.count, with: name.utf8)
      let file = try HDF5File(bad, name: "bad.h5")
      let error = failure { () throws(HDF5Error) in _ = try file.group(at: "many").links() }
      #expect(error?.description.contains("expected names in ascending order, found") == true)
      #expect(error?.description.contains(found) == true, "\(error?.description ?? "read")")
    }
  }

  @Test func everyTruncationIsRefusedOnOpening() throws {
    for name in ["earliest", "v108", "v110", "latest", "userblock"] {
      let bytes = try HDF5Fixture(name).bytes
      for length in [0, 7, 8, 95, 512, bytes.count / 2, bytes.count - 1] {
        let error = failure { () throws(HDF5Error) in
          _ = try HDF5File(Array(bytes[..<length]), name: "short.h5")
        }
        #expect(error != nil, "\(name) cut to \(length)")
      }
    }
  }

  /// If a chunk's bytes change, deflate or the checksum must detect it, and name the place.
  @Test func damagedChunksAreNoticed() throws {
    let fixture = try HDF5Fixture("earliest")
    for path in ["chunked/all_three", "chunked/fletcher32", "chunked/deflate"] {
      let dataset = try fixture.open().dataset(at: path)
      guard case .chunked = dataset.storage else {
        Issue.record("\(path) is not chunked")
        continue
      }
      var noticed = 0
      for place in stride(from: 3000, to: fixture.bytes.count, by: 37) where noticed < 5 {
        var bytes = fixture.bytes
        bytes[place] ^= 0x55
        let error = failure { () throws(HDF5Error) in
          let data = try HDF5File(bytes, name: "bad.h5").dataset(at: path).readBytes()
          // Damage elsewhere, or in bytes that no checksum covers, must not change the data.
          if path != "chunked/deflate", data != fixture.entries.first(where: { $0.path == path })?.bytes {
            Issue.record("\(path): damage at \(place) was not noticed")
          }
        }
        if error != nil { noticed += 1 }
      }
      #expect(noticed > 0, "\(path)")
    }
  }

  private static func firstIndex(of mark: [UInt8], in bytes: [UInt8]) -> Int? {
    bytes.indices.dropLast(mark.count - 1).first { bytes[$0..<$0 + mark.count].elementsEqual(mark) }
  }
}
