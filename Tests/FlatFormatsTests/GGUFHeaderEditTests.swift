import Tensors
import Testing

@testable import FlatFormats

/// The numbers of a GGUF header that change with the sizes of a model.
@Suite("GGUF: numbers of the header")
struct GGUFHeaderEditTests {
  private static func array(_ type: UInt32, _ count: Int, _ elements: [UInt8]) -> [UInt8] {
    bytes(type) + bytes(UInt64(count)) + elements
  }

  /// A type, the bytes of a value, and its whole numbers.
  private static let values: [(type: UInt32, bytes: [UInt8], numbers: [Int]?)] = [
    (0, [200], [200]), (1, [0x7F], [127]), (1, [0xFF], nil), (2, [0, 0xFF], [0xFF00]), (3, [0, 0x80], nil),
    (4, bytes(UInt32.max), [4_294_967_295]), (5, bytes(Int32.max), [2_147_483_647]),
    (5, bytes(Int32(-1)), nil),
    (6, bytes(Float(2).bitPattern), nil), (7, [1], nil), (8, GGUFBytes.text("2"), nil),
    (10, bytes(UInt64(UInt32.max)), [4_294_967_295]), (10, bytes(UInt64(1) << 32), nil),
    (11, bytes(Int64(3)), [3]), (11, bytes(Int64.min), nil), (12, bytes(Double(2).bitPattern), nil),
    (9, array(2, 2, [1, 0, 2, 1]), [1, 258]), (9, array(5, 0, []), []), (9, array(9, 0, []), nil),
  ]

  @Test("whole numbers of up to 32 bits are read", arguments: values.indices)
  func integers(_ number: Int) throws {
    let (type, value, numbers) = Self.values[number]
    let file = GGUFBytes.pair(GGUFBytes.pair("llama.n", type, value)).file
    let edit = try GGUFHeaderEdit(Array(file.prefix(file.count - 32)), path: "w.gguf")
    #expect(edit.integers("llama.n") == numbers)
    #expect(edit.integers("n") == nil)
  }

  /// Types that llama.cpp reads: it takes these numbers from UINT32 only, or from arrays of them.
  @Test("numbers are written as UINT32, in the place of the old ones or at the end")
  func set() throws {
    let file = GGUFBytes.tensor {
      $0.pairs = [GGUFBytes.pair("a", 0, [1]), GGUFBytes.pair("b", 8, GGUFBytes.text("x"))]
    }
    let stored = Array(file.file.prefix(file.file.count - 32))
    var edit = try GGUFHeaderEdit(stored, path: "w.gguf")
    edit.set("a", to: [7, 8])
    edit.set("c", to: [9])
    let tensor = try TensorSpec(name: "t", dtype: .f32, shape: [2])
    let expected = GGUFBytes.tensor {
      $0.pairs = [
        GGUFBytes.pair("a", 9, Self.array(4, 2, bytes(UInt32(7)) + bytes(UInt32(8)))),
        GGUFBytes.pair("b", 8, GGUFBytes.text("x")), GGUFBytes.pair("c", 4, bytes(UInt32(9))),
      ]
      $0.body = [UInt8](repeating: 0, count: 24)
    }
    #expect(try edit.bytes(for: [tensor]) == expected.file)
    edit.remove("b")
    #expect(try edit.bytes(for: [tensor]).count < expected.file.count)
  }

  @Test("a layer's number has one spelling")
  func places() throws {
    for (name, layer) in [
      ("blk.0.ffn_up.weight", 0), ("blk.12.ffn_up.weight", 12), ("blk.+1.ffn_up.weight", nil),
      ("blk.01.ffn_up.weight", nil), ("blk.-1.ffn_up.weight", nil), ("blk..ffn_up.weight", nil),
    ] as [(TensorName, Int?)] {
      let spec = try TensorSpec(name: name, dtype: .f32, shape: [2, 3])
      #expect(GGUFWidth.place(of: spec)?.layer == layer, "\(name)")
    }
  }

  @Test("heads without elements take no memory")
  func heads() {
    var layer = GGUFLayer()
    #expect(layer.add([0..<1 << 50], of: .keyValueHeads, "k") == nil)
    #expect(layer.add([], of: .heads, "q") == nil)
    #expect(!layer.keepsGroups(queries: 0, keys: 1 << 50))
    #expect(!layer.keepsGroups(queries: 1 << 50, keys: 1 << 50))
  }
}
