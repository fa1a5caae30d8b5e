import HDF5Kit
import TestSupport
import Testing

@Suite struct HDF5MutationTests {
  static let mutationsPerFile = 2_000 / 8

  /// 2,000 broken files in all, half of them with checksums not compared, so that mutations get past them.
  @Test(
    arguments: [
      "earliest", "v108", "v110", "latest", "userblock", "ordered", "refused_earliest", "refused_v108",
    ])
  func aBrokenFileIsReadOrRefusedAndNothingElse(_ name: String) throws {
    let fixture = try HDF5Fixture(name)
    let structures = HDF5Mutation.structures(of: fixture.bytes)
    var random = SeededGenerator(seed: name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
    let unbroken = HDF5Exercise(fixture.bytes, name: name, limits: HDF5Limits()).refusals.count
    var whole = 0
    var refused = 0
    for number in 0..<Self.mutationsPerFile {
      var limits = HDF5Limits()
      limits.byteBudget = 16 << 20
      limits.checksMetadata = number % 2 == 0
      let bytes = HDF5Mutation.apply(to: fixture.bytes, structures: structures, using: &random)
      let outcome = HDF5Exercise(bytes, name: "\(name)-\(number)", limits: limits)
      if outcome.refusals.count != unbroken { refused += 1 } else { whole += 1 }
      for error in outcome.refusals {
        #expect(error.description.contains("expected") && error.description.contains("found"))
      }
    }
    #expect(whole + refused == Self.mutationsPerFile)
    #expect(whole > 10 && refused > 50, "\(whole) whole, \(refused) refused")
  }
}
