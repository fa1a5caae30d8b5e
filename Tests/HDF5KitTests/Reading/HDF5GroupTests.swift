import ByteFiles
import HDF5Kit
import Synchronization
import Testing

/// A source that counts the bytes that are read from it.
final class CountingSource: ByteSource {
  let name = "counted.h5"
  let size: Int
  private let inner: MemoryByteSource
  private let total = Mutex(0)

  init(_ bytes: [UInt8]) {
    inner = MemoryByteSource(bytes, name: name)
    size = bytes.count
  }

  var bytesRead: Int { total.withLock { $0 } }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileError) {
    total.withLock { $0 += buffer.count }
    try inner.read(at: offset, into: buffer)
  }
}

@Suite struct HDF5GroupTests {
  static let linkFiles = ["links_earliest", "links_v108"]

  @Test(arguments: linkFiles)
  func aGroupOfThreeThousandListsEveryNameInByteOrder(_ name: String) throws {
    let group = try HDF5Fixture(name).open().group(at: "many")
    let expected = (0..<3000).map { HDF5Name("layer\($0).weight") }.sorted()
    #expect(try group.links().map(\.name) == expected)
  }

  @Test(arguments: linkFiles)
  func everyNameOfALargeGroupIsFoundAndNoOther(_ name: String) throws {
    let file = try HDF5Fixture(name).open()
    let group = try file.group(at: "many")
    let target = try file.dataset(at: "target").address
    for number in 0..<3000 {
      #expect(try group.link(HDF5Name("layer\(number).weight"))?.target == .hard(target))
    }
    for absent in ["", "a", "layer", "layer0.weigh", "layer0.weight0", "layer3000.weight", "z", "layer1500"] {
      #expect(try group.link(HDF5Name(absent)) == nil, "\(absent)")
    }
  }

  @Test func aLookupReadsASmallPartOfALargeFile() throws {
    let bytes = try HDF5Fixture("links_earliest").bytes
    let source = CountingSource(bytes)
    let file = try HDF5File(source: source)
    _ = try file.dataset(at: "many/layer1234.weight").readBytes()
    #expect(source.bytesRead < bytes.count / 4, "\(source.bytesRead) of \(bytes.count)")
  }

  @Test func namesThatDifferInBytesOnlyAreTwoLinks() throws {
    let group = try HDF5Fixture("earliest").open().group(at: "names")
    let composed = try #require(try group.link("\u{e9}"))
    let decomposed = try #require(try group.link("e\u{301}"))
    #expect(composed.name != decomposed.name && composed.target != decomposed.target)
  }

  @Test func aWalkMeetsEveryObjectOnceAndNamesRefusals() throws {
    let fixture = try HDF5Fixture("refused_earliest")
    var read: Set<String> = []
    var refused: Set<String> = []
    try fixture.open().walk { path, visit in
      let shown = path.map(\.description).joined(separator: "/")
      if case .refused = visit { refused.insert(shown) } else { read.insert(shown) }
    }
    #expect(refused == ["soft", "external_link", "external_storage", "soft_group"])
    #expect(read.contains("with_soft/inner") && read.contains("vlen"))
  }
}
