internal import HDF5Kit
internal import Tensors

/// The root attributes that identify a file.
enum CheckpointIdentity {
  /// Checks that the file is a unit checkpoint, or a part of one, with a layout version that this reader knows. Returns
  /// whether it is a part.
  @discardableResult
  static func check(_ hdf5: HDF5File, path: String) throws(CheckpointError) -> Bool {
    let format: [UInt8]?
    let version: [UInt8]?
    do throws(HDF5Error) {
      format = try hdf5.root.attribute(HDF5Name(Layout.formatAttribute))?.bytes()
      version = try hdf5.root.attribute(HDF5Name(Layout.versionAttribute))?.bytes()
    } catch { throw .hdf5(path: path, error) }
    guard let format else { throw .notACheckpoint(path: path, found: "an HDF5 file without this attribute") }
    let isPart = format == Array(Layout.partFormatValue.utf8)
    guard isPart || format == Array(Layout.formatValue.utf8) else {
      throw .notACheckpoint(path: path, found: TensorName(String(decoding: format, as: UTF8.self)).quoted)
    }
    // Minor versions only add parts that readers of 2.0 may ignore.
    guard let version else { throw .unknownVersion(path: path, found: "none") }
    guard version.count == 8 else { throw .unknownVersion(path: path, found: "\(version.count) bytes") }
    let numbers = version.withUnsafeBytes { buffer in
      [0, 4].map { UInt32(littleEndian: buffer.loadUnaligned(fromByteOffset: $0, as: UInt32.self)) }
    }
    guard numbers[0] == Layout.version[0] else {
      throw .unknownVersion(path: path, found: "\(numbers[0]).\(numbers[1])")
    }
    return isPart
  }
}
