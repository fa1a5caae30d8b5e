package import ByteFiles

/// An HDF5 file that our own bounds-checked decoder reads, without libhdf5.
///
/// It reads only what is requested, small structures through a bounded cache of pages. All values that it returns are
/// immutable and may be used from several threads at once.
package final class HDF5File: Sendable {
  private let context: FileContext
  private let superblock: Superblock

  /// The path as the user gave it.
  package var name: String { context.source.name }
  /// The file offset where the HDF5 data ends, as its writer recorded it.
  package var endOfFile: Int { superblock.endOfFile }
  package let root: HDF5Group
  /// Bytes that were decoded from chunks so far.
  package var decodedByteCount: Int { context.chunks.decodedByteCount }

  /// Opens a file for reading.
  package convenience init(_ file: ReadableFile, limits: HDF5Limits = .init()) throws(HDF5Error) {
    try self.init(source: file, limits: limits)
  }

  /// Opens HDF5 data in memory; messages show `name` as its path.
  package convenience init(
    _ bytes: [UInt8], name: String, limits: HDF5Limits = .init()
  ) throws(HDF5Error) {
    try self.init(source: MemoryByteSource(bytes, name: name), limits: limits)
  }

  package init(source: any ByteSource, limits: HDF5Limits = .init()) throws(HDF5Error) {
    var context = FileContext(source: source, limits: limits)
    superblock = try Superblock(&context)
    if let address = superblock.extensionHeader {
      let header = try ObjectHeader(context, at: address)
      if try header.only(.driverInfo) != nil {
        throw context.unsupported(
          "a driver information block (a file in several parts)", in: "superblock extension")
      }
    }
    self.context = context
    context = context.at(path: "/")
    root = try HDF5Group(ObjectHeader(context, at: superblock.root), path: "/")
  }

  /// The eight bytes with which the superblock of every HDF5 file begins.
  package static var signature: [UInt8] { Superblock.signature }

  /// Whether the file has the HDF5 signature, at its start or after a user block.
  package static func hasSignature(_ source: any ByteSource) throws(FileError) -> Bool {
    var place = 0
    while place <= source.size - Superblock.signature.count {
      if try source.bytes(at: place, count: Superblock.signature.count) == Superblock.signature {
        return true
      }
      place = place == 0 ? 512 : place * 2
    }
    return false
  }

  /// The object at a path of link names from the root; links that are not hard are refused and never followed.
  package func object(at path: [HDF5Name]) throws(HDF5Error) -> HDF5Object {
    var object = HDF5Object.group(root)
    var shown = "/"
    for name in path {
      guard case .group(let group) = object else {
        throw .mismatch(file: self.name, path: shown, expected: "a group", found: object.title)
      }
      shown = shown == "/" ? "/\(name)" : "\(shown)/\(name)"
      guard let next = try group.object(name) else { throw .missing(file: self.name, path: shown) }
      object = next
    }
    return object
  }

  /// The object at a path such as `a/b/c`; leading, trailing and repeated slashes are ignored.
  package func object(at path: String) throws(HDF5Error) -> HDF5Object {
    try object(at: path.utf8.split(separator: UInt8(ascii: "/")).map { HDF5Name(bytes: Array($0)) })
  }

  /// The dataset at a path; another kind of object is an error.
  package func dataset(at path: [HDF5Name]) throws(HDF5Error) -> HDF5Dataset {
    let object = try object(at: path)
    if case .dataset(let dataset) = object { return dataset }
    throw mismatch(path, expected: "a dataset", found: object)
  }

  /// The dataset at a path such as `a/b/c`.
  package func dataset(at path: String) throws(HDF5Error) -> HDF5Dataset {
    try dataset(at: path.utf8.split(separator: UInt8(ascii: "/")).map { HDF5Name(bytes: Array($0)) })
  }

  /// The group at a path; another kind of object is an error.
  package func group(at path: [HDF5Name]) throws(HDF5Error) -> HDF5Group {
    let object = try object(at: path)
    if case .group(let group) = object { return group }
    throw mismatch(path, expected: "a group", found: object)
  }

  /// The group at a path such as `a/b/c`.
  package func group(at path: String) throws(HDF5Error) -> HDF5Group {
    try group(at: path.utf8.split(separator: UInt8(ascii: "/")).map { HDF5Name(bytes: Array($0)) })
  }

  private func mismatch(_ path: [HDF5Name], expected: String, found: HDF5Object) -> HDF5Error {
    let shown = "/" + path.map(\.description).joined(separator: "/")
    return .mismatch(file: name, path: shown, expected: expected, found: found.title)
  }
}
