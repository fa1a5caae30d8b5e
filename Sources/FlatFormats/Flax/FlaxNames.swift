/// Names of tensors: the keys on the way to an array, joined by slashes, as `flax.traverse_util.flatten_dict(sep="/")`
/// gives them.
///
/// A slash in a key is written as `%2F`, and a percent sign as `%25`, so two ways never have one name.
enum FlaxNames {
  static func name(_ keys: [String]) -> String { keys.map(escaped).joined(separator: "/") }

  private static func escaped(_ key: String) -> String {
    guard key.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "%") }) else { return key }
    var result = String.UnicodeScalarView()
    for scalar in key.unicodeScalars {
      switch scalar {
      case "/": result.append(contentsOf: "%2F".unicodeScalars)
      case "%": result.append(contentsOf: "%25".unicodeScalars)
      default: result.append(scalar)
      }
    }
    return String(result)
  }
}
