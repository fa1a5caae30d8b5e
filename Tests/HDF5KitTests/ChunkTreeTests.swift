import ByteFiles
import Deflate
import Glibc
import TestSupport
import Testing

@testable import HDF5Kit

@Suite("Chunk trees")
struct ChunkTreeTests {
  /// Datasets whose trees have one to four levels; chunks at the edges extend outside.
  static let shapes: [(shape: [Int], chunk: [Int])] = [
    ([7], [3]), ([16 * 3], [3]), ([16 * 3 + 1], [3]), ([5, 6, 7], [1, 4, 7]), ([9000], [2]),
    ([3, 70, 2], [1, 1, 2]),
  ]

  @Test("are read by libhdf5 and by our reader, whose chunks are those that were written", arguments: shapes)
  func tree(shape: [Int], chunk: [Int]) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("m.h5")
    let writer = try HDF5SkeletonWriter(path: path, datasetCount: 1, hasChunks: true)
    try writer.createGroup("g")
    let header = try writer.createDataset("d", in: "g", type: .u16, shape: shape, chunkShape: chunk)
    try writer.close()
    var file = try TemporaryFolder.bytes(of: path)
    let tree = ChunkTree(shape: shape, chunkShape: chunk, elementSize: 2)
    let elements = shape.reduce(1, *)
    let chunkBytes = chunk.reduce(2, *)
    let encoder = ChunkEncoder(capacity: chunkBytes)
    var places: [ChunkPlace] = []
    // Every element of a chunk holds the chunk's number.
    for number in 0..<tree.chunkCount {
      let bytes = [UInt8](repeating: 0, count: chunkBytes).indices.map {
        UInt8($0 % 2 == 0 ? number & 0xFF : number >> 8)
      }
      let stream = [UInt8](
        unsafeUninitializedCapacity: ChunkEncoder.outputLimit(chunkBytes, elementSize: 2)
      ) { buffer, filled in
        filled = bytes.withUnsafeBytes {
          encoder.encode($0, elementSize: 2, into: UnsafeMutableRawBufferPointer(buffer))
        }
      }
      places.append(ChunkPlace(address: file.count, count: stream.count))
      file += stream
    }
    let skeletonFile = try ReadableFile(path: path)
    let skeleton = try HDF5SkeletonFile(skeletonFile)
    let (nodes, root) = tree.nodes(places, at: file.count)
    file += nodes
    var patches = try HDF5SkeletonFile.extensionPatch(of: skeletonFile)
    patches += try skeleton.indexPatch(ofDatasetAt: header, root: root)
    patches += try skeleton.endPatch(file.count)
    for (bytes, offset) in patches { file.replaceSubrange(offset..<offset + bytes.count, with: bytes) }
    let whole = try folder.write(file, as: "whole.h5")

    let dataset = try HDF5File(try ReadableFile(path: whole)).dataset(at: "g/d")
    let counts = try #require(try dataset.chunkCounts())
    #expect(counts.stored == tree.chunkCount && counts.all == tree.chunkCount)
    let found = try #require(try LibHDF5Oracle.datasets(whole).first)
    #expect(found.shape == shape && found.bytes.count == 2 * elements)
    #expect(try dataset.readBytes() == found.bytes)
    let numbers = (0..<elements).map { Int(found.bytes[2 * $0]) + 256 * Int(found.bytes[2 * $0 + 1]) }
    #expect(Set(numbers) == Set(0..<tree.chunkCount))
    #expect(Self.isLibraryAtRest)
  }

  /// Whether libhdf5 has no open object at some moment. Other suites write files in this process at the same time, so
  /// there is such a moment only now and then; an object that is never closed leaves none.
  private static var isLibraryAtRest: Bool {
    for _ in 0..<6000 {
      if HDF5Diagnostics.openObjects == 0 { return true }
      usleep(5000)
    }
    return false
  }
}
