import Foundation
import HDF5Kit
import Testing

@Suite struct LibHDF5AgreementTests {
  /// Files of a format that Debian's libhdf5 1.10.8 can read.
  static let names = HDF5Fixture.names.filter { !["latest", "refused_latest"].contains($0) }

  @Test(arguments: names)
  func everyDatasetAgreesWithLibhdf5(_ name: String) throws {
    let fixture = try HDF5Fixture(name)
    let file = try fixture.open()
    let skipped = Set(fixture.refused.keys)
    let datasets = try LibHDF5Oracle.datasets(
      HDF5Fixture.folder.appending(path: name + ".h5").path, skipping: skipped)
    for expected in datasets {
      let dataset = try file.dataset(at: expected.path)
      #expect(dataset.shape == expected.shape, "\(expected.path)")
      #expect(dataset.datatype.size == expected.elementSize, "\(expected.path)")
      #expect(try dataset.readBytes() == expected.bytes, "\(expected.path)")
    }
    #expect(datasets.count >= fixture.entries.count { $0.attribute == nil } && !datasets.isEmpty)
  }
}
