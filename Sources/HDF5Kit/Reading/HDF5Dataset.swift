internal import Synchronization

/// A dataset of an open file: the type, the shape and the bytes of its elements.
///
/// Bytes are returned as stored, in C order, without conversion. Several threads may read at once. Only the chunk index
/// is kept here; decoded chunks are kept for the whole file, up to a limit.
package final class HDF5Dataset: Sendable {
  /// The path by which the dataset was found, for messages.
  package let path: String
  /// The file offset of the object header: the object's identity.
  package let address: Int
  package let datatype: HDF5Datatype
  package let dataspace: HDF5Dataspace
  package let storage: HDF5Storage
  /// The bytes of an element that was never written; nil for zeros.
  package let fillValue: [UInt8]?
  /// Bytes of all elements together.
  package let byteCount: Int

  let header: ObjectHeader
  let index = Mutex<ChunkIndex?>(nil)

  var context: FileContext { header.context }

  /// Sizes of the dimensions, slowest first; empty for a scalar and for a null dataspace.
  package var shape: [Int] { dataspace.shape }

  init(_ header: ObjectHeader, path: String) throws(HDF5Error) {
    self.header = header
    self.path = path
    address = header.address
    let context = header.context
    func required(_ kind: HeaderMessage.Kind) throws(HDF5Error) -> HeaderMessage {
      if let message = try header.only(kind) { return message }
      throw context.malformed(
        "object header", at: header.address, expected: "a dataset's \(kind.title)", found: "none")
    }
    if try header.only(.externalFiles) != nil {
      throw context.unsupported(ForeignData.externalStorage.rawValue, in: "object header", at: header.address)
    }
    datatype = try HDF5Datatype(required(.datatype))
    dataspace = try HDF5Dataspace(required(.dataspace))
    let (count, overflow) = dataspace.elementCount.multipliedReportingOverflow(by: datatype.size)
    guard !overflow else {
      throw context.malformed(
        "object header", at: header.address, expected: "fewer than 2^63 bytes",
        found: "\(dataspace.elementCount) elements of \(datatype.size) bytes")
    }
    byteCount = count
    let pipeline = try header.only(.filterPipeline)
    storage = try HDF5Storage(
      required(.layout), dataspace: dataspace, elementSize: datatype.size, byteCount: count,
      pipeline: pipeline.map { message throws(HDF5Error) in try HDF5FilterPipeline(message) } ?? .none)
    fillValue = try FillValue.read(header, elementSize: datatype.size)
  }

  package func attributes() throws(HDF5Error) -> [HDF5Attribute] { try header.attributes() }

  package func attribute(_ name: HDF5Name) throws(HDF5Error) -> HDF5Attribute? {
    try header.attributes().first { $0.name == name }
  }
}
