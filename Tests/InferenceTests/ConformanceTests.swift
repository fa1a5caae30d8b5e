import Foundation
import Inference
import TestSupport
import Testing

/// ONNX's own cases: those that the `onnx` wheel makes, its model suites, and Debian's older copy of them all.
@Suite("Conformance", .enabled(if: Peers.areThere(python: true)))
struct ConformanceTests {
  /// Debian's package libonnx-testdata.
  static let packaged = "/usr/share/libonnx-testdata/data"

  /// The number of cases that must pass, by suite; fewer means that cases were lost.
  static let suites: [(name: String, passing: Int)] = [
    ("node", 1_152), ("pytorch-converted", 82), ("pytorch-operator", 35), ("simple", 6),
  ]
  static let packagedSuites: [(name: String, passing: Int)] = [
    ("node", 652), ("pytorch-converted", 82), ("pytorch-operator", 35), ("simple", 6),
  ]

  /// Scripts that make cases which ONNX lacks, and the number of them. ONNX Runtime computes sums in another order, so
  /// most of its results are compared by tensor; those of F16 are compared by element.
  static let scripts: [(name: String, passing: Int, bound: Closeness)] = [
    ("microsoft", 642, .perTensor), ("ml", 614, .perTensor), ("quantised", 569, .perTensor),
    ("randoms", 21, .perElement), ("texts", 502, .perElement), ("values", 431, .perTensor),
    ("versions", 1_310, .perElement), ("vision", 1_156, .perTensor),
  ]

  /// Operators for which no other program computes a case, and why.
  static let unjudged = ["com.microsoft.BiasSoftmax": "ONNX Runtime has no kernel for processors"]

  @Test("every case of the listed operators and types gives the outputs that ONNX says, with every backend")
  func cases() throws {
    let folder = try TemporaryFolder()
    let python = try #require(Peers.python)
    let made = try Subprocess.run(
      python, ["-B", "-W", "ignore", SourceFolder.fixtures + "/onnx/cases.py", folder.file("cases")],
      timeout: 170)
    try #require(made.code == 0, "\(made.errorText)")
    var tally = Tally()
    for suite in Self.suites {
      let passed = try tally.run(folder.file("cases") + "/" + suite.name)
      print("\(suite.name): \(passed) passed")
      #expect(passed >= suite.passing, "\(suite.name): \(passed) passed")
    }
    if FileManager.default.fileExists(atPath: Self.packaged) {
      for suite in Self.packagedSuites {
        let passed = try tally.run(Self.packaged + "/" + suite.name)
        print("libonnx-testdata \(suite.name): \(passed) passed")
        #expect(passed >= suite.passing, "libonnx-testdata \(suite.name): \(passed) passed")
      }
    } else {
      FileHandle.standardError.write(Data("SKIPPED, because there is no \(Self.packaged)\n".utf8))
      #expect(!Peers.isCI)
    }
    for script in Self.scripts {
      let made = try Subprocess.run(
        python, ["-B", SourceFolder.fixtures + "/onnx/\(script.name).py", folder.file(script.name)],
        timeout: 170)
      try #require(made.code == 0, "\(made.errorText)")
      let passed = try tally.run(folder.file(script.name), script.bound)
      print("\(script.name).py: \(passed) passed")
      #expect(passed >= script.passing, "\(script.name).py: \(passed) passed")
    }
    print(tally.table)
    for name in listedOperators.subtracting(Self.unjudged.keys).sorted() {
      #expect(tally.passed[name, default: 0] > 0, "\(name) passed no case")
    }
  }

  @Test("the list of operators and the registry are the same")
  func registry() {
    #expect(listedOperators == Set(OperatorRegistry.names))
  }

  @Test("random convolutions agree with ONNX Runtime", arguments: BackendKind.allCases)
  func convolutions(backend: BackendKind) throws {
    let folder = try TemporaryFolder()
    let made = try Subprocess.run(
      try #require(Peers.python),
      ["-B", SourceFolder.fixtures + "/onnx/convolutions.py", folder.file("cases"), "500"], timeout: 170)
    try #require(made.code == 0, "\(made.errorText)")
    var passed = 0
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.file("cases")).sorted() {
      let example = try ConformanceCase(folder.file("cases") + "/" + name)
      let failure = try example.failure(backend, .perTensor, threads: 2)
      #expect(failure == nil, "\(name): \(failure ?? "")")
      if failure == nil { passed += 1 }
    }
    #expect(passed == 500)
  }
}

/// The cases that passed or were left out, by operator.
private struct Tally {
  var passed: [String: Int] = [:]
  var excluded: [String: [String: Int]] = [:]

  /// Runs the cases of a suite and returns the number that passed.
  mutating func run(_ suite: String, _ bound: Closeness = .perElement) throws -> Int {
    var count = 0
    for name in try FileManager.default.contentsOfDirectory(atPath: suite).sorted() {
      let path = suite + "/" + name
      guard FileManager.default.fileExists(atPath: path + "/model.onnx") else { continue }
      let example = try ConformanceCase(path)
      if let reason = example.exclusion {
        for name in example.operators.intersection(listedOperators) {
          excluded[name, default: [:]][reason, default: 0] += 1
        }
        continue
      }
      do {
        let failures = try BackendKind.allCases.compactMap { kind in
          try example.failure(kind, name.hasSuffix("_f16") ? .perElement : bound).map {
            "\(kind.rawValue): \($0)"
          }
        }
        #expect(failures == [], "\(path)")
        if !failures.isEmpty { continue }
      } catch {
        Issue.record("\(path): \(error)")
        continue
      }
      count += 1
      for name in example.operators { passed[name, default: 0] += 1 }
    }
    return count
  }

  var table: String {
    var lines = ["operator: cases passed; excluded, and why"]
    for name in listedOperators.sorted() {
      let reasons = excluded[name, default: [:]].sorted { $0.key < $1.key }
      let words = reasons.map { "\($0.value) (\($0.key))" }.joined(separator: ", ")
      lines.append("\(name): \(passed[name, default: 0])" + (words.isEmpty ? "" : "; \(words)"))
    }
    return lines.joined(separator: "\n")
  }
}
