import FlatFormats
import TensorStreams
import Tensors
import TestSupport
import Zip

/// One way to break a rule.
struct RefusalCase: CustomStringConvertible, Sendable {
  let defect: FlatDefect
  let label: String
  /// Must throw an error with `defect`.
  let run: @Sendable (TemporaryFolder) throws -> Void

  var description: String { "\(defect.id): \(label)" }

  /// A file that must not be readable.
  static func file(
    _ defect: FlatDefect, _ name: String, _ label: String, assume: DType? = nil, _ bytes: [UInt8]
  ) -> RefusalCase {
    RefusalCase(defect: defect, label: label) { folder in
      _ = try readAll(try folder.write(bytes, as: name), assume: assume)
    }
  }

  static func file(
    _ rule: FlatFormatRule, _ name: String, _ label: String, assume: DType? = nil, _ bytes: [UInt8]
  ) -> RefusalCase {
    file(.format(rule), name, label, assume: assume, bytes)
  }

  static func tensors(_ rule: FlatFormatRule, _ json: String, body: Int = 0, padding: String = "")
    -> RefusalCase
  {
    file(rule, "w.safetensors", json, safetensors(json, body: body, padding: padding))
  }

  static func array(
    _ rule: FlatFormatRule, _ dictionary: String, data: Int = 12, assume: DType? = nil
  ) -> RefusalCase {
    file(rule, "x.npy", dictionary, assume: assume, npy(dictionary, data: data))
  }

  static func zip(_ rule: ZipRule, _ label: String, _ zip: ZipBytes) -> RefusalCase {
    file(.zip(rule), "x.npz", label, zip.file)
  }

  /// Tensors that must not be writable.
  static func sink(
    _ rule: FlatFormatRule, _ kind: FlatFormatKind, _ label: String,
    _ samples: @autoclosure @escaping @Sendable () throws -> [Sample], ties: [TensorTie] = [],
    metadata: [(key: String, value: String)] = [], verbatim: [UInt8]? = nil
  ) -> RefusalCase {
    RefusalCase(defect: .format(rule), label: "write \(kind.rawValue): \(label)") { folder in
      try write(
        try samples(), to: folder.file("out"), kind: kind, ties: ties, metadata: metadata, verbatim: verbatim)
    }
  }
}
