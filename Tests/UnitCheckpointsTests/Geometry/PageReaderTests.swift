import Synchronization
import Tensors
import TestSupport
import Testing

@testable import UnitCheckpoints

@Suite("Pages")
struct PageReaderTests {
  /// Sections of these many bytes, and their bytes.
  private struct Sections {
    let map: SectionMap
    var bytes: [[UInt8]] = []
    var checksums: [UInt64] = []

    init(_ sizes: [Int], pageBytes: Int, seed: UInt64) throws {
      var generator = SeededGenerator(seed: seed)
      // Whole tensors of bytes, each with its own section.
      var tables = IndexTables()
      for (number, size) in sizes.enumerated() {
        let name = Array("\(number)".utf8)
        tables.tensors.append(
          TensorRow(
            name: UInt32(tables.names.count), dtype: "U8", dimensions: RowRange(number, 1), tiedTo: -1,
            scope: -1,
            units: .none, sha256: [UInt8](repeating: 0, count: 32)))
        tables.dimensions.append(DimensionRow(size: UInt64(size), cut: -1, firstAxis: 0))
        tables.names += [UInt8(name.count), 0, 0, 0] + name
        tables.sections.append(
          SectionRow(
            kind: 0, tensor: Int32(number), scope: -1, units: .none, dtype: "U8", address: Layout.noAddress,
            bytes: UInt64(size)))
      }
      var log = DefectLog(goesOn: false)
      let index = try IndexDecoder.decode(tables, path: "m", log: &log)
      map = try SectionDecoder(tables, index, path: "m").decode(pageBytes: pageBytes, fileSize: nil)
      for size in sizes {
        let own = generator.bytes(size)
        for start in stride(from: 0, to: size, by: pageBytes) {
          checksums.append(own[start..<min(start + pageBytes, size)].withUnsafeBytes { RunChecksum.of($0) })
        }
        bytes.append(own)
      }
    }

    func reader(runBytes: Int) -> PageReader {
      PageReader(map, checksums: checksums, runBytes: runBytes) { section, page, _, _ in
        .broken(.pageChecksum, path: "m", place: "\(section) \(page)", expected: "", found: "")
      }
    }
  }

  /// Counts the calls and the bytes that are fetched.
  private final class Disk: Sendable {
    private let bytes: [[UInt8]]
    private let state = Mutex((calls: 0, bytes: 0))
    var calls: Int { state.withLock { $0.calls } }
    var byteCount: Int { state.withLock { $0.bytes } }

    init(_ bytes: [[UInt8]]) { self.bytes = bytes }

    func fetch(_ section: Int, _ offset: Int, _ buffer: UnsafeMutableRawBufferPointer) throws(CheckpointError)
    {
      buffer.copyBytes(from: bytes[section][offset..<offset + buffer.count])
      state.withLock {
        $0.calls += 1
        $0.bytes += buffer.count
      }
    }
  }

  private static func read(
    _ reader: PageReader, _ disk: Disk, _ section: Int, _ range: Range<Int>
  ) throws -> [UInt8] {
    var result = [UInt8](repeating: 0xA5, count: range.count)
    try result.withUnsafeMutableBytes { buffer in
      try reader.read(section: section, at: range.lowerBound, into: buffer) {
        (section, offset, buffer) throws(CheckpointError) in try disk.fetch(section, offset, buffer)
      }
    }
    return result
  }

  @Test("reads in any order give the bytes, whatever is kept", arguments: [0, 1_024, 5_000, 1 << 20])
  func anyOrder(runBytes: Int) throws {
    let sizes = [10_000, 1_024, 1, 2_048, 0, 7_777, 1_023, 1_025, 30_000]
    let sections = try Sections(sizes, pageBytes: 1_024, seed: 3)
    let (reader, disk) = (sections.reader(runBytes: runBytes), Disk(sections.bytes))
    var generator = SeededGenerator(seed: 4)
    for _ in 0..<3_000 {
      let section = generator.number(in: 0...sizes.count - 1)
      let start = generator.number(in: 0...sizes[section])
      let end = generator.number(
        in: start...min(sizes[section], start + [3, 100, 1_024, 9_000][generator.number(in: 0...3)]))
      #expect(
        try Self.read(reader, disk, section, start..<end) == Array(sections.bytes[section][start..<end]))
      #expect(reader.keptByteCount <= runBytes + max(1_024, runBytes / sizes.count))
    }
  }

  @Test("sections that are read by turns, in small pieces, cost their bytes once and few calls")
  func byTurns() throws {
    let sizes = [Int](repeating: 1 << 18, count: 8)
    let sections = try Sections(sizes, pageBytes: 1_024, seed: 5)
    let (reader, disk) = (sections.reader(runBytes: 1 << 20), Disk(sections.bytes))
    for start in stride(from: 0, to: 1 << 18, by: 100) {
      for section in sizes.indices {
        let end = min(start + 100, 1 << 18)
        #expect(
          try Self.read(reader, disk, section, start..<end) == Array(sections.bytes[section][start..<end]))
      }
    }
    // A run that is nearly used up may be dropped before another; its last pages are then read again.
    #expect(disk.byteCount >= 8 << 18 && disk.byteCount <= (8 << 18) * 101 / 100)
    #expect(disk.calls <= 8 * 12, "\(disk.calls)")
  }

  @Test(
    "a damaged page is refused by reads that touch it, and by no others",
    arguments: [100, 1_024, 3_000, 40_000])
  func damage(step: Int) throws {
    let sections = try Sections([40_000], pageBytes: 1_024, seed: 6)
    for damaged in [0, 1, 17, 38, 39] {
      var bytes = sections.bytes
      bytes[0][min(damaged * 1_024 + 5, 39_999)] ^= 1
      let (reader, disk) = (sections.reader(runBytes: 1 << 20), Disk(bytes))
      for start in stride(from: 0, to: 40_000, by: step) {
        let range = start..<min(start + step, 40_000)
        let pages = range.lowerBound / 1_024...(range.upperBound - 1) / 1_024
        do {
          let found = try Self.read(reader, disk, 0, range)
          #expect(!pages.contains(damaged), "\(range) has page \(damaged)")
          #expect(found == Array(sections.bytes[0][range]))
        } catch {
          #expect(pages.contains(damaged), "\(range) has not page \(damaged)")
          #expect((error as? CheckpointError)?.defect == .pageChecksum && "\(error)".contains("0 \(damaged)"))
        }
      }
    }
  }
}
