import ByteFiles
import Foundation
import HDF5Kit
import TestSupport
import Testing

@Suite struct GoldenCheckpointAgreementTests {
  /// The committed unit checkpoints, which our own writer has made.
  static let files =
    (try? FileManager.default.contentsOfDirectory(atPath: SourceFolder.fixtures + "/checkpoints")) ?? []

  @Test(arguments: files)
  func everyDatasetOfAGoldenCheckpointAgreesWithLibhdf5(_ name: String) throws {
    let path = SourceFolder.fixtures + "/checkpoints/" + name
    let file = try HDF5File(try ReadableFile(path: path))
    var ours: Set<String> = []
    try file.walk { path, visit in
      if case .object(.dataset(let dataset)) = visit { ours.insert(String(dataset.path.drop { $0 == "/" })) }
    }
    let datasets = try LibHDF5Oracle.datasets(path)
    for expected in datasets {
      let dataset = try file.dataset(at: expected.path)
      #expect(dataset.shape == expected.shape, "\(expected.path)")
      #expect(dataset.datatype.size == expected.elementSize, "\(expected.path)")
      #expect(try dataset.readBytes() == expected.bytes, "\(expected.path)")
    }
    #expect(Set(datasets.map(\.path)) == ours)
    #expect(datasets.count > 12)
  }

  @Test func thereAreGoldenCheckpoints() { #expect(Self.files.count >= 4) }
}
