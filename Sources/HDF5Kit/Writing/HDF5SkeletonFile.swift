package import ByteFiles

/// A skeleton after libhdf5 has closed it: the places that have to be filled in once the chunks are in the file.
///
/// libhdf5 leaves a chunked dataset without chunks the address of an index that is not there yet, and the end of the
/// file as it was.
package struct HDF5SkeletonFile {
  private let file: HDF5File
  private let context: FileContext

  /// Opens the skeleton in `file`.
  package init(_ file: ReadableFile) throws(HDF5Error) {
    let head: [UInt8]
    do throws(FileError) { head = try file.bytes(at: 0, count: 16) } catch { throw .file(error) }
    // Version 1 is version 0 with the K of chunk trees, which the writer has set. Addresses and lengths have eight bytes.
    guard head[8] == 1, head[13] == 8, head[14] == 8 else {
      throw .library(call: "H5Fcreate", message: "superblock of version \(head[8])")
    }
    self.file = try HDF5File(file)
    context = self.file.root.header.context
  }

  /// Where the superblock of version 1 has the file's end: behind signature, eight numbers of a byte, two of two, flags,
  /// K, two bytes, the base address and that of free space (File Format Specification 2.0, II.A).
  package static let endPlace = 44

  /// Where the address of its chunks' index stands, for a chunked dataset with its object header at `address`.
  package func indexPlace(ofDatasetAt address: Int) throws(HDF5Error) -> Int {
    let header = try ObjectHeader(context, at: address)
    guard let message = try header.only(.layout) else {
      throw context.malformed("object header", at: address, expected: "a layout message", found: "none")
    }
    var cursor = message.body
    let version = try cursor.version(3...3)
    let (type, _) = (try cursor.u8(), try cursor.u8())
    let place = cursor.offset
    guard version == 3, type == 2, try cursor.address() == nil else {
      throw cursor.malformed(expected: "chunks without an index", found: "class \(type)")
    }
    return place
  }
}
