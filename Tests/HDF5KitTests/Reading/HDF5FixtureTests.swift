import Foundation
import HDF5Kit
import Testing

@Suite struct HDF5FixtureTests {
  @Test(arguments: HDF5Fixture.names)
  func everyDatasetAndAttributeAgreesWithH5py(_ name: String) throws {
    let fixture = try HDF5Fixture(name)
    let file = try fixture.open()
    var compared = 0
    for entry in fixture.entries {
      let object = try file.object(at: entry.path)
      if let name = entry.attribute {
        let found: HDF5Attribute?
        switch object {
        case .dataset(let dataset): found = try dataset.attribute(HDF5Name(name))
        case .group(let group): found = try group.attribute(HDF5Name(name))
        case .datatype: found = nil
        }
        let attribute = try #require(found, "\(entry.path)@\(name)")
        #expect(try attribute.bytes() == entry.bytes, "\(entry.path)@\(name)")
        #expect(attribute.shape == entry.shape)
        #expect((attribute.dataspace.kind == .null) == entry.isNull)
        #expect(describe(attribute.datatype) == entry.type as NSDictionary)
      } else {
        guard case .dataset(let dataset) = object else {
          Issue.record("\(entry.path) is not a dataset")
          continue
        }
        #expect(try dataset.readBytes() == entry.bytes, "\(entry.path)")
        #expect(dataset.shape == entry.shape)
        #expect((dataset.dataspace.kind == .null) == entry.isNull)
        #expect(describe(dataset.datatype) == entry.type as NSDictionary, "\(entry.path)")
      }
      compared += 1
    }
    #expect(compared == fixture.entries.count && compared > 0)
  }
}
