/// The links of an old-style group: a B-tree over symbol nodes, with the names in a local heap.
struct SymbolTable: Sendable {
  private let context: FileContext
  private let tree: Int
  private let heap: LocalHeap

  init(_ message: HeaderMessage) throws(HDF5Error) {
    var cursor = message.body
    context = cursor.context
    tree = try cursor.definedAddress(of: "a group's B-tree")
    heap = try LocalHeap(context, at: cursor.definedAddress(of: "a group's names"))
  }

  /// The link of this name, found by comparing names from the root down.
  func link(_ name: HDF5Name) throws(HDF5Error) -> HDF5Link? {
    var address = tree
    var level: Int?
    while true {
      let node = try BTreeV1Node(
        context, at: address, kind: .group, keySize: context.lengthWidth, level: level)
      // The name is in the first child whose right key is not below the name.
      var low = 0
      var high = node.childCount
      while low < high {
        let middle = (low + high) / 2
        if try key(node, middle + 1) < name { low = middle + 1 } else { high = middle }
      }
      guard low < node.childCount, try key(node, low) < name else { return nil }
      let child = try node.child(low)
      if node.level == 0 { return try SymbolNode(context, at: child).link(name, heap) }
      address = child
      level = node.level - 1
    }
  }

  private func key(_ node: BTreeV1Node, _ index: Int) throws(HDF5Error) -> HDF5Name {
    var cursor = try node.key(index)
    return HDF5Name(bytes: try heap.name(at: cursor.length()))
  }

  /// Calls `body` for every link in the order of names.
  ///
  /// Names that do not ascend are refused: a lookup would miss some, and a name could occur twice.
  func forEach(_ body: (HDF5Link) throws(HDF5Error) -> Void) throws(HDF5Error) {
    var visited = VisitedNodes()
    var last: HDF5Name?
    try forEach(at: tree, level: nil, &visited, &last, body)
  }

  private func forEach(
    at address: Int, level: Int?, _ visited: inout VisitedNodes, _ last: inout HDF5Name?,
    _ body: (HDF5Link) throws(HDF5Error) -> Void
  ) throws(HDF5Error) {
    try visited.enter(address, context)
    let node = try BTreeV1Node(
      context, at: address, kind: .group, keySize: context.lengthWidth, level: level)
    for index in 0..<node.childCount {
      let child = try node.child(index)
      if node.level > 0 {
        try forEach(at: child, level: node.level - 1, &visited, &last, body)
        continue
      }
      try visited.enter(child, context)
      let symbols = try SymbolNode(context, at: child)
      for entry in 0..<symbols.count {
        let link = try symbols.link(at: entry, heap)
        if let last, !(last < link.name) {
          throw context.malformed(
            "symbol node", at: child, expected: "names in ascending order",
            found: "\(link.name.quoted) after \(last.quoted)")
        }
        last = link.name
        try body(link)
      }
    }
  }
}

/// A leaf of a group's B-tree: symbol table entries in the order of their names.
struct SymbolNode: Sendable {
  private let context: FileContext
  private let entries: ByteCursor
  let count: Int

  init(_ context: FileContext, at address: Int) throws(HDF5Error) {
    var cursor = try context.cursor(at: address, count: 8, in: "symbol node")
    try cursor.signature("SNOD")
    _ = try cursor.version(1...1)
    try cursor.skip(1)
    count = try cursor.u16()
    if let k = context.symbolNodeK, count > 2 * k {
      throw cursor.malformed(expected: "at most \(2 * k) links", found: "\(count)")
    }
    entries = try context.cursor(
      at: address + 8, count: count * Self.entrySize(context), in: "symbol node")
    self.context = context
  }

  private static func entrySize(_ context: FileContext) -> Int { 2 * context.addressWidth + 24 }

  func link(_ name: HDF5Name, _ heap: LocalHeap) throws(HDF5Error) -> HDF5Link? {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if try self.name(at: middle, heap) < name { low = middle + 1 } else { high = middle }
    }
    guard low < count else { return nil }
    let link = try link(at: low, heap)
    return link.name == name ? link : nil
  }

  private func entry(_ index: Int) throws(HDF5Error) -> ByteCursor {
    var cursor = entries
    try cursor.skip(index * Self.entrySize(context))
    return cursor
  }

  private func name(at index: Int, _ heap: LocalHeap) throws(HDF5Error) -> HDF5Name {
    var cursor = try entry(index)
    // The name's offset has the width of an address, but counts from the start of the heap.
    return HDF5Name(bytes: try heap.name(at: cursor.int(context.addressWidth)))
  }

  func link(at index: Int, _ heap: LocalHeap) throws(HDF5Error) -> HDF5Link {
    var cursor = try entry(index)
    let name = HDF5Name(bytes: try heap.name(at: cursor.int(context.addressWidth)))
    let header = try cursor.address()
    let cacheType = try cursor.u32()
    try cursor.skip(4)
    if cacheType == 2 {
      let target = try heap.name(at: cursor.u32())
      return HDF5Link(name: name, target: .soft(HDF5Name(bytes: target)))
    }
    guard cacheType < 2, let header else {
      throw cursor.malformed(
        expected: "a link to an object",
        found: "cache type \(cacheType)\(header == nil ? " and no address" : "")")
    }
    return HDF5Link(name: name, target: .hard(header))
  }
}
