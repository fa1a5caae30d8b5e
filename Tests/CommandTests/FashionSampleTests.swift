import StrictJSON
import TestSupport
import Testing

/// The trained sample: the command's results compared with PyTorch's when it was made.
@Suite("The trained sample")
struct FashionSampleTests {
  private static let folder = SourceFolder.root + "/samples/fashion"
  private static let tasks = ["fine", "coarse", "digits", "parity"]

  /// A member of `results.json`: task → level → number.
  private func record(_ member: String) throws -> [String: [Double]] {
    let document = try JSONParser().parse(TemporaryFolder.bytes(of: Self.folder + "/results.json"))
    guard case .object(let results) = document, case .object(let byTask)? = results[member] else {
      return [:]
    }
    var found: [String: [Double]] = [:]
    for task in Self.tasks {
      guard case .object(let levels)? = byTask[task] else { continue }
      found[task] = (1...4).map { level in
        switch levels["\(level)"] {
        case .integer(let number)?: Double(number)
        case .number(let number)?: number
        default: .nan
        }
      }
    }
    return found
  }

  @Test("PyTorch's count of masked parameters is the command's, for all sixteen networks")
  func parameters() throws {
    let work = try TemporaryFolder()
    let converted = try tessera(
      ["convert", "weights.safetensors", work.file("m.h5"), "--plan", "plan.json"], directory: Self.folder)
    #expect(converted.ending == .exited(0), "\(converted.errorText)")
    let run = try tessera(
      ["count", work.file("m.h5"), "--json", "--policy", "../paper/policies/trained.json"],
      directory: Self.folder)
    guard case .object(let object) = try JSONParser().parse(run.output),
      case .array(let policies)? = object["policies"], case .object(let table)? = policies.first,
      case .array(let rows)? = table["rows"]
    else { return #expect(Bool(false), "\(run.errorText)") }
    let record = try record("parameters")
    var compared = 0
    for case .object(let row) in rows {
      guard case .string(let task)? = row["task"], case .integer(let level)? = row["level"] else { continue }
      let theirs = try #require(record[task])[Int(level) - 1]
      #expect(row["parameters"] == .integer(Int64(theirs)), "\(task), level \(level)")
      compared += 1
    }
    #expect(compared == 16)
  }

  @Test("it was trained well enough to mean something, and a larger level is no worse than a smaller one")
  func accuracies() throws {
    let record = try record("accuracies")
    #expect(record.count == 4)
    let fine = try #require(record["fine"])
    #expect(fine[0] >= 86 && fine[3] >= 90)
    #expect(try #require(record["digits"]).allSatisfy { $0 >= 96 })
    for (task, levels) in record {
      for (smaller, larger) in zip(levels, levels.dropFirst()) { #expect(larger >= smaller - 0.5, "\(task)") }
    }
  }
}
