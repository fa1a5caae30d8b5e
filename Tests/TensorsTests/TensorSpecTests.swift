import Tensors
import TestSupport
import Testing

@Suite("Tensor specs")
struct TensorSpecTests {
  @Test(
    "count elements and bytes",
    arguments: [
      (DType.f32, [3, 5], 15, 60), (.f32, [], 1, 4), (.bf16, [0, 7], 0, 0), (.f4, [3, 2], 6, 3),
      (.f6E2M3, [4], 4, 3), (.c128, [2], 2, 32), (.bool, [1 << 40], 1 << 40, 1 << 40),
      (.f64, [0, Int.max, Int.max], 0, 0), (.i4, [3], 3, 2), (.u4, [], 1, 1),
      (.q40, [2, 64], 128, 72), (.q6K, [0, 256], 0, 0), (.q80, [3, 0], 0, 0),
      (.i2, [3, 3], 9, 3), (.u2, [4], 4, 1),
      (.u4, [Int.max / 4], Int.max / 4, 1_152_921_504_606_846_976),
    ])
  func sizes(dtype: DType, shape: [Int], elements: Int, bytes: Int) throws {
    let spec = try TensorSpec(name: "t", dtype: dtype, shape: shape)
    #expect(spec.elementCount == elements)
    #expect(spec.byteCount == bytes)
  }

  @Test(
    "refuse shapes that cannot be",
    arguments: [
      (DType.f32, [-1]), (.f32, [0, -1]), (.u8, [Int.max, 2]), (.f64, [Int.max / 4]), (.u8, [2, -3]),
      (.q80, [Int.max / 32 * 32]), (.q80, [1 << 60, 32]),
    ])
  func outOfRange(dtype: DType, shape: [Int]) {
    #expect(throws: TensorError.shapeOutOfRange("t", shape)) {
      try TensorSpec(name: "t", dtype: dtype, shape: shape)
    }
  }

  @Test("refuse rows that end inside a block", arguments: [[], [16], [32, 33]])
  func insideBlock(shape: [Int]) {
    #expect(throws: TensorError.endsInsideBlock("w", .q40, shape)) {
      try TensorSpec(name: "w", dtype: .q40, shape: shape)
    }
  }

  @Test("refuse elements that end inside a byte")
  func insideByte() {
    let error = #expect(throws: TensorError.self) { try TensorSpec(name: "w", dtype: .f4, shape: [3]) }
    #expect(
      error?.description
        == "tensor 'w': shape [3] of F4: expected a whole number of bytes, found elements that end inside a byte"
    )
  }
}

@Suite("Dtypes")
struct DTypeTests {
  @Test("have the widths their names say", arguments: DType.unquantised)
  func widths(dtype: DType) {
    let digits = dtype.rawValue.drop { !$0.isNumber }.prefix { $0.isNumber }
    let named = dtype == .bool ? 8 : Int(digits)
    #expect(dtype.bits == named)
    let bits = dtype.bits ?? 0
    #expect(dtype.bytes == (bits < 8 ? nil : bits / 8))
    #expect(dtype.block.bytes * 8 == dtype.block.elements * bits)
    for count in 0..<99 {
      #expect(dtype.byteCount(ofElements: count) == (count * bits + 7) / 8)
      #expect(dtype.elementCount(inBytes: count) == count * 8 / bits)
    }
  }

  @Test("have blocks of whole bytes, or none for elements that have bytes of their own")
  func blocks() {
    let quantised = DType.allCases.filter(\.isBlockQuantised)
    #expect(quantised.count == 26)
    #expect(quantised.allSatisfy { $0.bits == nil && $0.bytes == nil && !$0.mayEndInsideByte })
    #expect(DType.q4K.byteCount(ofElements: 512) == 288 && DType.q4K.elementCount(inBytes: 288) == 512)
  }

  @Test("are as many as the formats have")
  func count() {
    #expect(DType.allCases.count == 53)
    #expect(Set(DType.allCases.map(\.rawValue)).count == 53)
  }
}

@Suite("Tensor names")
struct TensorNameTests {
  @Test("compare by bytes, not by canonical equivalence")
  func equality() {
    let composed = TensorName("caf\u{E9}")
    let decomposed = TensorName("cafe\u{301}")
    #expect(composed.text == decomposed.text)
    #expect(composed != decomposed)
    #expect(Set([composed, decomposed]).count == 2)
    #expect(decomposed < composed)
  }

  @Test(
    "are quoted so that a terminal shows what is there",
    arguments: [
      ("a.b", "'a.b'"), ("", "''"), ("a\0b", "'a\\u{0}b'"), ("it's", "'it\\'s'"),
      ("a\u{202E}b", "'a\\u{202e}b'"),
      ("a\nb", "'a\\u{a}b'"),
    ])
  func quoting(name: String, quoted: String) {
    #expect(TensorName(name).quoted == quoted)
  }

  @Test("are cut in the middle when they are long")
  func longNames() {
    let quoted = TensorName(String(repeating: "x", count: 300)).quoted
    #expect(quoted.count == 122)
    #expect(quoted.contains("…"))
  }
}

@Suite("Quantities")
struct QuantityTests {
  @Test(
    "bytes are written with three digits or so",
    arguments: [
      (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (492_400, "492 kB"), (90_868_376, "90.9 MB"),
      (999_960, "1.0 MB"), (1_073_747_576, "1.1 GB"), (12_000_000_000_000, "12.0 TB"),
    ])
  func bytes(value: Int, text: String) {
    #expect(ByteCount(value).description == text)
  }

  @Test(
    "parameters are written with separators", arguments: [(0, "0"), (999, "999"), (7_345_152, "7,345,152")])
  func parameters(value: Int, text: String) {
    #expect(ParameterCount(value).description == text)
  }
}
