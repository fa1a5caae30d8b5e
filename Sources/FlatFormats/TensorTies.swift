internal import TensorStreams
internal import Tensors

/// Ties in a format without aliases: every tensor is written in full, and one metadata entry lists the ties.
enum TensorTies {
  /// The key; its value is a JSON object that maps each repeating name to the name that it repeats.
  static let key = "tessera.ties"

  /// The value for `ties`, sorted by the names' bytes.
  static func encoded(_ ties: [TensorTie]) -> String {
    var text: [UInt8] = []
    JSONText.append(
      ties.sorted { $0.name < $1.name }.map { ($0.name.text, $0.tiedTo.text) }, to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// The ties in `metadata` that agree with `specs`, by repeating name.
  ///
  /// The file has the bytes of both tensors anyway. So a damaged entry makes no ties, and is not a reason to refuse the
  /// file.
  static func resolved(in metadata: [(key: String, value: String)], specs: [TensorSpec]) -> [TensorName:
    TensorName]
  {
    guard let value = metadata.first(where: { TensorName($0.key) == TensorName(key) })?.value else {
      return [:]
    }
    var text = value
    let pairs = text.withUTF8 { bytes in
      var scanner = HeaderScanner(bytes: bytes, path: "", origin: 0)
      return try? scanner.stringMap(key)
    }
    var known: [TensorName: TensorSpec] = [:]
    for spec in specs { known[spec.name] = spec }
    let wanted = Dictionary(
      (pairs ?? []).map { (TensorName($0.key), TensorName($0.value)) },
      uniquingKeysWith: { first, _ in first })
    return wanted.filter { name, target in
      guard let one = known[name], let other = known[target], wanted[target] == nil else { return false }
      return one.dtype == other.dtype && one.shape == other.shape
    }
  }
}
