/// The global heaps of a file, where the values of variable-length elements are stored (File Format Specification 3.0,
/// III.E). Each collection is read once.
struct GlobalHeap {
  private let context: FileContext
  /// The objects of each collection by number, with their ranges in the file.
  private var collections: [Int: [Int: Range<Int>]] = [:]
  /// Bytes of collections and objects that may still be read.
  private var budget: Int

  /// - Parameter budget: bytes that may be read in total. Many elements may name the same object.
  init(_ context: FileContext, budget: Int) {
    self.context = context
    self.budget = budget
  }

  /// The bytes of a variable-length element: a count of bytes, and the collection and number of the object.
  mutating func bytes(_ element: inout ByteCursor) throws(HDF5Error) -> [UInt8] {
    let start = element
    let count = try element.u32()
    let address = try element.address()
    let number = try element.u32()
    if count == 0 { return [] }
    guard let address, address > context.base else {
      throw start.malformed(expected: "the address of a global heap", found: "none")
    }
    guard let range = try objects(at: address)[number], count <= range.count else {
      throw start.malformed(
        expected: "an object of \(count.grouped) bytes in the global heap at byte \(address)",
        found: "none with number \(number)")
    }
    try spend(count, at: address)
    var cursor = try context.cursor(at: range.lowerBound, count: count, in: "global heap")
    return try cursor.take(count)
  }

  private mutating func spend(_ count: Int, at address: Int) throws(HDF5Error) {
    guard count <= budget else {
      throw context.limit("64 MiB of text in an attribute", found: "more", in: "global heap", at: address)
    }
    budget -= count
  }

  private mutating func objects(at address: Int) throws(HDF5Error) -> [Int: Range<Int>] {
    if let known = collections[address] { return known }
    let headerSize = 8 + context.lengthWidth
    var head = try context.cursor(at: address, count: headerSize, in: "global heap")
    try head.signature("GCOL")
    _ = try head.version(1...1)
    try head.skip(3)
    let size = try head.length()
    guard size >= headerSize else {
      throw head.malformed(expected: "a collection of at least \(headerSize) bytes", found: "\(size)")
    }
    try context.check(offset: address, count: size, in: "global heap")
    var objects: [Int: Range<Int>] = [:]
    var position = headerSize
    while position <= size - headerSize {
      // An object's header costs as much as its collection's.
      try spend(headerSize, at: address)
      var cursor = try context.cursor(at: address + position, count: headerSize, in: "global heap object")
      let number = try cursor.u16()
      try cursor.skip(6)
      let count = try cursor.length()
      // Number 0 is the free space at the end.
      if number == 0 { break }
      let start = position + headerSize
      guard count <= size - start, objects[number] == nil else {
        throw cursor.malformed(
          expected: "an object within \(size.grouped) bytes, and every number once",
          found: "number \(number) of \(count.grouped) bytes")
      }
      objects[number] = address + start..<address + start + count
      let (padded, overflow) = count.addingReportingOverflow(7)
      if overflow { break }
      position = start + padded / 8 * 8
    }
    collections[address] = objects
    return objects
  }
}
