package import Accounting
internal import ByteFiles

/// Finds counting policies by name or path.
package enum PolicyFile {
  /// The preset of this name, or the policy in the file at this path.
  package static func read(_ name: String) throws(TesseraError) -> CountingPolicy {
    // A word without a slash and without a dot is more likely a misspelt preset than a file.
    let isWord = !name.contains("/") && !name.contains(".") && FileIdentity(path: name) == nil
    if PolicyPreset(rawValue: name) != nil || isWord {
      do { return try PolicyPreset.policy(named: name) } catch { throw TesseraError(error) }
    }
    return try DocumentFile.read(name, limit: CountingPolicy.sizeLimit, as: "a policy") {
      try CountingPolicy(parsing: $0)
    }
  }

  /// The preset of this name, or the policy in a file whose path is relative to the folder of another file.
  package static func read(_ name: String, beside path: String) throws(TesseraError) -> CountingPolicy {
    let isPath = PolicyPreset(rawValue: name) == nil && name.contains(where: { "/.".contains($0) })
    return try read(isPath ? DocumentFile.path(name, beside: path) : name)
  }
}
