import FlatFormats
import Foundation
import TestSupport
import Testing

@testable import Tessera

@Suite("Sources that change while they are read")
struct ChangedSourceTests {
  /// The ways of writing a file from a source of flat weights.
  enum Way: CaseIterable {
    case part, whole, flat

    func write(_ path: String, to name: String, _ progress: @escaping () throws -> Void) throws {
      let opened = try OpenedFile(path)
      guard case .flat(let flat) = try opened.contents else { return #expect(Bool(false)) }
      var options = ConversionOptions()
      switch self {
      case .part, .whole:
        if self == .part { options.part = (1, 2) }
        try Cutting(flat, of: opened, plan: nil, options).write(to: name) { _ in try progress() }
      case .flat:
        try Rewriting(flat, of: opened, as: .npz, at: name, options).write { _ in try progress() }
      }
    }
  }

  @Test(
    "a source that is written to while it is read is an error, and leaves no file",
    arguments: Way.allCases, [true, false])
  func overwritten(_ way: Way, isOverwritten: Bool) throws {
    let folder = try TemporaryFolder()
    let rows: [SampleWeights.Row] = [("a", "F32", [500, 64]), ("b", "F32", [500, 64])]
    let path = try folder.write(SampleWeights.bytes(rows, seed: 1), as: "w.safetensors")
    // A clock may tick only every few milliseconds.
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: path)
    let write = {
      try way.write(path, to: folder.file("out")) {
        guard isOverwritten else { return }
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.write(contentsOf: SampleWeights.bytes(rows, seed: 2))
        try file.close()
      }
    }
    if isOverwritten {
      let error = #expect(throws: (any Error).self) { try write() }
      #expect("\(error.map { "\($0)" } ?? "")".contains("it was written to while it was read"))
    } else {
      try write()
    }
    #expect(try folder.names() == (isOverwritten ? [] : ["out"]) + ["w.safetensors"])
  }
}
