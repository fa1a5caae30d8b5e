import ByteFiles
import FlatFormats
import Foundation
import TensorStreams
import Tensors
import TestSupport
import Testing

/// Public files behind HDF5's CVEs, and odd ones, opened as flat weights.
@Suite("Hostile HDF5")
struct HostileHDF5Tests {
  @Test(
    "every file ends in tensors or in sentences",
    .enabled(if: hostile != nil, "SKIPPED: no ../shared/hostile"), arguments: ["hdf5-cve", "hdf5-odd"])
  func hostileFiles(_ name: String) throws {
    let folder = try #require(hostile) + "/" + name
    var count = 0
    for file in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
      let opened = try ReadableFile(path: "\(folder)/\(file)")
      for kind in [FlatFormatKind.hdf5, .keras] {
        let (source, errors) = FlatFormats.examine(opened, as: kind)
        for error in errors { try Self.check("\(error)", file) }
        guard let source else { continue }
        var left = 64 << 20
        for (index, tensor) in source.tensors.enumerated() where tensor.spec.byteCount <= left {
          left -= tensor.spec.byteCount
          do { _ = try contents(source, index) } catch { try Self.check("\(error)", file) }
        }
        do { _ = try source.hollowFiles() } catch { try Self.check("\(error)", file) }
      }
      count += 1
    }
    #expect(count >= 65)
  }

  private static func check(_ sentence: String, _ file: String) throws {
    #expect(!sentence.isEmpty && !sentence.contains("\n") && !sentence.contains("\0"), "\(file)")
  }
}
