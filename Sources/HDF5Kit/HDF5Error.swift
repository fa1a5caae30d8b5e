public import ByteFiles

/// An error in reading or writing an HDF5 file.
///
/// The cases carry the facts; `description` is one sentence of the form "file: place: expected X, found Y".
public enum HDF5Error: Error, Equatable, Sendable {
  /// The operating system refused a call on the file.
  case file(FileError)
  /// The bytes at a place violate the format.
  case malformed(file: String, place: HDF5Place, expected: String, found: String)
  /// The file may be valid, but it uses a feature that this reader does not support, or a link that it never follows.
  case unsupported(file: String, place: HDF5Place, feature: String)
  /// A group has no link of the requested name; `path` is the full path of that link.
  case missing(file: String, path: String)
  /// The object exists, but its kind, type or shape is not the one that the caller needs.
  case mismatch(file: String, path: String, expected: String, found: String)
  /// A well-formed file exceeds a limit of the reader.
  case limit(file: String, place: HDF5Place, limit: String, found: String)
  /// The caller asked for bytes outside the dataset's `size` logical bytes.
  case outside(file: String, path: String, offset: Int, count: Int, size: Int)
  /// A call of libhdf5 failed; `message` is its error stack in one line.
  case library(call: String, message: String)
}

/// A place in an HDF5 file: an object's path, a structure of the format, a byte offset, or several of these.
public struct HDF5Place: Hashable, Sendable {
  /// The path of the object that was being read, for messages; names that are not UTF-8 are repaired.
  public let path: String?
  /// The format's name for the structure: "object header", "B-tree node", …
  public let structure: String?
  /// The offset in bytes from the start of the file, including the user block.
  public let offset: Int?

  /// A place with the parts that are known.
  public init(path: String? = nil, structure: String? = nil, offset: Int? = nil) {
    self.path = path
    self.structure = structure
    self.offset = offset
  }
}

extension HDF5Place: CustomStringConvertible {
  public var description: String {
    var parts: [String] = []
    if let path { parts.append(HDF5Name(path).quoted) }
    switch (structure, offset) {
    case (let structure?, let offset?): parts.append("\(structure) at byte \(offset)")
    case (let structure?, nil): parts.append(structure)
    case (nil, let offset?): parts.append("byte \(offset)")
    case (nil, nil): break
    }
    return parts.isEmpty ? "the file" : parts.joined(separator: ", ")
  }
}

extension HDF5Error {
  /// The place in the file, for a message; nil if the error concerns the whole file.
  package var place: String? {
    switch self {
    case .malformed(_, let place, _, _), .unsupported(_, let place, _), .limit(_, let place, _, _): "\(place)"
    case .missing(_, let path), .mismatch(_, let path, _, _), .outside(_, let path, _, _, _):
      "\(HDF5Place(path: path))"
    case .file, .library: nil
    }
  }

  /// The rest of the message after file and place: "expected X, found Y".
  package var statement: String {
    switch self {
    case .file(let error): return error.description
    case .library(let call, let message): return "\(call): expected success, found \(message)"
    default:
      let (expected, found) = expectedAndFound
      return "expected \(expected), found \(found)"
    }
  }

  /// The two parts of the statement.
  package var expectedAndFound: (expected: String, found: String) {
    switch self {
    case .file(let error): ("a file that can be read", error.description)
    case .malformed(_, _, let expected, let found), .mismatch(_, _, let expected, let found):
      (expected, found)
    case .unsupported(_, _, let feature): ("a supported feature", feature)
    case .missing: ("an object of that name", "none")
    case .limit(_, _, let limit, let found): ("at most \(limit)", found)
    case .outside(_, _, let offset, let count, let size):
      (
        "bytes within the dataset's \(size.grouped) bytes",
        "a request for \(count.grouped) bytes at \(offset)"
      )
    case .library(_, let message): ("success", message)
    }
  }

  /// Whether the error is about an object that leads to other objects or files, which are never followed: a link that
  /// is not hard, external storage, a virtual dataset.
  package var leadsElsewhere: Bool {
    guard case .unsupported(_, _, let feature) = self else { return false }
    return ForeignData.allCases.contains { feature.hasPrefix($0.rawValue) }
  }

  /// Whether the error is about a soft link, which leads to another object of the same file.
  package var isSoftLink: Bool {
    guard case .unsupported(_, _, let feature) = self else { return false }
    return feature.hasPrefix(ForeignData.softLink.rawValue)
  }
}

/// The first words of each unsupported feature that leads to other objects or files.
enum ForeignData: String, CaseIterable {
  case softLink = "a soft link"
  case externalLink = "an external link"
  case userDefinedLink = "a user-defined link"
  case externalStorage = "external storage"
  case virtualDataset = "a virtual dataset"
}

extension HDF5Error: CustomStringConvertible {
  public var description: String {
    switch self {
    case .file: statement
    case .library: "libhdf5: \(statement)"
    case .malformed(let file, _, _, _), .unsupported(let file, _, _), .missing(let file, _),
      .mismatch(let file, _, _, _), .limit(let file, _, _, _), .outside(let file, _, _, _, _):
      "\(file): \(place ?? "the file"): \(statement)"
    }
  }
}
