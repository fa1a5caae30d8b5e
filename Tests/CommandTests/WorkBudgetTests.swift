import Foundation
import StrictJSON
import TestSupport
import Testing

@Suite("--budget in multiply-adds and milliseconds")
struct WorkBudgetTests {
  private static let fashion = "\(SourceFolder.root)/samples/fashion"

  /// The sample as `f.h5` with its graph, `w.h5` without it, and one image as `x.npy`.
  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (source, name) in [("network.onnx", "f.h5"), ("weights.safetensors", "w.h5")] {
      let run = try tessera(
        ["convert", "\(Self.fashion)/\(source)", name, "--plan", "\(Self.fashion)/plan.json"],
        directory: folder.path)
      #expect(run.ending == .exited(0), "\(run.errorText)")
    }
    // An array of zeros, [3, 1, 28, 28], as NumPy writes it.
    var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 1, 28, 28), }"
    header += String(repeating: " ", count: 117 - header.utf8.count) + "\n"
    let bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(header.utf8)
    _ = try folder.write(bytes + [UInt8](repeating: 0, count: 3 * 28 * 28 * 4), as: "x.npy")
    return folder
  }

  private func object(_ run: Subprocess) throws -> JSONObject {
    guard case .object(let report) = try JSONParser().parse(run.output) else {
      Issue.record("\(run.errorText)")
      return JSONObject()
    }
    return report
  }

  private func number(_ value: JSONValue?) -> Int? {
    if case .integer(let number)? = value { Int(number) } else { nil }
  }

  /// The levels of the key `budget` as "task level cost".
  private func levels(_ report: JSONObject) -> [String] {
    guard case .object(let budget)? = report["budget"], case .array(let levels)? = budget["levels"] else {
      return []
    }
    return levels.map { level in
      guard case .object(let level) = level, case .string(let task)? = level["task"] else { return "?" }
      return "\(task) \(number(level["level"]) ?? 0) \(number(level["cost"]) ?? 0)"
    }
  }

  /// The multiply-adds of each level of `digits`, from `count --work`.
  private func works(_ folder: borrowing TemporaryFolder, batch: Int = 1) throws -> [Int] {
    let run = try tessera(
      ["count", "f.h5", "--work", "--task", "digits", "--input-shape", "\(batch)x1x28x28", "--json"],
      directory: folder.path)
    guard case .object(let work)? = try object(run)["work"], case .array(let rows)? = work["rows"] else {
      return []
    }
    return rows.dropLast().compactMap {
      if case .object(let row) = $0 { number(row["multiply_adds"]) } else { nil }
    }
  }

  @Test("count, extract and run select the highest level that fits, as count --work counts it")
  func multiplyAdds() throws {
    let folder = try folder()
    let works = try works(folder)
    #expect(works.count == 4 && works == works.sorted())
    var cases = 0
    for (level, work) in works.enumerated() {
      for (budget, expected) in [(work, level + 1), (work - 1, level)] {
        for arguments in [
          ["count", "f.h5"], ["extract", "f.h5", "out.npz"], ["extract", "f.h5", "out.onnx"],
        ] {
          let run = try tessera(
            arguments + ["--task", "digits", "--budget", "\(budget)MAC", "--json"], directory: folder.path)
          cases += 1
          if expected == 0 {
            #expect(run.ending == .exited(2))
            #expect(
              run.sentence().hasSuffix(
                "f.h5: task 'digits': expected a level within 846,879 multiply-adds, found that the smallest takes 846,880 multiply-adds"
              ), "\(run.errorText)")
          } else {
            #expect(
              levels(try object(run)) == ["digits \(expected) \(works[expected - 1])"], "\(run.errorText)")
          }
        }
      }
    }
    #expect(cases == 24)
  }

  @Test("run counts for the shapes of its inputs, count for --input-shape")
  func batch() throws {
    let folder = try folder()
    let works = try works(folder, batch: 3)
    let options = ["--task", "digits", "--budget", "\(works[1])mac", "--json"]
    let run = try tessera(
      ["run", "f.h5", "--input", "x.npy", "--output", "y.npz"] + options, directory: folder.path)
    let count = try tessera(
      ["count", "f.h5", "--input-shape", "images=3x1x28x28"] + options, directory: folder.path)
    #expect(levels(try object(run)) == ["digits 2 \(works[1])"], "\(run.errorText)")
    #expect(levels(try object(count)) == ["digits 2 \(works[1])"], "\(count.errorText)")
    let text = try tessera(["count", "f.h5", "--budget", "\(works[1])mac"], directory: folder.path).outputText
    #expect(text.contains("\nbudget: at most 7,790,784 multiply-adds, "))
    #expect(text.contains(", for images F32 [1, 1, 28, 28]\n  task 'fine', level "))
  }

  @Test("with --measure, a time selects a level, and the output says how it was measured")
  func time() throws {
    let folder = try folder()
    let options = [
      "--task", "digits", "--budget", "60000ms", "--measure", "--repeat", "2", "--threads", "1", "--json",
    ]
    for arguments in [
      ["count", "f.h5"], ["extract", "f.h5", "out.npz"],
      ["run", "f.h5", "--input", "x.npy", "--output", "y.npz"],
    ] {
      let run = try tessera(arguments + options, directory: folder.path)
      guard case .object(let budget)? = try object(run)["budget"],
        case .array(let levels)? = budget["levels"],
        case .object(let level)? = levels.first, case .number(let cost)? = level["cost"]
      else {
        Issue.record("\(run.errorText)")
        continue
      }
      #expect(budget["quantity"] == "seconds" && budget["limit"] == .number(60))
      #expect(budget["backend"] == "fast" && budget["threads"] == 1 && budget["repeats"] == 2)
      #expect(level["level"] == 4 && cost > 0 && cost < 60)
      let none = try tessera(
        arguments + ["--task", "digits", "--budget", "0.000001ms", "--measure", "--repeat", "1"],
        directory: folder.path)
      #expect(none.ending == .exited(2))
      #expect(none.sentence().contains("expected a level within 0.000001 ms, found that the smallest takes "))
    }
    let text = try tessera(["extract", "f.h5", "out.npz"] + options.dropLast(), directory: folder.path)
      .outputText
    #expect(
      text.contains("budget: at most 60,000 ms, for images F32 [1, 1, 28, 28]\n  task 'digits', level 4: "))
    #expect(text.hasSuffix(" ms\nmeasured: 2 runs after the first, backend fast, 1 thread\n"))
  }

  @Test(
    "a budget of work without its graph, its inputs or --measure is refused",
    arguments: [
      (
        ["count", "w.h5", "--budget", "1GMAC"], 2,
        "w.h5: --budget: expected a unit checkpoint with a graph, found one"
      ),
      (
        ["extract", "w.h5", "out.npz", "--task", "digits", "--budget", "1GMAC"], 2,
        "w.h5: --budget: expected a unit checkpoint with a graph, found one without; 'tessera convert' stores"
      ),
      (
        ["run", "f.h5", "--task", "digits", "--budget", "1GMAC", "--output", "y.npz"], 2,
        "f.h5: --budget: expected --input, for whose shapes the levels are compared, found none"
      ),
      (["count", "f.h5", "--budget", "3ms"], 64, "--budget 3ms: expected --measure too"),
      (["extract", "f.h5", "out.npz", "--budget", "3ms"], 64, "--budget 3ms: expected --measure too"),
      (["run", "f.h5", "--budget", "3ms", "--output", "y.npz"], 64, "--budget 3ms: expected --measure too"),
      (
        ["extract", "f.h5", "out.npz", "--budget", "35k", "--measure"], 64,
        "--measure is for a --budget in milliseconds, such as 3ms"
      ),
      (
        ["run", "f.h5", "--level", "1", "--measure", "--output", "y.npz"], 64,
        "--measure is for a --budget in milliseconds, such as 3ms"
      ),
      (
        ["extract", "f.h5", "out.npz", "--budget", "1GMAC", "--policy", "weights-only"], 64,
        "--policy is for a --budget in parameters or bytes"
      ),
      (
        ["extract", "f.h5", "out.npz", "--budget", "35k", "--input-shape", "1x1x28x28"], 64,
        "--input-shape is for a --budget in multiply-adds or milliseconds"
      ),
      (["count", "f.h5", "--max", "1GMAC"], 64, "--max: expected a number such as 1.9M"),
      (["count", "f.h5", "--budget", "1GFLOP"], 64, "--budget: expected a number such as 1.9M"),
      (["count", "f.h5", "--budget", "1GMAC", "--level", "1"], 64, "expected either --level or --budget"),
      (["count", "f.h5", "--budget", "1GMAC", "--task", "digit"], 2, "digits"),
      (
        ["count", "\(SourceFolder.root)/samples/fashion/network.onnx", "--budget", "1GMAC"], 2,
        "expected tasks to choose from, found a file without"
      ),
    ] as [([String], Int, String)])
  func refusals(arguments: [String], code: Int, words: String) throws {
    let folder = try folder()
    let run = try tessera(arguments, directory: folder.path)
    #expect(run.ending == .exited(Int32(code)) && run.errorText.contains(words), "\(run.errorText)")
  }

  @Test("count shows the rows of the levels that the budget selected, under every policy")
  func policies() throws {
    let folder = try folder()
    let run = try tessera(
      ["count", "f.h5", "--budget", "5MMAC", "--policy", "weights-only", "--policy", "all-stored", "--json"],
      directory: folder.path)
    let report = try object(run)
    guard case .array(let policies)? = report["policies"] else {
      Issue.record("\(run.errorText)")
      return
    }
    let chosen = levels(report).map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
    #expect(policies.count == 2 && chosen.count == 4)
    for case .object(let policy) in policies {
      guard case .array(let rows)? = policy["rows"] else { continue }
      let found = rows.dropLast().map { row -> String in
        guard case .object(let row) = row, case .string(let task)? = row["task"] else { return "?" }
        return "\(task) \(number(row["level"]) ?? 0)"
      }
      #expect(found == chosen)
    }
  }
}
