public import ByteFiles

/// Everything that can go wrong with an HDF5 file, on reading and on writing.
///
/// The cases carry the facts; `description` is one sentence of the form "file: place: expected X, found Y".
public enum HDF5Error: Error, Equatable, Sendable {
  /// The operating system refused a call on the file.
  case file(FileError)
  /// The bytes at a place break the format.
  case malformed(file: String, place: HDF5Place, expected: String, found: String)
  /// The bytes may be right, but they use a feature that is not read here, or never followed.
  case unsupported(file: String, place: HDF5Place, feature: String)
  /// A group has no link of the name that was asked for; `path` is the whole path to it.
  case missing(file: String, path: String)
  /// The object exists and is of another kind, type or shape than the caller needs.
  case mismatch(file: String, path: String, expected: String, found: String)
  /// A well-formed file asks for more than a limit of the reader allows.
  case limit(file: String, place: HDF5Place, limit: String, found: String)
  /// The caller asked for bytes outside the dataset's `size` logical bytes.
  case outside(file: String, path: String, offset: Int, count: Int, size: Int)
  /// A call of libhdf5 failed; `message` is its error stack in one line.
  case library(call: String, message: String)
}

/// Where in an HDF5 file something is: an object's path, a structure of the format, a byte offset.
public struct HDF5Place: Hashable, Sendable {
  /// The path of the object that was being read, for people; names that are not UTF-8 appear repaired.
  public let path: String?
  /// The format's name for the structure: "object header", "B-tree node", …
  public let structure: String?
  /// The offset in bytes from the start of the file, the user block included.
  public let offset: Int?

  /// A place from the parts that are known.
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

extension HDF5Error: CustomStringConvertible {
  public var description: String {
    switch self {
    case .file(let error): error.description
    case .malformed(let file, let place, let expected, let found):
      "\(file): \(place): expected \(expected), found \(found)"
    case .unsupported(let file, let place, let feature):
      "\(file): \(place): expected a supported feature, found \(feature)"
    case .missing(let file, let path):
      "\(file): \(HDF5Place(path: path)): expected an object of that name, found none"
    case .mismatch(let file, let path, let expected, let found):
      "\(file): \(HDF5Place(path: path)): expected \(expected), found \(found)"
    case .limit(let file, let place, let limit, let found):
      "\(file): \(place): expected at most \(limit), found \(found)"
    case .outside(let file, let path, let offset, let count, let size):
      "\(file): \(HDF5Place(path: path)): expected bytes within the dataset's \(size), "
        + "found a request for \(count) bytes at \(offset)"
    case .library(let call, let message): "libhdf5: \(call): expected success, found \(message)"
    }
  }
}
