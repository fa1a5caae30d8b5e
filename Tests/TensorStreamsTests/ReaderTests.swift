import TestSupport
import Testing

@testable import TensorStreams

@Suite("Readers of tensors")
struct ReaderTests {
  private static let bytes = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 * 37) }

  @Test(
    "windows are all bytes in their order, none larger than the limit", arguments: [1, 7, 999, 1_000, 5_000])
  func windows(limit: Int) throws {
    var (found, sizes): ([UInt8], [Int]) = ([], [])
    try MemoryReader(Self.bytes).forEachWindow(limit: limit) { window in
      found += Array(window)
      sizes.append(window.count)
    }
    #expect(found == Self.bytes)
    #expect(sizes.dropLast().allSatisfy { $0 == limit } && sizes.allSatisfy { (1...limit).contains($0) })
  }

  @Test("a read takes what it asks for, and never more than there is")
  func reads() throws {
    let reader = MemoryReader(Self.bytes)
    var (given, piece) = (0, 1)
    while reader.remaining > 0 {
      var buffer = [UInt8](repeating: 0, count: min(piece, reader.remaining))
      try reader.read(into: &buffer)
      #expect(buffer.elementsEqual(Self.bytes[given..<given + buffer.count]))
      given += buffer.count
      piece = piece * 2 % 301 + 1
    }
    #expect(given == 1_000 && reader.nextStretch(limit: 10) == 0)
    let error = #expect(throws: TensorStreamError.self) {
      var one: [UInt8] = [0]
      try reader.read(into: &one)
    }
    #expect(error == .pastEnd(left: 0, asked: 1))
    #expect(try reader.rest() == [])
  }

  @Test(
    "tensors side by side give the same elements of each",
    arguments: [1, 3, 64, 333, 334, 1_000], [0, 1, 5, 333, 1_000])
  func sideBySide(limit: Int, count: Int) throws {
    let widths = [1, 3, 8]
    let tensors = widths.map { width in (0..<count * width).map { UInt8(truncatingIfNeeded: $0 * 31 + width) }
    }
    let columns: [ParallelWindows.Column] = zip(tensors, widths).map { (MemoryReader($0), $1) }
    var found: [[UInt8]] = [[], [], []]
    try ParallelWindows(columns, limit: limit).forEach(of: count) { windows in
      let lengths = Set(zip(windows, widths).map { $0.count / $1 })
      #expect(lengths.count == 1 && (lengths.first ?? 0) <= limit)
      for (number, window) in windows.enumerated() { found[number] += Array(window) }
    }
    #expect(found == tensors)
    #expect(columns.allSatisfy { $0.reader.remaining == 0 })
  }

  @Test func aTensorMustHaveTheBytesThatAreExpected() throws {
    let source = Numbered(tensors: [[1, 2, 3], []])
    var three: [UInt8] = [0, 0, 0]
    try three.withUnsafeMutableBytes { try source.read(0, into: $0) }
    #expect(three == [1, 2, 3])
    for count in [1, 2, 4] {
      var buffer = [UInt8](repeating: 0, count: count)
      let error = #expect(throws: TensorStreamError.self) {
        try buffer.withUnsafeMutableBytes { try source.read(0, into: $0) }
      }
      #expect(error == .otherSize(path: "numbered", number: 0, expected: count, found: 3))
    }
    // No bytes are requested, so it is not even checked that the tensor exists.
    try source.read(7, into: UnsafeMutableRawBufferPointer(start: nil, count: 0))
  }

  @Test func aFailureIsEqualToAnotherWithItsSentence() {
    let error = TensorStreamError.unknown(path: "x", number: 1)
    #expect(SourceFailure(error) == SourceFailure(error))
    #expect(SourceFailure(error) != SourceFailure(TensorStreamError.unknown(path: "x", number: 2)))
    #expect("\(SourceFailure(error))" == "\(error)")
  }

  private struct Numbered: TensorReading {
    let path = "numbered"
    let tensors: [[UInt8]]

    func reader(of number: Int) throws -> any TensorByteReader {
      guard tensors.indices.contains(number) else {
        throw TensorStreamError.unknown(path: path, number: number)
      }
      return MemoryReader(tensors[number])
    }
  }
}
