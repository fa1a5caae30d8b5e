/// The filters of a dataset's chunks, in the order in which they are applied on writing.
package struct HDF5FilterPipeline: Hashable, Sendable {
  package struct Filter: Hashable, Sendable {
    package let id: Int
    package let parameters: [UInt32]
    /// The name that the writer gave to a filter that is not one of the format's own.
    package let name: String

    /// The filters that this reader can undo.
    package enum Known: Int, Sendable { case deflate = 1, shuffle = 2, fletcher32 = 3 }
    package var known: Known? { Known(rawValue: id) }

    /// The filter's name in messages.
    package var title: String {
      switch id {
      case 1: "deflate"
      case 2: "shuffle"
      case 3: "fletcher32"
      case 4: "szip"
      case 5: "nbit"
      case 6: "scale-offset"
      default: name.isEmpty ? "number \(id)" : "number \(id) (\(name))"
      }
    }
  }

  package let filters: [Filter]

  static let none = HDF5FilterPipeline(filters: [])

  private init(filters: [Filter]) { self.filters = filters }

  init(_ message: HeaderMessage) throws(HDF5Error) {
    guard !message.isShared else { throw message.body.unsupported("a shared filter pipeline message") }
    var cursor = message.body
    let version = try cursor.version(1...2)
    let count = Int(try cursor.u8())
    // A chunk's mask has 32 bits, one for each filter.
    guard count <= 32 else { throw cursor.malformed(expected: "at most 32 filters", found: "\(count)") }
    if version == 1 { try cursor.skip(6) }
    var filters: [Filter] = []
    for _ in 0..<count {
      let id = try cursor.u16()
      let nameLength = version == 1 || id >= 256 ? try cursor.u16() : 0
      try cursor.skip(2)
      let parameterCount = try cursor.u16()
      let nameStart = cursor.offset
      let name = try cursor.take(nameLength)
      if version == 1 { cursor.align8(from: nameStart) }
      var parameters: [UInt32] = []
      for _ in 0..<parameterCount { parameters.append(UInt32(truncatingIfNeeded: try cursor.u32())) }
      if version == 1, parameterCount % 2 == 1 { try cursor.skip(min(4, cursor.remaining)) }
      let text = HDF5Name(bytes: Array(name.prefix { $0 != 0 })).quoted
      filters.append(Filter(id: id, parameters: parameters, name: text == "''" ? "" : text))
    }
    self.filters = filters
  }
}
