import Foundation
import Inference
import TestSupport
import Testing

@Suite("Random graphs", .enabled(if: Peers.areThere(python: true)))
struct RandomGraphTests {
  @Test("random graphs with every operator that ONNX Runtime has too give its outputs, with every backend")
  func graphs() throws {
    let folder = try TemporaryFolder()
    let made = try Subprocess.run(
      try #require(Peers.python),
      [
        "-B", "-W", "ignore", SourceFolder.fixtures + "/onnx/random_graphs.py", folder.file("graphs"), "200",
        "20261130",
      ], timeout: 600)
    try #require(made.code == 0, "\(made.errorText)")
    var passed = 0
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.file("graphs")).sorted() {
      let example = try ConformanceCase(folder.file("graphs") + "/" + name)
      for backend in BackendKind.allCases {
        let failure = try example.failure(
          backend, name.hasPrefix("element") ? .perElement : .perGraph, threads: 2)
        #expect(failure == nil, "\(name), \(backend): \(failure ?? "")")
      }
      passed += 1
    }
    #expect(passed >= 195)
  }
}
