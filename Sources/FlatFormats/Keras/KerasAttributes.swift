internal import HDF5Kit

/// The attributes in which Keras's older files store the order of layers and of their weights.
enum KerasAttributes {
  static let layers = "layer_names"
  static let weights = "weight_names"

  /// Whether an attribute is one of these lists, or a part of one: `layer_names0`, `layer_names1`, ….
  static func isList(_ name: String) -> Bool {
    [layers, weights].contains { list in
      name.hasPrefix(list) && name.dropFirst(list.count).allSatisfy { ("0"..."9").contains($0) }
    }
  }

  /// The list of this name; nil if there is none.
  ///
  /// HDF5 limits an attribute of older files to 64 KiB, so Keras stores a longer list in several attributes. An empty list
  /// is stored as an array of no numbers.
  static func list(_ name: String, of group: HDF5Group) throws(HDF5Error) -> [String]? {
    let attributes = try group.attributes()
    var parts: [HDF5Attribute] = []
    if let whole = attributes.first(where: { $0.name == HDF5Name(name) }) {
      parts = [whole]
    } else {
      while let part = attributes.first(where: { $0.name == HDF5Name("\(name)\(parts.count)") }) {
        parts.append(part)
      }
    }
    if parts.isEmpty { return nil }
    var list: [String] = []
    for part in parts where part.dataspace.elementCount > 0 {
      guard let texts = try part.texts() else {
        throw .mismatch(
          file: group.fileName, path: group.path, expected: "text in attribute \(part.name.quoted)",
          found: "another type")
      }
      list += texts.map { String(decoding: $0, as: UTF8.self) }
    }
    return list
  }
}
