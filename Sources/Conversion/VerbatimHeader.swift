package import FlatFormats
internal import StrictJSON
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
