import FlatFormats
import Foundation
import TestSupport
import Testing

@Suite("Hostile pickles")
struct HostilePickleTests {
  /// Files with the expected result: `reads N tensors`, or the rule and what was found.
  static let table: [(name: String, verdict: String)] = {
    let path = TorchFixtureTests.folder + "/hostile.txt"
    let text = String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    return text.split(separator: "\n").compactMap { line in
      let parts = line.split(separator: "\t")
      return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
    }
  }()

  @Test("every file ends in the verdict that the table gives it", .enabled(if: hostile != nil))
  func verdicts() throws {
    let folder = try #require(hostile) + "/pickle"
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    #expect(names.count == 108 && Self.table.count == 108)
    #expect(Set(names) == Set(Self.table.map(\.name)))
    for (name, verdict) in Self.table { #expect(Self.verdict(folder + "/" + name) == verdict, "\(name)") }
    #expect(Self.table.filter { $0.verdict.hasPrefix("reads") }.count == 5)
  }

  static func verdict(_ path: String) -> String {
    var count = 0
    let error = refusal {
      count = try readAll(path).count
      try open(path).requireWhole()
    }
    guard let error else { return "reads \(count) tensors" }
    guard case .broken(let defect, _, _, _, let found) = error else { return "\(error)" }
    return "\(defect.id): \(found)"
  }
}
