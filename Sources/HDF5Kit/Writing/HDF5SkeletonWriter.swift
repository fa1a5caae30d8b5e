package import ByteFiles
internal import CHDF5
internal import Dispatch

/// Creates the groups, datasets and attributes of a new HDF5 file, and returns where each dataset's bytes belong.
///
/// The bytes are written without the library, at these addresses. A contiguous dataset with early allocation has an
/// address from the start (`H5Dget_offset`); `pwrite` is as fast as `H5Dwrite` and takes no lock. Not `Sendable`: one
/// owner creates and closes it.
package final class HDF5SkeletonWriter {
  private var file: HDF5Handle?
  private let groupCreation: HDF5Handle
  private let datasetCreation: HDF5Handle
  private var groups: [String: HDF5Handle] = [:]
  private var types: [HDF5ElementType: HDF5Handle] = [:]
  private var hasTurn = false

  /// libhdf5 identifies open files by device and inode and refuses to open one twice; all files in memory begin as the
  /// same one. The library does one thing at a time anyway, so waiting takes no extra time.
  private static let memoryTurn = DispatchSemaphore(value: 1)

  /// Begins an empty HDF5 file in `memory`, laid out for about `datasetCount` datasets.
  ///
  /// - Parameter hasChunks: whether there will be datasets in chunks.
  package convenience init(
    memory: NamelessFile, datasetCount: Int, hasChunks: Bool = false
  ) throws(HDF5Error) {
    // The library needs a path, and writes a first superblock there at once; a full disk must not prevent this.
    Self.memoryTurn.wait()
    do throws(HDF5Error) {
      try self.init(path: "/dev/null", datasetCount: datasetCount, hasChunks: hasChunks)
    } catch {
      Self.memoryTurn.signal()
      throw error
    }
    hasTurn = true
    try HDF5Library.sync { () throws(HDF5Error) in try Self.move(openFile(), to: memory) }
  }

  deinit {
    // The file stays open as long as an object of it is open.
    groups.removeAll()
    types.removeAll()
    file = nil
    giveTurn()
  }

  private func giveTurn() {
    if hasTurn { Self.memoryTurn.signal() }
    hasTurn = false
  }

  /// Replaces `path` by an empty HDF5 file, laid out for about `datasetCount` datasets.
  ///
  /// - Parameter hasChunks: whether there will be datasets in chunks.
  package init(path: String, datasetCount: Int, hasChunks: Bool = false) throws(HDF5Error) {
    (file, groupCreation, datasetCreation) = try HDF5Library.sync { () throws(HDF5Error) in
      let access = try Self.propertyList(tessera_H5P_FILE_ACCESS())
      // "latest" differs between releases of the library; with these bounds, each release writes the same bytes.
      // Headers of 1.8 take half the space of older ones, and have checksums.
      try access.call("H5Pset_libver_bounds") {
        H5Pset_libver_bounds($0, H5F_LIBVER_V18, H5F_LIBVER_V18)
      }
      // Data of less than 64 bytes are not aligned and fill the gaps between others. When the gaps were left free, each
      // small dataset searched all of them for an aligned place, and 20,000 scalars took 30 seconds.
      try access.call("H5Pset_alignment") { H5Pset_alignment($0, 64, 64) }
      // No other process uses the file.
      try access.call("H5Pset_file_locking") { H5Pset_file_locking($0, false, true) }
      // Separate blocks for metadata keep the data together.
      let block = hsize_t(min(1 << 20, max(2048, datasetCount * 120)))
      try access.call("H5Pset_meta_block_size") { H5Pset_meta_block_size($0, block) }
      try access.call("H5Pset_small_data_block_size") { H5Pset_small_data_block_size($0, 0) }

      let creation = try Self.propertyList(tessera_H5P_FILE_CREATE())
      try creation.call("H5Pset_obj_track_times") { H5Pset_obj_track_times($0, false) }
      if hasChunks {
        try creation.call("H5Pset_istore_k") { H5Pset_istore_k($0, UInt32(ChunkTree.width / 2)) }
      }

      let groups = try Self.propertyList(tessera_H5P_GROUP_CREATE())
      try groups.call("H5Pset_obj_track_times") { H5Pset_obj_track_times($0, false) }

      let datasets = try Self.propertyList(tessera_H5P_DATASET_CREATE())
      try datasets.call("H5Pset_obj_track_times") { H5Pset_obj_track_times($0, false) }
      try datasets.call("H5Pset_layout") { H5Pset_layout($0, H5D_CONTIGUOUS) }
      try datasets.call("H5Pset_alloc_time") { H5Pset_alloc_time($0, H5D_ALLOC_TIME_EARLY) }
      try datasets.call("H5Pset_fill_time") { H5Pset_fill_time($0, H5D_FILL_TIME_NEVER) }

      let file = try access.withID { (access) throws(HDF5Error) in
        try creation.withID { (creation) throws(HDF5Error) in
          try HDF5Handle(
            taking: H5Fcreate(path, tessera_H5F_ACC_TRUNC(), creation, access), from: "H5Fcreate",
            close: H5Fclose)
        }
      }
      return (file, groups, datasets)
    }
  }

  private static func move(_ file: HDF5Handle, to memory: NamelessFile) throws(HDF5Error) {
    var handle: UnsafeMutableRawPointer?
    try file.call("H5Fget_vfd_handle") { H5Fget_vfd_handle($0, hid_t(H5P_DEFAULT), &handle) }
    // "The file handle" of the default driver is a pointer to its descriptor (H5Fget_vfd_handle).
    guard let handle else { throw .library(call: "H5Fget_vfd_handle", message: "no file handle") }
    do throws(FileError) { try memory.take(over: handle.load(as: Int32.self)) } catch { throw .file(error) }
  }

  /// Whether the group at `path` was created.
  package func hasGroup(_ path: String) -> Bool { groups[path] != nil }

  /// Creates the group at `path` ("intra/3"), whose parent must exist.
  package func createGroup(_ path: String) throws(HDF5Error) {
    try HDF5Library.sync { () throws(HDF5Error) in
      let file = try openFile()
      groups[path] = try file.withID { (file) throws(HDF5Error) in
        try groupCreation.withID { (creation) throws(HDF5Error) in
          try HDF5Handle(
            taking: H5Gcreate2(file, path, hid_t(H5P_DEFAULT), creation, hid_t(H5P_DEFAULT)),
            from: "H5Gcreate2", close: H5Gclose)
        }
      }
    }
  }

  /// Opens the root, so that it can have datasets; its path is empty.
  package func openRoot() throws(HDF5Error) {
    try HDF5Library.sync { () throws(HDF5Error) in
      let file = try openFile()
      groups[""] = try file.withID { (file) throws(HDF5Error) in
        try HDF5Handle(taking: H5Gopen2(file, "/", hid_t(H5P_DEFAULT)), from: "H5Gopen2", close: H5Gclose)
      }
    }
  }

  /// Puts texts on a group that was created: a list, or a single text with `isList` false.
  package func writeAttribute(
    _ name: String, ofGroup path: String, texts: [String], isList: Bool
  ) throws(HDF5Error) {
    try HDF5Library.sync { () throws(HDF5Error) in
      guard let group = groups[path] else {
        throw .library(call: "H5Acreate2", message: "no group \(path) was created")
      }
      let width = max(1, texts.map(\.utf8.count).max() ?? 1)
      let bytes = texts.flatMap { Array($0.utf8) + [UInt8](repeating: 0, count: width - $0.utf8.count) }
      try writeAttribute(
        name, of: group, type: .string(length: width), shape: isList ? [texts.count] : [], bytes: bytes)
    }
  }

  /// Creates a contiguous dataset in an existing group; returns the file address of its bytes, nil if it is empty.
  ///
  /// - Parameters:
  ///   - shape: extents, outermost first; empty for a scalar.
  ///   - attributes: put on the dataset as fixed-length ASCII strings.
  ///   - texts: put on the dataset as variable-length UTF-8 strings, which h5py reads as `str` and not as bytes.
  package func createDataset(
    _ name: String, in group: String, type: HDF5ElementType, shape: [Int],
    attributes: [(name: String, value: String)] = [], texts: [(name: String, value: String)] = []
  ) throws(HDF5Error) -> Int? {
    try HDF5Library.sync { () throws(HDF5Error) in
      let dataset = try create(
        name, in: group, type: type, shape: shape, attributes: attributes, properties: datasetCreation)
      for (name, value) in texts { try writeText(name, of: dataset, value) }
      // "Returns the offset in bytes; otherwise, returns HADDR_UNDEF" (H5Dget_offset); this value has all bits set, for
      // an empty dataset.
      return try dataset.withID { Int(exactly: H5Dget_offset($0)) }
    }
  }

  /// Creates a dataset for shuffled and deflated chunks, without any chunk yet. Returns the address of its object
  /// header, which `HDF5SkeletonFile` needs to set the chunk index.
  ///
  /// - Parameter chunkShape: elements of a chunk along each dimension, at most as many as the dataset has.
  package func createDataset(
    _ name: String, in group: String, type: HDF5ElementType, shape: [Int], chunkShape: [Int],
    attributes: [(name: String, value: String)] = []
  ) throws(HDF5Error) -> Int {
    try HDF5Library.sync { () throws(HDF5Error) in
      let properties = try Self.propertyList(tessera_H5P_DATASET_CREATE())
      let extents = chunkShape.map { hsize_t($0) }
      try properties.call("H5Pset_obj_track_times") { H5Pset_obj_track_times($0, false) }
      try properties.call("H5Pset_chunk") { H5Pset_chunk($0, Int32(extents.count), extents) }
      // Early allocation would reserve the size of the chunks before compression.
      try properties.call("H5Pset_alloc_time") { H5Pset_alloc_time($0, H5D_ALLOC_TIME_INCR) }
      try properties.call("H5Pset_fill_time") { H5Pset_fill_time($0, H5D_FILL_TIME_NEVER) }
      if type.size > 1 { try properties.call("H5Pset_shuffle") { H5Pset_shuffle($0) } }
      // The level is for programs that change the dataset later; it does not describe the stored chunks.
      try properties.call("H5Pset_deflate") { H5Pset_deflate($0, 6) }
      let dataset = try create(
        name, in: group, type: type, shape: shape, attributes: attributes, properties: properties)
      var info = tessera_H5O_info_t()
      try dataset.call("H5Oget_info2") { tessera_H5Oget_info2($0, &info) }
      return Int(clamping: info.addr)
    }
  }

  private func create(
    _ name: String, in group: String, type: HDF5ElementType, shape: [Int],
    attributes: [(name: String, value: String)], properties: HDF5Handle
  ) throws(HDF5Error) -> HDF5Handle {
    guard let group = groups[group] else {
      throw .library(call: "H5Dcreate2", message: "no group \(group) was created")
    }
    let space = try Self.space(shape)
    let type = try handle(of: type)
    let dataset = try group.withID { (group) throws(HDF5Error) in
      try type.withID { (type) throws(HDF5Error) in
        try space.withID { (space) throws(HDF5Error) in
          try properties.withID { (creation) throws(HDF5Error) in
            try HDF5Handle(
              taking: H5Dcreate2(
                group, name, type, space, hid_t(H5P_DEFAULT), creation, hid_t(H5P_DEFAULT)),
              from: "H5Dcreate2", close: H5Dclose)
          }
        }
      }
    }
    for (name, value) in attributes {
      let bytes = Array(value.utf8)
      try writeAttribute(name, of: dataset, type: .string(length: bytes.count), bytes: bytes)
    }
    return dataset
  }

  /// Puts an attribute on the root group.
  ///
  /// - Parameter shape: empty for a scalar.
  package func writeRootAttribute(
    _ name: String, type: HDF5ElementType, shape: [Int] = [], bytes: [UInt8]
  ) throws(HDF5Error) {
    try HDF5Library.sync { () throws(HDF5Error) in
      try writeAttribute(name, of: openFile(), type: type, shape: shape, bytes: bytes)
    }
  }

  /// Flushes the metadata and closes the file, which then has its final length.
  package func close() throws(HDF5Error) {
    try HDF5Library.sync { () throws(HDF5Error) in
      groups.removeAll()
      types.removeAll()
      let file = try openFile()
      // A failed flush is reported before anything is closed; a failed close leaves the file open.
      try file.call("H5Fflush") { H5Fflush($0, H5F_SCOPE_LOCAL) }
      try file.closeNow("H5Fclose")
      self.file = nil
      giveTurn()
    }
  }

  private static func space(_ shape: [Int]) throws(HDF5Error) -> HDF5Handle {
    let extents = shape.map { hsize_t($0) }
    return try HDF5Handle(
      taking: extents.isEmpty
        ? H5Screate(H5S_SCALAR) : H5Screate_simple(Int32(extents.count), extents, nil),
      from: "H5Screate_simple", close: H5Sclose)
  }

  private func openFile() throws(HDF5Error) -> HDF5Handle {
    guard let file else { throw .library(call: "HDF5SkeletonWriter", message: "the file is closed") }
    return file
  }

  private static func propertyList(_ kind: hid_t) throws(HDF5Error) -> HDF5Handle {
    try HDF5Handle(taking: H5Pcreate(kind), from: "H5Pcreate", close: H5Pclose)
  }

  /// A datatype's handle, made once for the file, because making it takes as long as the rest of a small dataset.
  private func handle(of type: HDF5ElementType) throws(HDF5Error) -> HDF5Handle {
    if let handle = types[type] { return handle }
    let handle = try type.makeHandle()
    types[type] = handle
    return handle
  }

  private func writeText(_ name: String, of object: HDF5Handle, _ value: String) throws(HDF5Error) {
    let space = try Self.space([])
    let type = try HDF5ElementType.variableText()
    try object.withID { (object) throws(HDF5Error) in
      try space.withID { (space) throws(HDF5Error) in
        try type.withID { (type) throws(HDF5Error) in
          let attribute = try HDF5Handle(
            taking: H5Acreate2(object, name, type, space, hid_t(H5P_DEFAULT), hid_t(H5P_DEFAULT)),
            from: "H5Acreate2", close: H5Aclose)
          try attribute.call("H5Awrite") { id in
            value.withCString { text in withUnsafePointer(to: text) { H5Awrite(id, type, $0) } }
          }
        }
      }
    }
  }

  private func writeAttribute(
    _ name: String, of object: HDF5Handle, type: HDF5ElementType, shape: [Int] = [], bytes: [UInt8]
  ) throws(HDF5Error) {
    let space = try Self.space(shape)
    let type = try handle(of: type)
    try object.withID { (object) throws(HDF5Error) in
      try space.withID { (space) throws(HDF5Error) in
        try type.withID { (type) throws(HDF5Error) in
          let attribute = try HDF5Handle(
            taking: H5Acreate2(object, name, type, space, hid_t(H5P_DEFAULT), hid_t(H5P_DEFAULT)),
            from: "H5Acreate2", close: H5Aclose)
          try attribute.call("H5Awrite") { H5Awrite($0, type, bytes) }
        }
      }
    }
  }
}
