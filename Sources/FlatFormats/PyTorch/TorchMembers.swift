internal import ByteFiles
internal import Zip

/// The members of a PyTorch archive by their names; in other archives only arrays belong to the format.
struct TorchMembers {
  /// The top folders with a PyTorch file's pickle, and the storages that their pickles name. The set is nil if a pickle
  /// could not be followed to its end: then any storage may be in use.
  private var keys: [Substring: Set<String>?] = [:]

  init(_ entries: [ZipEntry]) {
    for entry in entries {
      if let (top, rest) = Self.parts(entry), rest == "data.pkl" { keys[top] = .some([]) }
    }
  }

  /// Whether the member stores elements of tensors, which may be any bytes.
  func isStorage(_ entry: ZipEntry) -> Bool { storage(entry) != nil }

  /// Whether PyTorch writes such a member.
  func isKnown(_ entry: ZipEntry) -> Bool {
    guard let (top, rest) = Self.parts(entry), keys[top] != nil else { return false }
    return Self.names.contains(rest)
  }

  /// Records the storages that a member's pickle names; `named` is nil for a pickle that could not be followed.
  mutating func note(_ named: Set<String>?, by entry: ZipEntry) {
    guard let (top, rest) = Self.parts(entry), Self.naming.contains(rest), let known = keys[top] else {
      return
    }
    if let named, let known {
      keys[top] = .some(known.union(named))
    } else {
      keys[top] = .some(nil)
    }
  }

  /// Whether a pickle names this storage; true if this is unknown.
  func isNamed(_ entry: ZipEntry) -> Bool {
    guard let (top, key) = storage(entry), let known = keys[top] else { return false }
    return known?.contains(key) ?? true
  }

  private func storage(_ entry: ZipEntry) -> (top: Substring, key: String)? {
    guard let (top, rest) = Self.parts(entry), keys[top] != nil else { return nil }
    for folder in ["data/", "constants/"] {
      if let key = SystemPath.rest(of: String(rest), after: folder) { return (top, key) }
    }
    return nil
  }

  /// The top folder and the rest of the name.
  private static func parts(_ entry: ZipEntry) -> (top: Substring, rest: Substring)? {
    let scalars = entry.name.unicodeScalars
    guard let slash = scalars.firstIndex(of: "/") else { return nil }
    return (entry.name[..<slash], entry.name[scalars.index(after: slash)...])
  }

  /// Pickles that name storages: those of tensors, and of constants in a TorchScript program.
  private static let naming: Set<Substring> = [
    "data.pkl", "constants.pkl", "bytecode.pkl", "mobile_debug.pkl",
  ]

  private static let names: Set<Substring> = [
    "data.pkl", "constants.pkl", "version", "byteorder", ".format_version", ".storage_alignment",
    ".data/serialization_id",
  ]
}
