import CHDF5
import Foundation

/// Reads a file with libhdf5 itself, as a second opinion on our reader.
///
/// Only for files that this project made: Debian's release crashes on some crafted ones. Reads use the file's own
/// datatypes, so that the library converts nothing. One lock, because libhdf5 is not thread-safe in every build.
struct LibHDF5Oracle {
  struct Dataset {
    let path: String
    let shape: [Int]
    let elementSize: Int
    let bytes: [UInt8]
  }

  struct Failure: Error { let call: String }

  static let lock = NSLock()

  /// Every dataset of the file that hard links lead to, in the order of names, except in `skipping`.
  static func datasets(_ path: String, skipping: Set<String> = []) throws -> [Dataset] {
    try lock.withLock {
      let plist = H5Pcreate(tessera_H5P_FILE_ACCESS())
      defer { H5Pclose(plist) }
      let file = try check(H5Fopen(path, tessera_H5F_ACC_RDONLY(), plist), "H5Fopen")
      defer { H5Fclose(file) }
      var found: [Dataset] = []
      try walk(file, "", skipping, &found)
      return found
    }
  }

  private static func check(_ id: hid_t, _ call: String) throws -> hid_t {
    guard id >= 0 else { throw Failure(call: call) }
    return id
  }

  private static func walk(
    _ group: hid_t, _ prefix: String, _ skipping: Set<String>, _ found: inout [Dataset]
  ) throws {
    for name in try names(of: group) {
      let path = prefix + String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
      var link = H5L_info_t()
      guard H5Lget_info(group, name, &link, hid_t(H5P_DEFAULT)) >= 0 else {
        throw Failure(call: "H5Lget_info")
      }
      guard link.type == H5L_TYPE_HARD, !skipping.contains(path) else { continue }
      let object = try check(H5Oopen(group, name, hid_t(H5P_DEFAULT)), "H5Oopen")
      defer { H5Oclose(object) }
      switch H5Iget_type(object) {
      case H5I_GROUP: try walk(object, path + "/", skipping, &found)
      case H5I_DATASET: found.append(try read(object, path))
      default: break
      }
    }
  }

  /// The names of a group's links, each with its NUL. C callbacks only append, because nothing may be thrown through C.
  private static func names(of group: hid_t) throws -> [[CChar]] {
    var names: [[CChar]] = []
    let status = withUnsafeMutablePointer(to: &names) { names in
      H5Literate(
        group, H5_INDEX_NAME, H5_ITER_INC, nil,
        { _, name, _, context in
          guard let name, let context else { return -1 }
          let bytes = UnsafeBufferPointer(start: name, count: strlen(name) + 1)
          context.assumingMemoryBound(to: [[CChar]].self).pointee.append(Array(bytes))
          return 0
        }, names)
    }
    guard status >= 0 else { throw Failure(call: "H5Literate") }
    return names
  }

  private static func read(_ dataset: hid_t, _ path: String) throws -> Dataset {
    let space = try check(H5Dget_space(dataset), "H5Dget_space")
    defer { H5Sclose(space) }
    let type = try check(H5Dget_type(dataset), "H5Dget_type")
    defer { H5Tclose(type) }
    let rank = Int(H5Sget_simple_extent_ndims(space))
    var shape = [hsize_t](repeating: 0, count: max(1, rank))
    H5Sget_simple_extent_dims(space, &shape, nil)
    let size = H5Tget_size(type)
    let count = Int(H5Sget_simple_extent_npoints(space))
    var bytes = [UInt8](repeating: 0, count: count * size)
    if !bytes.isEmpty {
      guard H5Dread(dataset, type, hid_t(H5S_ALL), hid_t(H5S_ALL), hid_t(H5P_DEFAULT), &bytes) >= 0 else {
        throw Failure(call: "H5Dread \(path)")
      }
    }
    return Dataset(path: path, shape: shape.prefix(rank).map { Int($0) }, elementSize: size, bytes: bytes)
  }

  /// The number of bytes that libhdf5 stores for a chunk that it shuffles and deflates itself.
  static func deflated(_ bytes: [UInt8], elementSize: Int, level: UInt32) throws -> Int {
    try lock.withLock {
      let access = H5Pcreate(tessera_H5P_FILE_ACCESS())
      defer { H5Pclose(access) }
      // A file in memory that is never written.
      H5Pset_fapl_core(access, 1 << 20, false)
      let file = try check(
        H5Fcreate("deflated", tessera_H5F_ACC_TRUNC(), hid_t(H5P_DEFAULT), access), "H5Fcreate")
      defer { H5Fclose(file) }
      let type = try check(H5Tcreate(H5T_OPAQUE, elementSize), "H5Tcreate")
      defer { H5Tclose(type) }
      var extent = hsize_t(bytes.count / elementSize)
      let space = try check(H5Screate_simple(1, &extent, nil), "H5Screate_simple")
      defer { H5Sclose(space) }
      let creation = H5Pcreate(tessera_H5P_DATASET_CREATE())
      defer { H5Pclose(creation) }
      H5Pset_chunk(creation, 1, &extent)
      H5Pset_shuffle(creation)
      H5Pset_deflate(creation, level)
      let dataset = try check(
        H5Dcreate2(file, "d", type, space, hid_t(H5P_DEFAULT), creation, hid_t(H5P_DEFAULT)), "H5Dcreate2")
      defer { H5Dclose(dataset) }
      guard H5Dwrite(dataset, type, hid_t(H5S_ALL), hid_t(H5S_ALL), hid_t(H5P_DEFAULT), bytes) >= 0 else {
        throw Failure(call: "H5Dwrite")
      }
      H5Fflush(file, H5F_SCOPE_LOCAL)
      return Int(H5Dget_storage_size(dataset))
    }
  }
}
