import FlatFormats
import Foundation
import ONNXGraph
import Tensors
import TestSupport

extension RefusalCase {
  /// Models that must be refused.
  static let onnxCases: [RefusalCase] = wireCases + tensorCases + graphCases + externalCases

  private static func model(
    _ rule: ONNXRule, _ label: String, ir: Int = 8, more: ModelBytes.Build = { _ in },
    graph: ModelBytes.Build
  ) -> RefusalCase {
    .file(.graph(rule), "m.onnx", label, ModelBytes.model(ir: ir, more: more, graph: graph))
  }

  private static let wireCases: [RefusalCase] = [
    .file(.graph(.wire), "m.onnx", "a key without its number", [0x08]),
    .file(.graph(.wire), "m.onnx", "field number 0", [0x00, 0x01]),
    .file(.graph(.wire), "m.onnx", "a group", [0x08, 0x08, 0x3B, 0x3C]),
    .file(.graph(.wire), "m.onnx", "wire type 7", [0x08, 0x08, 0x3F]),
    .file(.graph(.wire), "m.onnx", "a graph that reaches past the file", [0x08, 0x08, 0x3A, 0x7F, 0x01]),
    .file(
      .graph(.wire), "m.onnx", "a length of 2⁶⁴ − 1",
      [0x08, 0x08, 0x3A] + [UInt8](repeating: 0xFF, count: 9) + [1]),
    .file(
      .graph(.wire), "m.onnx", "a number of eleven bytes", [0x08] + [UInt8](repeating: 0x80, count: 10) + [1]),
    .file(
      .graph(.wire), "m.onnx", "a number above 64 bits", [0x08] + [UInt8](repeating: 0xFF, count: 9) + [2]),
    .file(.graph(.wire), "m.onnx", "three of four bytes", [0x08, 0x08, 0x7D, 1, 2, 3]),
    .file(.graph(.wire), "m.onnx", "two graphs", [0x08, 0x08, 0x3A, 0x00, 0x3A, 0x00]),
    .file(.graph(.fieldType), "m.onnx", "an IR version of bytes", [0x0A, 0x01, 0x08]),
    .file(.graph(.fieldType), "m.onnx", "a graph that is a number", [0x08, 0x08, 0x38, 0x01]),
    .file(.graph(.noGraph), "m.onnx", "no graph", [0x08, 0x08, 0x12, 0x01, 0x61]),
    .file(.graph(.noGraph), "m.onnx", "an empty file", []),
    model(.text, "a name that is not UTF-8") { $0.bytes(2, [0xFF, 0xFE]) },
    model(.text, "a name of a megabyte") { $0.bytes(2, [UInt8](repeating: 0x61, count: 1 << 20)) },
    model(.nesting, "forty graphs within each other") { nested(40, &$0) },
    model(.count, "two million numbers and one") { graph in
      graph.node("X", [], ["y"]) { node in
        node.message(5) { attribute in
          attribute.text(1, "a")
          attribute.bytes(8, [UInt8](repeating: 1, count: 2_000_001))
          attribute.int(20, 7)
        }
      }
    },
  ]

  private static func nested(_ depth: Int, _ graph: inout WireWriter) {
    if depth == 0 { return }
    graph.node("If", ["c"], ["y"]) { $0.attribute("then_branch") { nested(depth - 1, &$0) } }
  }

  private static let tensorCases: [RefusalCase] = [
    model(.dtype, "data type 0") { $0.tensor("t", type: 0, [1], raw: [0]) },
    model(.dtype, "data type 99") { $0.tensor("t", type: 99, [1], raw: [0]) },
    model(.dtype, "text in raw_data") { $0.tensor("t", type: 8, [1], raw: [0]) },
    model(.shape, "a negative extent") { $0.tensor("t", [-1], raw: []) },
    model(.shape, "a product above 2⁶³") { $0.tensor("t", [1 << 40, 1 << 40], raw: []) },
    model(.shape, "65 dimensions") { $0.tensor("t", [Int](repeating: 1, count: 65), raw: [0, 0, 0, 0]) },
    model(.shape, "half a byte") { $0.tensor("t", type: 23, [3], raw: [0, 0]) },
    model(.data, "too few bytes") { $0.tensor("t", [2], raw: [0, 0, 0, 0]) },
    model(.data, "too many bytes") { $0.tensor("t", [1], raw: [0, 0, 0, 0, 0]) },
    model(.data, "no bytes") { $0.tensor("t", [1]) },
    model(.data, "raw and typed") { graph in
      graph.tensor("t", type: 7, [1], raw: [UInt8](repeating: 0, count: 8)) { $0.packed(7, [1]) }
    },
    model(.data, "FLOAT in int64_data") { graph in graph.tensor("t", [1]) { $0.packed(7, [1]) } },
    model(.data, "three of two numbers") { graph in
      graph.tensor("t", type: 7, [2]) { $0.packed(7, [1, 2, 3]) }
    },
    model(.data, "one of two large numbers") { graph in
      graph.tensor("t", type: 7, [2]) { $0.packed(7, [-1]) }
    },
    model(.segment, "a segment") { graph in
      graph.tensor("t", [1], raw: [0, 0, 0, 0]) { $0.message(3) { $0.int(1, 0) } }
    },
    .sink(.onnxWrite, .onnx, "tensors without a graph", [try Sample("a", .u8, [1], salt: 1)]),
  ]

  private static let graphCases: [RefusalCase] = [
    model(.name, "two initializers of one name") { graph in
      graph.ones("t", [1])
      graph.ones("t", [2])
    },
    model(.name, "an initializer without a name") { $0.ones("", [1]) },
    model(.attribute, "an attribute without a name") { graph in
      graph.node("X", [], ["y"]) { $0.message(5) { $0.int(20, 2) } }
    },
    model(.attribute, "an attribute twice") { graph in
      graph.node("X", [], ["y"]) { node in
        node.attribute("a", int: 1)
        node.attribute("a", int: 2)
      }
    },
    model(.attribute, "two values of one attribute") { graph in
      graph.node("X", [], ["y"]) { node in
        node.message(5) { attribute in
          attribute.text(1, "g")
          attribute.message(6) { $0.text(2, "one") }
          attribute.message(6) { $0.text(2, "two") }
        }
      }
    },
    model(.attribute, "a type of 77") { graph in
      graph.node("X", [], ["y"]) { node in
        node.message(5) { attribute in
          attribute.text(1, "a")
          attribute.int(20, 77)
        }
      }
    },
  ]

  private static func external(
    _ label: String, _ entries: [(String, String)],
    prepare: @escaping @Sendable (TemporaryFolder) throws -> Void = { _ in }
  ) -> RefusalCase {
    let bytes = ModelBytes.model { graph in graph.tensor("t", [2]) { $0.external(entries) } }
    return RefusalCase(defect: .graph(.external), label: label) { folder in
      _ = try folder.write([UInt8](repeating: 1, count: 16), as: "w.bin")
      try prepare(folder)
      _ = try readAll(try folder.write(bytes, as: "m.onnx"))
    }
  }

  private static let externalCases: [RefusalCase] = [
    external("no location", [("offset", "0")]),
    external("a file that is not there", [("location", "other.bin")]),
    external("an absolute path", [("location", "/etc/hostname"), ("length", "8")]),
    external("a path out of the folder", [("location", "../w.bin")]),
    external("a path out of the folder and back", [("location", "a/../../w.bin")]),
    external("a backslash", [("location", "a\\w.bin")]),
    external("a NUL", [("location", "w.bin\0.txt")]),
    external("the folder", [("location", ".")]),
    external("the model itself", [("location", "m.onnx"), ("length", "8")]),
    external("an offset behind the end", [("location", "w.bin"), ("offset", "17"), ("length", "8")]),
    external("a length behind the end", [("location", "w.bin"), ("offset", "12"), ("length", "8")]),
    external("a length of another size", [("location", "w.bin"), ("length", "4")]),
    external("the rest of the file, of another size", [("location", "w.bin"), ("offset", "4")]),
    external("a negative offset", [("location", "w.bin"), ("offset", "-8"), ("length", "8")]),
    external("an offset that is no number", [("location", "w.bin"), ("offset", "eight"), ("length", "8")]),
    external("an offset above 2⁶³", [("location", "w.bin"), ("offset", "99999999999999999999")]),
    external("a symbolic link", [("location", "link.bin"), ("length", "8")]) { folder in
      try FileManager.default.createSymbolicLink(
        atPath: folder.file("link.bin"), withDestinationPath: folder.file("w.bin"))
    },
    external("a folder that is a symbolic link", [("location", "sub/w.bin"), ("length", "8")]) { folder in
      try FileManager.default.createSymbolicLink(
        atPath: folder.file("sub"), withDestinationPath: folder.path)
    },
    external("a hard link", [("location", "hard.bin"), ("length", "8")]) { folder in
      try FileManager.default.linkItem(atPath: folder.file("w.bin"), toPath: folder.file("hard.bin"))
    },
    external("a folder", [("location", "sub"), ("length", "8")]) { folder in
      try FileManager.default.createDirectory(atPath: folder.file("sub"), withIntermediateDirectories: true)
    },
  ]
}
