import CHDF5
import Foundation
import TestSupport

/// A file that libhdf5 writes for one test: datasets in one chunk, or in a few, behind filters.
struct ChunkFile {
  enum Filter { case shuffle, deflate, checksum }

  struct Failure: Error { let call: String }

  let bytes: [UInt8]

  /// Writes `values` as each dataset of U32, of the shape `shape` in chunks of the shape `chunk`.
  init(_ values: [UInt32], shape: [Int], chunk: [Int], filters: [Filter], copies: Int = 1) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("chunks.h5")
    try LibHDF5Oracle.lock.withLock {
      let file = try Self.check(
        H5Fcreate(path, tessera_H5F_ACC_TRUNC(), hid_t(H5P_DEFAULT), hid_t(H5P_DEFAULT)), "H5Fcreate")
      defer { H5Fclose(file) }
      let space = try Self.check(
        H5Screate_simple(Int32(shape.count), shape.map { hsize_t($0) }, nil), "space")
      defer { H5Sclose(space) }
      let list = try Self.check(H5Pcreate(tessera_H5P_DATASET_CREATE()), "H5Pcreate")
      defer { H5Pclose(list) }
      H5Pset_chunk(list, Int32(chunk.count), chunk.map { hsize_t($0) })
      for filter in filters {
        switch filter {
        case .shuffle: H5Pset_shuffle(list)
        case .deflate: H5Pset_deflate(list, 1)
        case .checksum: H5Pset_fletcher32(list)
        }
      }
      for number in 0..<copies {
        let type = tessera_H5T_STD_U32LE()
        let dataset = try Self.check(
          H5Dcreate2(file, "data\(number)", type, space, hid_t(H5P_DEFAULT), list, hid_t(H5P_DEFAULT)),
          "H5Dcreate2")
        defer { H5Dclose(dataset) }
        let status = H5Dwrite(
          dataset, type, hid_t(H5S_ALL), hid_t(H5S_ALL), hid_t(H5P_DEFAULT),
          values.map { $0 &+ UInt32(number) })
        guard status >= 0 else { throw Failure(call: "H5Dwrite") }
      }
    }
    bytes = Array(try Data(contentsOf: URL(filePath: path)))
  }

  private static func check(_ id: hid_t, _ call: String) throws -> hid_t {
    guard id >= 0 else { throw Failure(call: call) }
    return id
  }
}
