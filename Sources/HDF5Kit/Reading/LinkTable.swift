/// The three ways in which a group stores its links.
enum LinkTable: Sendable {
  /// A B-tree of version 1 over symbol nodes: every group before 1.8, and groups written with the low bound "earliest".
  case symbols(SymbolTable)
  /// Link messages in the object header.
  case compact([HeaderMessage])
  /// Link messages in a fractal heap, found through B-trees of version 2.
  case dense(DenseLinks)

  init(_ header: ObjectHeader) throws(HDF5Error) {
    if let message = try header.only(.symbolTable) {
      self = .symbols(try SymbolTable(message))
      return
    }
    if let message = try header.only(.linkInfo), let dense = try DenseLinks(message) {
      self = .dense(dense)
      return
    }
    self = .compact(header.all(.link))
  }

  func link(_ name: HDF5Name) throws(HDF5Error) -> HDF5Link? {
    switch self {
    case .symbols(let table): return try table.link(name)
    case .dense(let links): return try links.link(name)
    case .compact:
      var found: HDF5Link?
      try forEach { link throws(HDF5Error) in
        if link.name == name { found = link }
      }
      return found
    }
  }

  func forEach(_ body: (HDF5Link) throws(HDF5Error) -> Void) throws(HDF5Error) {
    switch self {
    case .symbols(let table): try table.forEach(body)
    case .dense(let links): try links.forEach(body)
    case .compact(let messages):
      var names: Set<HDF5Name> = []
      for message in messages {
        guard !message.isShared else { throw message.body.unsupported("a shared link message") }
        let link = try HDF5Link(message.body)
        guard names.insert(link.name).inserted else {
          throw message.body.malformed(expected: "every name once", found: "\(link.name.quoted) twice")
        }
        try body(link)
      }
    }
  }
}
