import HDF5Kit
import Testing

@Suite struct HDF5RefusalTests {
  @Test(arguments: HDF5Fixture.names)
  func everyRefusedFeatureIsNamedWithItsPath(_ name: String) throws {
    let fixture = try HDF5Fixture(name)
    let file = try fixture.open()
    for (path, word) in fixture.refused {
      let parts = path.split(separator: "@").map(String.init)
      let error = failure { () throws(HDF5Error) in
        let object = try file.object(at: parts[0])
        guard case .dataset(let dataset) = object else { return }
        if parts.count == 1 {
          _ = try dataset.readBytes()
        } else {
          _ = try dataset.attribute(HDF5Name(parts[1]))?.bytes()
        }
      }
      guard case .unsupported(_, let place, let feature) = error else {
        Issue.record("\(path): \(error.map(\.description) ?? "read")")
        continue
      }
      #expect(feature.contains(word), "\(path): \(feature)")
      // A refused link on the path is named itself.
      let shown = try #require(place.path)
      #expect("/\(parts[0])".hasPrefix(shown), "\(path): \(shown)")
      #expect(error?.description.hasPrefix("\(name).h5: '") == true)
    }
  }

  @Test func aMissingNameAndAWrongKindAreToldApart() throws {
    let file = try HDF5Fixture("earliest").open()
    let name = "earliest.h5"
    let missing = failure { () throws(HDF5Error) in _ = try file.object(at: "types/none") }
    #expect(missing == .missing(file: name, path: "/types/none"))
    let under = failure { () throws(HDF5Error) in _ = try file.object(at: "types/bool/x") }
    #expect(
      under == .mismatch(file: name, path: "/types/bool", expected: "a group", found: "a dataset"))
    let group = failure { () throws(HDF5Error) in _ = try file.dataset(at: "types") }
    #expect(group == .mismatch(file: name, path: "/types", expected: "a dataset", found: "a group"))
    let outside = failure { () throws(HDF5Error) in
      _ = try file.dataset(at: "types/i1").readBytes(offset: 10, count: 6)
    }
    #expect(outside == .outside(file: name, path: "/types/i1", offset: 10, count: 6, size: 15))
  }
}
