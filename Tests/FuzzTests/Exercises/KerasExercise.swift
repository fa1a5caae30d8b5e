import FlatFormats
internal import TensorStreams
import Tensors

/// Opens the bytes as a file of Keras and as any HDF5 file, and reads tensors and the stored form.
enum KerasExercise {
  /// The most bytes read from one input.
  private static let limit = 4 << 20

  static func run(_ bytes: [UInt8]) {
    guard let file = ScratchFile.holding(bytes) else { return }
    _ = FlatFormats.recognise(file)
    for kind in [FlatFormatKind.keras, .hdf5] {
      let (source, errors) = FlatFormats.examine(file, as: kind)
      for error in errors { requireSentence(error) }
      guard let source else { continue }
      for remark in source.remarks { _ = remark.sentence }
      for item in source.leftOut { _ = item.sentence }
      do { _ = try WholeReading.readAll(source, limit: limit) } catch { requireSentence(error) }
      do throws(FlatFormatError) {
        if let hollow = try source.hollowFiles()?.first {
          let held = hollow.holes.reduce(0) { $0 + $1.count }
          require(hollow.bytes.count + held == bytes.count, "a stored file has the size of the file")
        }
      } catch { requireSentence(error) }
    }
  }
}
