package import ByteFiles

/// A skeleton that libhdf5 has closed. This finds the places that must be filled in when the chunks are in the file.
///
/// In the skeleton, a chunked dataset has no chunk index yet, and the end of the file does not include chunks. Both
/// values are in structures with checksums.
package struct HDF5SkeletonFile {
  private let file: HDF5File
  private let context: FileContext

  /// Bytes, and the file offset at which they replace others.
  package typealias Patch = [(bytes: [UInt8], offset: Int)]

  /// The superblock of version 2: signature, version, two sizes, flags, the addresses of the base, of the extension, of
  /// the end of the file and of the root group, and the checksum (File Format Specification 2.0, II.B).
  private static let endPlace = 28
  private static let superblockSize = 48

  /// Opens the skeleton in `file`.
  package init(_ file: ReadableFile) throws(HDF5Error) {
    let head: [UInt8]
    do throws(FileError) { head = try file.bytes(at: 0, count: Self.superblockSize) } catch {
      throw .file(error)
    }
    // Addresses and lengths have eight bytes.
    guard head[8] == 2, head[9] == 8, head[10] == 8 else {
      throw .library(call: "H5Fcreate", message: "superblock of version \(head[8])")
    }
    self.file = try HDF5File(file)
    context = self.file.root.header.context
  }

  /// The patch that restores the superblock's extension, which holds the K of chunk trees.
  ///
  /// libhdf5 writes the extension only when it creates the file, before the file is moved to memory.
  package static func extensionPatch(of file: ReadableFile) throws(HDF5Error) -> Patch {
    let head: [UInt8]
    do throws(FileError) { head = try file.bytes(at: 0, count: superblockSize) } catch { throw .file(error) }
    // After the base address.
    let address = (0..<8).reduce(UInt64(0)) { $0 | UInt64(head[20 + $1]) << UInt64(8 * $1) }
    guard let address = Int(exactly: address), address >= superblockSize, address < file.size else {
      throw .library(call: "H5Fcreate", message: "no extension of the superblock")
    }
    // An object header of version 2 without times, in one block with one message. The message has the K of chunk trees,
    // then those of group trees and their leaves, which no group of this file uses.
    var header: [UInt8] = Array("OHDR".utf8) + [2, 0, 11, 0x13, 7, 0, 0, 0]
    for k in [UInt16(ChunkTree.width / 2), 16, 4] {
      header += withUnsafeBytes(of: k.littleEndian) { Array($0) }
    }
    let checksum = header.withUnsafeBufferPointer { lookup3($0) }
    return [(header + withUnsafeBytes(of: checksum.littleEndian) { Array($0) }, address)]
  }

  /// The patch that sets the chunk index of the chunked dataset with its object header at `address`.
  ///
  /// - Parameter root: the address of the index.
  package func indexPatch(ofDatasetAt address: Int, root: Int) throws(HDF5Error) -> Patch {
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
    let size = try HeaderBlocksV2.firstBlockSize(context, at: address)
    guard place >= address, place + 8 <= address + size - 4 else {
      throw cursor.malformed(expected: "the layout in the first block of its header", found: "\(place)")
    }
    return try patch(at: address, count: size, Self.word(root), at: place)
  }

  /// The patch that sets the end of the file.
  package func endPatch(_ end: Int) throws(HDF5Error) -> Patch {
    try patch(at: 0, count: Self.superblockSize, Self.word(end), at: Self.endPlace)
  }

  /// Replaces bytes in a structure whose last four bytes are the checksum of all others.
  private func patch(
    at address: Int, count: Int, _ bytes: [UInt8], at place: Int
  ) throws(HDF5Error) -> Patch {
    var cursor = try context.cursor(at: address, count: count, in: "skeleton")
    var structure = try cursor.take(count)
    structure.replaceSubrange(place - address..<place - address + bytes.count, with: bytes)
    let checksum = structure.dropLast(4).withUnsafeBufferPointer { lookup3($0) }
    return [(bytes, place), (withUnsafeBytes(of: checksum.littleEndian) { Array($0) }, address + count - 4)]
  }

  private static func word(_ value: Int) -> [UInt8] {
    withUnsafeBytes(of: UInt64(value).littleEndian) { Array($0) }
  }
}
