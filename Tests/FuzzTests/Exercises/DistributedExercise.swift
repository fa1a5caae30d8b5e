import ByteFiles
import FlatFormats
import Foundation
internal import TensorStreams
import Tensors

/// Takes the bytes for one file of a distributed checkpoint, whose other files are those of a fixture.
///
/// A pickle is the metadata, an archive the file of the first rank, and anything else the safetensors of the second rank.
enum DistributedExercise {
  /// The most bytes read from one input.
  private static let limit = 1 << 20

  static func run(_ bytes: [UInt8]) {
    guard let layouts else { return }
    if bytes.first == 0x80 {
      run(bytes, as: ".metadata", in: layouts.pieces)
    } else if bytes.starts(with: "PK".utf8) {
      run(bytes, as: "__0_0.distcp", in: layouts.pieces)
    } else {
      run(bytes, as: second, in: layouts.ranks)
    }
  }

  private static func run(_ bytes: [UInt8], as name: String, in layout: Layout) {
    guard let folder = layout.folder(with: bytes, as: name) else { return }
    let found = FlatFormats.examine(folder: folder)
    for error in found?.errors ?? [] {
      requireSentence(error)
      // Whatever the metadata names, only files of its folder are read.
      require("\(error)".hasPrefix(folder), "an error about a file of the folder: \(error)")
    }
    if let source = found?.source {
      for item in source.leftOut { _ = item.sentence }
      for remark in source.remarks { _ = remark.sentence }
      do { _ = try WholeReading.readAll(source, limit: limit) } catch { requireSentence(error) }
    } else {
      require(found?.errors.isEmpty == false, "what is not opened has an error")
    }
    if name == ".metadata", let file = try? ReadableFile(path: "\(folder)/\(name)") {
      do throws(FlatFormatError) {
        for remark in try FlatFormats.pickles(in: file).remarks { _ = remark.sentence }
      } catch { requireSentence(error) }
    }
  }

  private static let second = "shard-00002-model-00001-of-00001.safetensors"
  private static let path =
    NSTemporaryDirectory() + "tessera-fuzz-dcp-\(ProcessInfo.processInfo.processIdentifier)"

  /// A folder with the files of a fixture, one of which is replaced.
  private final class Layout: Sendable {
    private let path: String
    private let original: String

    init?(_ original: String, at path: String) {
      self.path = path
      self.original = original
      let files = FileManager.default
      guard (try? files.createDirectory(atPath: path, withIntermediateDirectories: true)) != nil,
        let names = try? files.contentsOfDirectory(atPath: original)
      else { return nil }
      for name in names
      where (try? files.copyItem(atPath: "\(original)/\(name)", toPath: "\(path)/\(name)")) == nil {
        return nil
      }
    }

    /// The folder, with only this file replaced.
    func folder(with bytes: [UInt8], as name: String) -> String? {
      for other in [".metadata", "__0_0.distcp"] where other != name {
        guard let data = FileManager.default.contents(atPath: "\(original)/\(other)") else { continue }
        guard FileManager.default.createFile(atPath: "\(path)/\(other)", contents: data) else { return nil }
      }
      return FileManager.default.createFile(atPath: "\(path)/\(name)", contents: Data(bytes)) ? path : nil
    }
  }

  /// Both forms, copied once for the process and removed when it ends; nil without the fixtures.
  private static let layouts: (pieces: Layout, ranks: Layout)? = {
    let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Fixtures/dcp").path
    let folder = path
    atexit { try? FileManager.default.removeItem(atPath: DistributedExercise.path) }
    guard let pieces = Layout("\(fixtures)/ranks", at: "\(folder)/pieces"),
      let ranks = Layout("\(fixtures)/safetensors", at: "\(folder)/ranks")
    else { return nil }
    return (pieces, ranks)
  }()
}
