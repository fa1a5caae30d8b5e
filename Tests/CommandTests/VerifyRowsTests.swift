import Foundation
import StrictJSON
import TestSupport
import Testing

/// `verify` shares walks, weights, inputs and results between sub-networks. No row may depend on the others.
@Suite("verify of many sub-networks")
struct VerifyRowsTests {
  private static let fashion = "\(SourceFolder.root)/samples/fashion"

  /// The rows as their JSON, by "task level".
  private func rows(_ run: Subprocess) throws -> [String: JSONObject] {
    guard case .object(let report) = try JSONParser().parse(run.output),
      case .array(let networks)? = report["networks"]
    else {
      Issue.record("\(run.errorText)")
      return [:]
    }
    var rows: [String: JSONObject] = [:]
    for case .object(let row) in networks {
      if case .string(let task)? = row["task"], case .integer(let level)? = row["level"] {
        rows["\(task) \(level)"] = row
      }
    }
    return rows
  }

  @Test("a row is the same alone and among others, from the ONNX source and from its weights alone")
  func alone() throws {
    let folder = try TemporaryFolder()
    let network = "\(Self.fashion)/network.onnx"
    for arguments in [
      ["convert", network, "f.h5", "--plan", "\(Self.fashion)/plan.json"],
      ["convert", network, "w.safetensors"],
    ] {
      let run = try tessera(arguments, directory: folder.path)
      #expect(run.ending == .exited(0), "\(run.errorText)")
    }
    for source in [network, "w.safetensors"] {
      let arguments = ["verify", source, "f.h5", "--json", "--layers"]
      let all = try rows(tessera(arguments, directory: folder.path))
      #expect(all.count == 16)
      for (task, level) in [("fine", 1), ("coarse", 3), ("parity", 4)] {
        let one = try rows(
          tessera(arguments + ["--task", task, "--level", "\(level)"], directory: folder.path))
        #expect(one.count == 1 && one["\(task) \(level)"] == all["\(task) \(level)"])
      }
    }
  }

  @Test("tasks with the same units have rows of their own, with the same numbers")
  func sameUnits() throws {
    let folder = try TemporaryFolder()
    let source = "\(SourceFolder.fixtures)/exporters/mlp.modules.onnx"
    for arguments in [
      ["plan", source, "--units", "2", "--tasks", "a,b", "-o", "p.json"],
      ["convert", source, "m.h5", "--plan", "p.json"],
    ] {
      let run = try tessera(arguments, directory: folder.path)
      #expect(run.ending == .exited(0), "\(run.errorText)")
    }
    let all = try rows(tessera(["verify", source, "m.h5", "--json"], directory: folder.path))
    #expect(all.keys.sorted() == ["a 1", "a 2", "b 1", "b 2"])
    // Level 1 has another unit in each task, and level 2 has all units.
    for key in ["max_abs_error", "max_rel_error", "within_tolerance"] {
      #expect(all["a 2"]?[key] == all["b 2"]?[key])
    }
    let alone = try rows(
      tessera(["verify", source, "m.h5", "--json", "--task", "b"], directory: folder.path))
    #expect(alone["b 1"] == all["b 1"] && alone["b 2"] == all["b 2"] && alone.count == 2)
  }
}
