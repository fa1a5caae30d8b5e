/// The object at a path.
package enum HDF5Object: Sendable {
  case group(HDF5Group)
  case dataset(HDF5Dataset)
  /// A committed datatype: a type with its own name.
  case datatype(HDF5Datatype)

  init(_ context: FileContext, at address: Int, path: String) throws(HDF5Error) {
    let header = try ObjectHeader(context, at: address)
    let kinds = Set(header.messages.map(\.kind))
    if kinds.contains(.layout) {
      self = .dataset(try HDF5Dataset(header, path: path))
    } else if kinds.contains(.symbolTable) || kinds.contains(.linkInfo) || kinds.contains(.link) {
      self = .group(try HDF5Group(header, path: path))
    } else if kinds.contains(.datatype), !kinds.contains(.dataspace), let message = try header.only(.datatype)
    {
      self = .datatype(try HDF5Datatype(message))
    } else {
      throw context.malformed(
        "object header", at: address, expected: "the messages of a group, dataset or datatype",
        found: kinds.isEmpty ? "none" : kinds.map(\.title).sorted().joined(separator: ", "))
    }
  }

  /// Bytes of the object's header; 0 for a committed datatype, which is too small to count.
  var headerBytes: Int {
    switch self {
    case .group(let group): group.header.byteCount
    case .dataset(let dataset): dataset.header.byteCount
    case .datatype: 0
    }
  }

  /// The object's kind in messages.
  package var title: String {
    switch self {
    case .group: "a group"
    case .dataset: "a dataset"
    case .datatype: "a committed datatype"
    }
  }
}

extension ObjectHeader {
  /// The object's attributes: those in the header, then those in the heap of dense attributes.
  func attributes() throws(HDF5Error) -> [HDF5Attribute] {
    var attributes: [HDF5Attribute] = []
    for message in all(.attribute) { attributes.append(try HDF5Attribute(message)) }
    if let info = try only(.attributeInfo) { attributes += try DenseAttributes.read(info) }
    var names: Set<HDF5Name> = []
    for attribute in attributes where !names.insert(attribute.name).inserted {
      throw context.malformed(
        "object header", at: address, expected: "every attribute once",
        found: "\(attribute.name.quoted) twice")
    }
    return attributes
  }
}
