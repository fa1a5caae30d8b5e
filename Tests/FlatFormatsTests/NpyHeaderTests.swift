import FlatFormats
import TensorStreams
import Tensors
import TestSupport
import Testing

@Suite("npy headers")
struct NpyHeaderTests {
  static let accepted: [(String, DType, [Int])] = [
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", .f32, [3]),
    (#"{"shape": (1, 3), "fortran_order": True, "descr": "<f4"}"#, .f32, [1, 3]),
    ("{'descr':'=i4','fortran_order':False,'shape':(3,)}", .i32, [3]),
    ("{'descr': '|f4', 'fortran_order': False, 'shape': (3,)}", .f32, [3]),
    ("{'descr': 'u4', 'fortran_order': False, 'shape': (3,)}", .u32, [3]),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (3L,), }", .f32, [3]),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (0x3, 0X1), }", .f32, [3, 1]),
    (
      "{'descr': '<f4', # the dtype\n 'fortran_order': False,\n\t'shape': (3, # rows\n 1,), } # end", .f32,
      [3, 1]
    ),
    (" \n{'descr': '<c8', 'fortran_order': False, 'shape': (), }\n", .c64, []),
    ("{'descr': '|b1', 'fortran_order': False, 'shape': (12,)}", .bool, [12]),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 9223372036854775807)}", .f32, [0, Int.max]),
    ("{'descr': '|V2', 'fortran_order': False, 'shape': (6,)}", .bf16, [6]),
  ]

  @Test("headers that NumPy reads are read", arguments: accepted)
  func reads(_ header: String, _ dtype: DType, _ shape: [Int]) throws {
    let folder = try TemporaryFolder()
    let spec = try TensorSpec(name: "arr_0", dtype: dtype, shape: shape)
    let path = try folder.write(npy(header, data: spec.byteCount), as: "x.npy")
    let source = try open(path, assume: .bf16)
    #expect(source.tensors.map(\.spec) == [spec])
    #expect(try contents(source, 0, piece: 5) == pattern(spec.byteCount, salt: 3))
  }
}
