package import ByteFiles
internal import HDF5Kit

/// What is left of a checkpoint, and everything that was wrong with it on opening: what a validator begins with.
///
/// Where a reader stops at the first defect, this goes on as long as there is something to go on with.
package struct CheckpointExamination {
  /// The path as the user gave it.
  package let path: String
  /// The checkpoint, when its index can be decoded; a wrong checksum of the index is no obstacle.
  package let checkpoint: UnitCheckpoint?
  /// Every defect that was met.
  package let errors: [CheckpointError]
  /// The file's groups and links, when the superblock can be read.
  let hdf5: HDF5File?

  /// Examines a file that begins like HDF5.
  ///
  /// Throws for a file that is no unit checkpoint, of an unknown version, or cannot be read; a checkpoint whose
  /// identity is damaged is still known by its seal.
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
    if let hdf5 {
      do throws(CheckpointError) { try CheckpointIdentity.check(hdf5, path: file.path) } catch {
        guard CheckpointRecognition.isDamage(error, file, hdf5) else { throw error }
        identity = error
        log.end(error)
      }
    }
    checkpoint = Self.open(file, hdf5, log: &log)
    if case .unknownVersion? = identity, !Self.isChanged(checkpoint) { throw log.errors[0] }
    errors = log.errors
  }

  /// Examines a file whose first eight bytes are not HDF5's, but which is a unit checkpoint behind them; nil for others.
  package init?(damagedSignatureOf file: ReadableFile) {
    guard let error = CheckpointRecognition.damagedSignature(of: file) else { return nil }
    path = file.path
    hdf5 = nil
    checkpoint = nil
    errors = [error]
  }

  /// A checkpoint in which opening found nothing wrong.
  package init(_ checkpoint: UnitCheckpoint) {
    path = checkpoint.path
    hdf5 = checkpoint.hdf5
    self.checkpoint = checkpoint
    errors = []
  }

  private static func open(
    _ file: ReadableFile, _ hdf5: HDF5File?, log: inout DefectLog
  ) -> UnitCheckpoint? {
    guard let hdf5 else { return nil }
    do throws(CheckpointError) {
      let opener = try CheckpointOpener(
        hdf5, path: file.path, fileSize: file.size, log: &log)
      return try UnitCheckpoint(file, opener, log: &log)
    } catch {
      log.end(error)
      return nil
    }
  }

  /// Whether a file of another version is one of this version whose attribute has been damaged: everything is as
  /// this layout says, and the seal knows that something was changed.
  private static func isChanged(_ checkpoint: UnitCheckpoint?) -> Bool {
    guard let checkpoint, checkpoint.hasWrittenSize else { return false }
    return (try? checkpoint.hasIntactMetadata()) == false
  }
}
