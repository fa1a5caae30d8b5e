import Accounting
import StrictJSON
import TensorStreams
import Tensors
import TestSupport
import Testing

/// Compared with NumPy and exact fractions: Tests/Fixtures/values/make_golden.py wrote the numbers.
@Suite("Statistics of values")
struct TensorStatisticsTests {
  private static let golden: [JSONObject] = {
    guard let bytes = try? TemporaryFolder.bytes(of: "\(SourceFolder.fixtures)/values/golden.json"),
      case .array(let rows)? = try? JSONParser().parse(bytes)
    else { return [] }
    return rows.compactMap { if case .object(let row) = $0 { row } else { nil } }
  }()

  private static func bytes(_ value: JSONValue?) -> [UInt8] {
    guard case .string(let text)? = value else { return [] }
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
  }

  private static func integer(_ value: JSONValue?) -> Int {
    if case .integer(let number)? = value { Int(number) } else { -1 }
  }

  private static func text(_ value: ElementValue?) -> String {
    switch value {
    case nil: "nil"
    case .whole(let number)?: "\(number)"
    case .real(let number)?: "\(number)"
    }
  }

  /// The same text for a number of the fixture.
  private static func text(_ value: JSONValue?) -> String {
    switch value {
    case .integer(let number)?: "\(number)"
    case .number(let number)?: "\(number)"
    case .string("Infinity")?: "inf"
    case .string("-Infinity")?: "-inf"
    case .string(let text)?: text
    case .array(let values)?: "[" + values.map { text($0) }.joined(separator: ", ") + "]"
    default: "nil"
    }
  }

  private static func source(_ row: JSONObject, _ dtype: DType) throws -> MemorySource {
    let bytes = bytes(row["bytes"])
    return MemorySource(
      [try TensorSpec(name: "t", dtype: dtype, shape: [integer(row["elements"])])], bytes: [bytes])
  }

  @Test(
    "of every dtype are those of NumPy, means and deviations to the last bit", arguments: DType.unquantised)
  func golden(dtype: DType) throws {
    let rows = Self.golden.filter { $0["dtype"] == .string(dtype.rawValue) }
    #expect(rows.count >= 3)
    for row in rows {
      let found = try #require(try TensorStatistics.run(try Self.source(row, dtype), [0]).first)
      let shown = Comment(rawValue: "\(dtype.rawValue) \(Self.text(row["bytes"]).prefix(80))")
      #expect(found.elements == Self.integer(row["elements"]), shown)
      #expect(found.zeros == Self.integer(row["zeros"]), shown)
      #expect(found.nan == Self.integer(row["nan"]), shown)
      #expect(found.infinite == Self.integer(row["inf"]), shown)
      #expect(Self.text(found.minimum) == Self.text(row["min"]), shown)
      #expect(Self.text(found.maximum) == Self.text(row["max"]), shown)
      let mean = found.mean.count == 1 ? "\(found.mean[0])" : found.mean.isEmpty ? "nil" : "\(found.mean)"
      #expect(mean == Self.text(row["mean"]), shown)
      #expect((found.deviation.map { "\($0)" } ?? "nil") == Self.text(row["std"]), shown)
      let bins = found.histogram.map { "[\($0.exponent), \($0.negative), \($0.positive)]" }
      #expect("[" + bins.joined(separator: ", ") + "]" == Self.text(row["histogram"]), shown)
    }
  }

  @Test("do not depend on windows and threads", arguments: DType.unquantised)
  func windows(dtype: DType) throws {
    // A row of the fixture, repeated until it takes more than eight windows and does not end with one.
    let row = try #require(Self.golden.first { $0["dtype"] == .string(dtype.rawValue) })
    let piece = Self.bytes(row["bytes"])
    let times = 9_000_000 / piece.count / 8 * 8 + 8
    let count = dtype.elementCount(inBytes: piece.count)
    let source = MemorySource(
      [
        try TensorSpec(name: "small", dtype: dtype, shape: [count]),
        try TensorSpec(name: "large", dtype: dtype, shape: [times, count]),
      ], bytes: [piece, [UInt8]((0..<times).map { _ in piece }.joined())])
    let one = try TensorStatistics.run(source, [0, 1], workers: 1)
    #expect(try TensorStatistics.run(source, [0, 1], workers: 3) == one)
    let (small, large) = (one[0], one[1])
    #expect(large.elements == times * small.elements && large.zeros == times * small.zeros)
    #expect(large.nan == times * small.nan && large.infinite == times * small.infinite)
    #expect(large.minimum == small.minimum && large.maximum == small.maximum)
    // The whole repeats the row, so mean and deviation are exactly equal.
    #expect(large.mean == small.mean && large.deviation == small.deviation)
    #expect(large.histogram.map(\.positive) == small.histogram.map { times * $0.positive })
  }

  @Test("of blocks are those of the F32 that they mean, across windows and threads")
  func blocks() throws {
    // Q8_0: a scale, and 32 numbers. The scale of the second block is −0.5.
    let numbers = (0..<32).map { UInt8(truncatingIfNeeded: 7 * $0 - 100) }
    let pair: [UInt8] = [0x00, 0x3C] + numbers + [0x00, 0xB8] + numbers
    let floats =
      numbers.map { Float(Int8(bitPattern: $0)) } + numbers.map { -0.5 * Float(Int8(bitPattern: $0)) }
    let times = 40_000
    let source = MemorySource(
      [
        try TensorSpec(name: "blocks", dtype: .q80, shape: [times, 64]),
        try TensorSpec(name: "floats", dtype: .f32, shape: [times, 64]),
        try TensorSpec(name: "unread", dtype: .iq1S, shape: [256]),
      ],
      bytes: [
        [UInt8]((0..<times).map { _ in pair }.joined()),
        [UInt8]((0..<times).map { _ in floats.withUnsafeBytes(Array.init) }.joined()),
        [UInt8](repeating: 1, count: 50),
      ])
    for workers in [1, 3] {
      let found = try TensorStatistics.run(source, [0, 1], workers: workers)
      #expect(found[0] == found[1] && found[0].elements == 64 * times && found[0].minimum == .real(-100))
    }
    let counts = try NonZeroCount.blocks(of: [source.tensors[0].spec], in: source)
    #expect(counts == [[floats.count { $0 != 0 } * times]])
    #expect(throws: UnreadValues.self) {
      try NonZeroCount.blocks(of: [source.tensors[2].spec], in: source)
    }
  }

  @Test(
    "have a mean that is rounded once, ties to even",
    arguments: [
      ([(1 << 53) + 1], 0x1p53), ([(1 << 53) + 3], 0x1p53 + 4), ([(1 << 53) + 1, (1 << 53) + 2], 0x1p53 + 2),
      ([-(1 << 53) - 1], -0x1p53), ([.max, .max], 0x1p63), ([.min, .max], -0.5), ([1, 0, 0], 1.0 / 3),
    ] as [([Int64], Double)])
  func ties(numbers: [Int64], mean: Double) throws {
    let spec = try TensorSpec(name: "t", dtype: .i64, shape: [numbers.count])
    let bytes = numbers.flatMap { withUnsafeBytes(of: $0.littleEndian) { Array($0) } }
    #expect(try TensorStatistics.run(MemorySource([spec], bytes: [bytes]), [0])[0].mean == [mean])
  }

  @Test("of what the last byte is filled up with are none", arguments: [DType.i4, .u4, .i2, .u2])
  func padding(dtype: DType) throws {
    let spec = try TensorSpec(name: "t", dtype: dtype, shape: [1])
    let found = try TensorStatistics.run(MemorySource([spec], bytes: [[0xF1]]), [0])
    #expect(found[0].elements == 1 && found[0].minimum == .whole(1) && found[0].maximum == .whole(1))
  }

  @Test("of a tensor that cannot be read are an error of its source")
  func failure() throws {
    let spec = try TensorSpec(name: "t", dtype: .f32, shape: [3_000_000])
    let source = MemorySource([spec], bytes: [[1, 2, 3]])
    #expect(throws: (any Error).self) { try TensorStatistics.run(source, [0]) }
  }
}
