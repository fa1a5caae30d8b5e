/// A group of an open file: links from names to objects.
package struct HDF5Group: Sendable {
  /// The path by which the group was found, for messages.
  package let path: String
  /// The file offset of the object header: the object's identity.
  package let address: Int
  let header: ObjectHeader
  private let table: LinkTable

  init(_ header: ObjectHeader, path: String) throws(HDF5Error) {
    self.header = header
    self.path = path
    address = header.address
    table = try LinkTable(header)
  }

  /// The file's name in messages.
  package var fileName: String { header.context.source.name }

  package func attributes() throws(HDF5Error) -> [HDF5Attribute] { try header.attributes() }

  package func attribute(_ name: HDF5Name) throws(HDF5Error) -> HDF5Attribute? {
    try header.attributes().first { $0.name == name }
  }

  /// The link of this name, or nil; in an indexed group, this reads one path through the index.
  package func link(_ name: HDF5Name) throws(HDF5Error) -> HDF5Link? { try table.link(name) }

  /// Calls `body` for every link, in the order of the file's index, while the index is read.
  package func forEachLink(_ body: (HDF5Link) throws(HDF5Error) -> Void) throws(HDF5Error) {
    let limits = header.context.limits
    var count = 0
    var nameBytes = 0
    try table.forEach { link throws(HDF5Error) in
      count += 1
      nameBytes += link.name.bytes.count
      guard count <= limits.linksPerGroup, nameBytes <= limits.nameBytesPerGroup else {
        throw header.context.limit(
          "\(limits.linksPerGroup.grouped) links with \(limits.nameBytesPerGroup.grouped) bytes of names",
          found: "more")
      }
      try body(link)
    }
  }

  /// Every link in the order of the names' bytes; throws if a name occurs twice.
  package func links() throws(HDF5Error) -> [HDF5Link] {
    var links: [HDF5Link] = []
    try forEachLink { link in links.append(link) }
    links.sort { $0.name < $1.name }
    for (first, second) in zip(links, links.dropFirst()) where first.name == second.name {
      throw header.context.malformed(
        "group", at: address, expected: "every name once", found: "\(first.name.quoted) twice")
    }
    return links
  }

  /// The object of that name, or nil if the group has no such link; throws for a link that is not hard.
  package func object(_ name: HDF5Name) throws(HDF5Error) -> HDF5Object? {
    guard let link = try link(name) else { return nil }
    return try object(link)
  }

  /// The object that one of this group's links leads to.
  package func object(_ link: HDF5Link) throws(HDF5Error) -> HDF5Object {
    let path = path == "/" ? "/\(link.name)" : "\(path)/\(link.name)"
    let context = header.context.at(path: path)
    guard case .hard(let address) = link.target else {
      throw context.unsupported(link.refusedFeature ?? "a link")
    }
    return try HDF5Object(context, at: address, path: path)
  }
}
