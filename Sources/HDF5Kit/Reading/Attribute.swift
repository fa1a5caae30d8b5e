/// An attribute: a small named value of an object.
package struct HDF5Attribute: Sendable {
  package let name: HDF5Name
  package let datatype: HDF5Datatype
  package let dataspace: HDF5Dataspace
  private let data: ByteCursor

  /// Sizes of the dimensions; empty for a scalar and for a null dataspace.
  package var shape: [Int] { dataspace.shape }

  /// The value's bytes as stored: elements in C order, without conversion.
  ///
  /// Throws for a type whose bytes refer to another part of the file.
  package func bytes() throws(HDF5Error) -> [UInt8] {
    if let refused = datatype.refusedClass {
      throw data.context.unsupported(
        "\(refused) in attribute \(name.quoted)", in: "attribute message", at: data.offset)
    }
    var cursor = data
    return try cursor.take(cursor.remaining)
  }

  /// The value as texts, without the padding of each; nil for a type that is not text.
  ///
  /// Variable-length texts are read from the global heap, at most 64 MiB in total.
  package func texts() throws(HDF5Error) -> [[UInt8]]? {
    var cursor = data
    var texts: [[UInt8]] = []
    switch datatype.kind {
    case .string(let format):
      for _ in 0..<dataspace.elementCount { texts.append(format.unpadded(try cursor.take(datatype.size))) }
    case .refused(HDF5Datatype.variableText):
      guard datatype.size == 8 + data.context.addressWidth else {
        throw data.malformed(
          expected: "variable-length elements of \(8 + data.context.addressWidth) bytes",
          found: "\(datatype.size)")
      }
      var heap = GlobalHeap(data.context, budget: 64 << 20)
      for _ in 0..<dataspace.elementCount { texts.append(try heap.bytes(&cursor)) }
    default: return nil
    }
    return texts
  }

  init(_ message: HeaderMessage) throws(HDF5Error) {
    guard !message.isShared else { throw message.body.unsupported("a shared attribute message") }
    try self.init(message.body)
  }

  init(_ body: ByteCursor) throws(HDF5Error) {
    var cursor = body
    let version = try cursor.version(1...3)
    let flags = try cursor.u8()
    let nameSize = try cursor.u16()
    let typeSize = try cursor.u16()
    let spaceSize = try cursor.u16()
    if version == 3 { try cursor.skip(1) }
    var field = try Self.field(&cursor, nameSize, padded: version == 1)
    name = HDF5Name(bytes: try field.terminated())
    field = try Self.field(&cursor, typeSize, padded: version == 1)
    let shared: UInt8 = version == 1 ? 0 : flags
    datatype = try HDF5Datatype(HeaderMessage(datatype: field, shared: shared & 1 != 0))
    field = try Self.field(&cursor, spaceSize, padded: version == 1)
    guard shared & 2 == 0 else { throw field.unsupported("a shared dataspace message") }
    dataspace = try HDF5Dataspace(field)
    let (count, overflow) = dataspace.elementCount.multipliedReportingOverflow(by: datatype.size)
    guard !overflow, count <= cursor.remaining else {
      throw cursor.malformed(
        expected: "\(dataspace.elementCount) elements of \(datatype.size) bytes in attribute \(name.quoted)",
        found: "\(cursor.remaining) bytes")
    }
    data = try cursor.part(count)
  }

  /// Version 1 pads each field to a multiple of eight bytes.
  private static func field(_ cursor: inout ByteCursor, _ size: Int, padded: Bool) throws(HDF5Error)
    -> ByteCursor
  {
    let start = cursor.offset
    let field = try cursor.part(size)
    if padded { cursor.align8(from: start) }
    return field
  }
}
