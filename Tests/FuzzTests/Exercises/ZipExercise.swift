import Tensors
import Zip

@testable import FlatFormats

/// Opens a zip archive, unpacks every member, and then reads it as an npz.
enum ZipExercise {
  /// The most bytes unpacked from one input; the reader's own limits on ratios are far above.
  private static let limit = 4 << 20

  static func run(_ bytes: [UInt8]) {
    guard let file = ScratchFile.holding(bytes) else { return }
    do {
      let archive = try ZipArchive(file)
      var left = limit
      for entry in archive.entries {
        do {
          let stream = try archive.stream(of: entry)
          let count = entry.size
          if count > left { continue }
          left -= count
          require(try stream.bytes(count).count == count, "a member has its size")
        } catch { requireSentence(error) }
      }
    } catch { requireSentence(error) }
    do {
      let source = try FlatFormats.open(file, as: .npz, ReadingChoices(assumeDType: .bf16))
      _ = try WholeReading.readAll(source, limit: limit)
    } catch { requireSentence(error) }
  }
}
