import ByteFiles
import FlatFormats
import Foundation
import TestSupport
import Testing

@Suite("Hostile pickles by what they name")
struct HostileClassTests {
  /// Files, each with the most dangerous kind of name in its pickles.
  private static let table: [(name: String, worst: String)] = {
    let path = TorchFixtureTests.folder + "/hostile-classes.txt"
    let text = String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    return text.split(separator: "\n").compactMap { line in
      let parts = line.split(separator: "\t")
      return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
    }
  }()

  @Test("every one that runs code is said to", .enabled(if: hostile != nil))
  func classes() throws {
    let folder = try #require(hostile) + "/pickle"
    #expect(Set(try FileManager.default.contentsOfDirectory(atPath: folder)) == Set(Self.table.map(\.name)))
    for (name, worst) in Self.table {
      #expect(try Self.worst(folder + "/" + name) == worst, "\(name)")
    }
    // The others are benign, broken before they name anything, or not pickles.
    #expect(Self.table.count { $0.worst == "code" } == 94 && Self.table.count == 108)
    #expect(Self.table.allSatisfy { $0.worst == "code" || !$0.name.hasPrefix("GHSA") })
  }

  private static func worst(_ path: String) throws -> String {
    let scan = try PickleScan(ReadableFile(path: path))
    let kinds = Set(scan.remarks.map(\.kind))
    let order: [(FlatRemarkKind, String)] = [
      (.codeGlobal, "code"), (.foreignGlobal, "unknown"), (.unexamined, "unexamined"), (.dataGlobal, "data"),
    ]
    return order.first { kinds.contains($0.0) }?.1 ?? (scan.pickleCount > 0 ? "tensors" : "no pickle")
  }
}
