package import FlatFormats
internal import StrictJSON
internal import Tensors
package import UnitCheckpoints

extension UnitCheckpoint {
  /// The stored header, when the checkpoint was made from one file of that format; nil where a new one is needed.
  package func verbatimHeader(for kind: FlatFormatKind) -> [UInt8]? {
    guard headers.count == 1, case .object(let record)? = try? JSONParser().parse(source),
      case .string(kind.rawValue)? = record["kind"]
    else { return nil }
    return headers[0]
  }
}

extension UnitCheckpoint {
  /// The free text of the safetensors file that the checkpoint was made from; empty where there was none.
  package func flatMetadata() throws(ConversionError) -> [(key: String, value: String)] {
    guard let header = verbatimHeader(for: .safetensors) else { return [] }
    // Tied tensors are there in full. The index has found every size to fit, their sum is the header's to check.
    let bodySize = index.tensors.reduce(0) { $0 &+ $1.spec.byteCount }
    return try asConversion { () throws(FlatFormatError) in
      try FlatFormats.metadata(ofVerbatim: header, path: path, bodySize: bodySize)
    }
  }
}
