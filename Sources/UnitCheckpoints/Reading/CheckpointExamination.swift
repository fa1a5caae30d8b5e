package import ByteFiles
internal import HDF5Kit

/// A checkpoint, opened as far as possible, and every defect found on opening; a validation begins with this.
///
/// A reader stops at the first defect; this continues as long as it can.
package struct CheckpointExamination {
  /// The path as the user gave it.
  package let path: String
  /// The checkpoint, if its index can be decoded, even with a wrong checksum of the index.
  package let checkpoint: UnitCheckpoint?
  /// Every defect that was found.
  package let errors: [CheckpointError]
  /// The file's groups and links, if the superblock can be read.
  let hdf5: HDF5File?

  /// Examines a file that begins like HDF5.
  ///
  /// Throws for a file that is not a unit checkpoint, has an unknown version, or cannot be read. If the identity of a
  /// checkpoint is damaged, it is still recognised by its seal.
  package init(_ file: ReadableFile) throws(CheckpointError) {
    path = file.path
    do throws(HDF5Error) { hdf5 = try HDF5File(file) } catch {
      guard CheckpointRecognition.isDamage(error, file) else { throw .hdf5(path: file.path, error) }
      hdf5 = nil
      checkpoint = nil
      errors = [.hdf5(path: file.path, error)]
      return
    }
    var log = DefectLog(goesOn: true)
    var identity: CheckpointError?
    var isPart = false
    if let hdf5 {
      do throws(CheckpointError) {
        isPart = try CheckpointIdentity.check(hdf5, path: file.path)
      } catch {
        guard CheckpointRecognition.isDamage(error, file, hdf5) else { throw error }
        identity = error
        log.end(error)
      }
    }
    checkpoint = Self.open(file, hdf5, isPart: isPart, log: &log)
    if case .unknownVersion? = identity, !Self.isChanged(checkpoint) { throw log.errors[0] }
    errors = log.errors
  }

  /// Examines a file that would be a unit checkpoint if its first eight bytes were those of HDF5; nil for other files.
  package init?(damagedSignatureOf file: ReadableFile) {
    guard let error = CheckpointRecognition.damagedSignature(of: file) else { return nil }
    path = file.path
    hdf5 = nil
    checkpoint = nil
    errors = [error]
  }

  /// The examination of a checkpoint that opened without defects.
  package init(_ checkpoint: UnitCheckpoint) {
    path = checkpoint.path
    hdf5 = checkpoint.hdf5
    self.checkpoint = checkpoint
    errors = []
  }

  private static func open(
    _ file: ReadableFile, _ hdf5: HDF5File?, isPart: Bool, log: inout DefectLog
  ) -> UnitCheckpoint? {
    guard let hdf5 else { return nil }
    do throws(CheckpointError) {
      let opener = try CheckpointOpener(
        hdf5, isPart: isPart, path: file.path, fileSize: file.size, log: &log)
      return try UnitCheckpoint(file, opener, log: &log)
    } catch {
      log.end(error)
      return nil
    }
  }

  /// Whether a file with another version number is a file of this version with a damaged attribute: all other parts fit
  /// this layout, and the seal shows that something was changed.
  private static func isChanged(_ checkpoint: UnitCheckpoint?) -> Bool {
    guard let checkpoint, checkpoint.hasWrittenSize else { return false }
    return (try? checkpoint.hasIntactMetadata()) == false
  }
}
