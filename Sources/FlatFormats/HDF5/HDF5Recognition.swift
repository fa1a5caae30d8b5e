internal import ByteFiles
internal import HDF5Kit

/// The kind of an HDF5 file, by the attributes and links of its root group.
enum HDF5Recognition: Sendable {
  /// A file of Keras, in its older form or in that of Keras 3.
  case keras
  /// Any other file that is not a unit checkpoint.
  case other

  /// nil for a file without the signature, for a unit checkpoint, and for a file whose root cannot be read.
  static func kind(of file: ReadableFile) -> HDF5Recognition? {
    guard (try? HDF5File.hasSignature(file)) == true, let opened = try? HDF5File(file) else { return nil }
    guard let attributes = try? opened.root.attributes() else { return nil }
    // A unit checkpoint has this attribute and this group; one of them may be damaged.
    if attributes.contains(where: { $0.name == "format" && isCheckpoint($0) }) { return nil }
    if (try? opened.root.link("tessera")) != nil { return nil }
    return KerasForm(of: opened) == nil ? .other : .keras
  }

  private static func isCheckpoint(_ attribute: HDF5Attribute) -> Bool {
    (try? attribute.texts())?.flatMap { $0.first }.map {
      String(decoding: $0, as: UTF8.self).hasPrefix("tessera")
    }
      ?? false
  }
}
