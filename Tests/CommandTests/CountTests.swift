import Foundation
import StrictJSON
import TestSupport
import Testing

@Suite("count")
struct CountTests {
  /// A checkpoint with tasks `fine` (levels of 30, 60 channels) and `coarse` (20), its source, and other files.
  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let rows: [SampleWeights.Row] = [
      ("up.weight", "F32", [60, 7]), ("up.bias", "F32", [60]), ("norm.weight", "BF16", [7]),
      ("norm.bias", "BF16", [7]), ("head.weight", "F32", [3, 60]),
    ]
    _ = try folder.write(SampleWeights.bytes(rows), as: "w.safetensors")
    let members = """
      "format": "tessera.plan/1", "units": 3, "axes": {"x": {"units": [10, 20, 30]}},
      "tasks": [{"name": "fine", "order": [2, 0, 1], "levels": [1, 3], "private": ["head.*"]},
                {"name": "coarse", "order": [1, 0, 2], "levels": [1]}]
      """
    let cuts = #"{"match": "up.weight", "axes": ["x", null]}, {"match": "up.bias", "axes": ["x"]}"#
    _ = try folder.write("{\(members), \"tensors\": [\(cuts)]}", as: "plan.json")
    _ = try folder.write("{\(members), \"tensors\": [\(cuts)], \"policy\": \"weights-only\"}", as: "own.json")
    _ = try folder.write("{\(members), \"tensors\": [\(cuts)], \"policy\": \"mine\"}", as: "lost.json")
    let shapes = rows.map { row in
      let axes =
        row.name == "up.weight" ? #", "axes": ["x", null]"# : row.name == "up.bias" ? #", "axes": ["x"]"# : ""
      return #"{"name": "\#(row.name)", "dtype": "\#(row.dtype)", "shape": \#(row.shape)\#(axes)}"#
    }
    _ = try folder.write(
      "\n {\(members), \"tensors\": [\(shapes.joined(separator: ", "))]}", as: "shapes.json")
    _ = try folder.write(
      #"{"format":"tessera.counting-policy/1","id":"mine","version":4,"title":"T","roles":{"only":["bias"]}}"#,
      as: "mine.json")
    _ = try folder.write(#"{"a": 1}"#, as: "other.json")
    for (plan, name) in [("plan", "m.h5"), ("own", "own.h5"), ("lost", "lost.h5")] {
      let run = try tessera(
        ["convert", "w.safetensors", name, "--plan", "\(plan).json"], directory: folder.path)
      #expect(run.ending == .exited(0), "\(run.errorText)")
    }
    return folder
  }

  private static let presets = """
    all-stored, weights-only, pytorch-parameters, pytorch-state-dict, keras-total, trainable, dvn-convolutions, \
    dvn-all, slimmable-profiler, ofa, adashare-state-dict, den-estimator-only, den-with-selector, \
    piggyback-ideal-bits, piggyback-as-stored, packnet-with-masks, active-hf, active-no-embeddings
    """

  /// The rows of the first policy as "task level parameters bytes excluded".
  private func rows(_ run: Subprocess) throws -> [String] {
    guard case .object(let object) = try JSONParser().parse(run.output),
      case .array(let policies)? = object["policies"], case .object(let policy)? = policies.first,
      case .array(let rows)? = policy["rows"]
    else { return [] }
    return rows.map { row in
      guard case .object(let row) = row else { return "" }
      return ["task", "level", "parameters", "bytes", "excluded"].map { key in
        switch row[key] {
        case .string(let text)?: text
        case .integer(let number)?: "\(number)"
        case .null?: "-"
        default: "?"
        }
      }.joined(separator: " ")
    }
  }

  private static let fine1 = "fine 1 434 1708 0"
  private static let fine2 = "fine 2 674 2668 0"
  private static let coarse = "coarse 1 174 668 0"
  private static let stored = "- - 674 2668 0"

  @Test(
    "prints the rows that were asked for, and everything stored",
    arguments: [
      (["m.h5"], [fine1, fine2, coarse, stored]), (["shapes.json"], [fine1, fine2, coarse, stored]),
      (["w.safetensors"], [stored]), (["m.h5", "--task", "coarse"], [coarse, stored]),
      (["m.h5", "--level", "2"], [fine2, stored]), (["m.h5", "--level", "1"], [fine1, coarse, stored]),
      (["m.h5", "--budget", "673"], [fine1, coarse, stored]),
      (["m.h5", "--budget", "0.674k"], [fine2, coarse, stored]),
      (["m.h5", "--budget", "1.708kB", "--task", "fine"], [fine1, stored]),
      (["m.h5", "--policy", "weights-only", "--level", "2"], ["fine 2 600 2400 74", "- - 600 2400 74"]),
      (["own.h5", "--level", "2"], ["fine 2 600 2400 74", "- - 600 2400 74"]),
      (["m.h5", "--policy", "mine.json", "--task", "coarse"], ["coarse 1 20 80 154", "- - 60 240 614"]),
      (["w.safetensors", "--policy", "mine.json", "--policy", "all-stored"], ["- - 60 240 614"]),
    ])
  func selects(arguments: [String], expected: [String]) throws {
    let folder = try folder()
    let run = try tessera(["count"] + arguments + ["--json"], directory: folder.path)
    #expect(run.ending == .exited(0) && run.errors.isEmpty, "\(run.errorText)")
    #expect(try rows(run) == expected)
  }

  @Test(
    "is a gate with --max: exit code 1, and a line for every row that is over it",
    arguments: [
      (["m.h5", "--max", "674"], []), (["m.h5", "--max", "2668 bytes"], []),
      (
        ["m.h5", "--max", "433"],
        [
          "m.h5: task 'fine', level 1: expected at most 433 parameters, found 434 parameters (policy all-stored 1)",
          "m.h5: task 'fine', level 2: expected at most 433 parameters, found 674 parameters (policy all-stored 1)",
        ]
      ),
      (["m.h5", "--max", "433", "--task", "coarse"], []),
      (["m.h5", "--max", "600", "--policy", "weights-only"], []),
      (
        ["m.h5", "--max", "2kB", "--level", "2"],
        ["m.h5: task 'fine', level 2: expected at most 2,000 bytes, found 2,668 bytes (policy all-stored 1)"]
      ),
      (["w.safetensors", "--max", "674"], []),
      (
        ["w.safetensors", "--max", "673"],
        [
          "w.safetensors: everything stored: expected at most 673 parameters, found 674 parameters "
            + "(policy all-stored 1)"
        ]
      ),
    ])
  func gates(arguments: [String], lines: [String]) throws {
    let folder = try folder()
    let run = try tessera(["count"] + arguments, directory: folder.path)
    #expect(run.ending == .exited(lines.isEmpty ? 0 : 1))
    #expect(!run.output.isEmpty)
    #expect(run.errorText == lines.map { "tessera: \($0)\n" }.joined())
  }

  /// Runs the steps as a CI job would; prints exit code, lines on stderr, and arguments.
  private static let script = """
    set -u
    head -c 3000 m.h5 > truncated.h5
    printf 'no weights\\n' > notes.txt
    step() { "$TESSERA" count "$@" > out.txt 2> err.txt; echo "$? $(wc -l < err.txt) $*"; }
    step m.h5 --max 674
    step m.h5 --max 673
    step m.h5 --max 673 --json
    step m.h5 --max 500 --task coarse
    step absent.h5 --max 1M
    step truncated.h5 --max 1M
    step notes.txt --max 1M
    step m.h5 --max
    step m.h5 --max lots
    if "$TESSERA" count m.h5 --max 1k > /dev/null; then echo passed; fi
    if ! "$TESSERA" count m.h5 --max 9 > /dev/null 2>&1; then echo stopped; fi
    """

  @Test("--max is a step that a script can go by: within, over, missing, truncated, another kind, usage")
  func gatesInAScript() throws {
    let folder = try folder()
    let run = try shell("TESSERA=\"$0\"; \(Self.script)", [Peers.tessera], folder.path)
    #expect(
      run.outputText == """
        0 0 m.h5 --max 674
        1 1 m.h5 --max 673
        1 1 m.h5 --max 673 --json
        0 0 m.h5 --max 500 --task coarse
        2 1 absent.h5 --max 1M
        2 1 truncated.h5 --max 1M
        2 1 notes.txt --max 1M
        64 4 m.h5 --max
        64 3 m.h5 --max lots
        passed
        stopped

        """, "\(run.outputText)\(run.errorText)")
  }

  @Test(
    "that cannot be done ends with 2 and one sentence",
    arguments: [
      (
        ["m.h5", "--task", "fin"],
        "m.h5: policy 'all-stored': task: expected 'fine' or 'coarse', found 'fin'; the nearest name is 'fine'"
      ),
      (
        ["m.h5", "--level", "3"],
        "m.h5: policy 'all-stored': task 'fine': expected a level from 1 to 2, found 3"
      ),
      (
        ["m.h5", "--task", "coarse", "--level", "0"],
        "m.h5: policy 'all-stored': task 'coarse': expected a level from 1 to 1, found 0"
      ),
      (
        ["m.h5", "--budget", "100"],
        "m.h5: policy 'all-stored': task 'fine': expected a level within 100 parameters, found that the smallest takes "
          + "434 parameters"
      ),
      (
        ["w.safetensors", "--task", "fine"],
        "w.safetensors: expected tasks to choose from, found a file without"
      ),
      (
        ["m.h5", "--policy", "weight-only"],
        "policy: expected \(Self.presets), or the path of a policy file, found 'weight-only'; the nearest "
          + "name is 'weights-only'"
      ),
      (["m.h5", "--policy", "absent.json"], "absent.json: cannot open: no such file or directory"),
      (
        ["m.h5", "--policy", "other.json"],
        "other.json: format: expected 'tessera.counting-policy/1', found no \"format\""
      ),
      (
        ["lost.h5"],
        "lost.h5: the plan's policy: expected \(Self.presets), or the path of a policy file, found 'mine'; "
          + "name one with --policy"
      ),
      (
        ["plan.json"],
        "plan.json: tensors: expected entries with name, dtype and shape to count, found none"
      ),
      (["other.json"], "other.json: "), (["absent.h5"], "absent.h5: cannot open: no such file or directory"),
    ])
  func refusals(arguments: [String], sentence: String) throws {
    let folder = try folder()
    let said = try tessera(["count"] + arguments, directory: folder.path).sentence()
    #expect(said.hasPrefix(sentence), "\(said)")
  }

  @Test(
    "with a wrong command line ends with 64",
    arguments: [
      (["m.h5", "--max", "7B"], "--max"), (["m.h5", "--budget", "much"], "--budget"),
      (["m.h5", "--level", "1", "--budget", "9k"], "either --level or --budget"),
      (
        ["m.h5", "--max", "9", "--policy", "all-stored", "--policy", "weights-only"], "--max needs one policy"
      ),
      ([], "<file>"),
    ])
  func usage(arguments: [String], mentions: String) throws {
    let run = try tessera(["count"] + arguments)
    #expect(run.ending == .exited(64) && run.output.isEmpty)
    #expect(run.errorText.contains(mentions), "\(run.errorText)")
  }

  @Test("lists every tensor's role with its reason when asked")
  func roles() throws {
    let folder = try folder()
    let run = try tessera(["count", "m.h5", "--roles", "--json"], directory: folder.path)
    guard case .object(let object) = try JSONParser().parse(run.output),
      case .array(let tensors)? = object["tensors"]
    else { return #expect(Bool(false)) }
    let roles = tensors.map { tensor -> String in
      guard case .object(let tensor) = tensor, case .string(let role)? = tensor["role"],
        case .string(let reason)? = tensor["reason"], !reason.isEmpty
      else { return "" }
      return role
    }
    #expect(roles == ["weight", "bias", "norm-affine", "norm-affine", "weight"])
  }
}
