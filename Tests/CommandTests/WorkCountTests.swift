import Foundation
import StrictJSON
import TestSupport
import Testing

@Suite("count --work")
struct WorkCountTests {
  private static let fashion = "\(SourceFolder.root)/samples/fashion"

  private static func checkpoint(in folder: borrowing TemporaryFolder) throws -> String {
    let path = folder.file("fashion.h5")
    let run = try tessera(["convert", "\(fashion)/network.onnx", path, "--plan", "\(fashion)/plan.json"])
    #expect(run.ending == .exited(0), "\(run.errorText)")
    return path
  }

  private static func rows(_ run: Subprocess) throws -> [JSONObject] {
    guard case .object(let report) = try JSONParser().parse(run.output),
      case .object(let work)? = report["work"], case .array(let rows)? = work["rows"]
    else {
      Issue.record("\(run.errorText)")
      return []
    }
    return rows.compactMap { if case .object(let row) = $0 { row } else { nil } }
  }

  @Test("says for every task and level what it does, in a table of 80 columns and in JSON")
  func table() throws {
    let folder = try TemporaryFolder()
    let path = try Self.checkpoint(in: folder)
    let text = try tessera(["count", path, "--work"]).outputText
    let lines = text.split(separator: "\n")
    let work = lines.drop { !$0.hasPrefix("work for") }
    #expect(work.count == 19 && work.allSatisfy { $0.count <= 80 })
    #expect(text.contains("work for images F32 [1, 1, 28, 28]\n"))
    let table = lines.map { $0.split(separator: " ").map(String.init) }
    #expect(table.contains(["fine", "1", "846,880", "100,352"]))
    #expect(table.contains(["(whole", "graph)", "70,451,424", "\(try Self.wholePeak(path))"]))
    let rows = try Self.rows(tessera(["count", path, "--work", "--json"]))
    #expect(rows.count == 17)
    // The work of a level grows with the level, and options select rows as for the counts.
    let chosen = try Self.rows(tessera(["count", path, "--work", "--json", "--task", "parity"]))
    #expect(chosen.count == 5 && chosen[0]["task"] == "parity" && chosen[3]["level"] == 4)
    let counts = chosen.compactMap {
      if case .integer(let count)? = $0["multiply_adds"] { count } else { nil }
    }
    #expect(counts == counts.sorted() && Set(counts).count == 5)
  }

  /// The number with commas, as in the table.
  private static func wholePeak(_ path: String) throws -> String {
    let rows = try rows(tessera(["count", path, "--work", "--json"]))
    guard case .integer(let count)? = rows.last?["peak_activation_bytes"] else { return "" }
    let digits = String(count)
    return String(
      digits.reversed().enumerated().flatMap {
        $0.offset % 3 == 0 && $0.offset > 0 ? [",", $0.element] : [$0.element]
      }
      .reversed())
  }

  @Test("a batch of three does three times as much and has three times the activations")
  func batch() throws {
    let folder = try TemporaryFolder()
    let path = try Self.checkpoint(in: folder)
    let arguments = ["count", path, "--work", "--json", "--task", "digits", "--level", "2"]
    let one = try Self.rows(tessera(arguments))
    let three = try Self.rows(tessera(arguments + ["--input-shape", "3x1x28x28"]))
    for key in ["multiply_adds", "peak_activation_bytes"] {
      guard case .integer(let a)? = one.first?[key], case .integer(let b)? = three.first?[key] else {
        Issue.record("no \(key)")
        continue
      }
      #expect(b == 3 * a)
    }
  }

  @Test("--layers of one network adds up to its work, and --measure times every network")
  func layersAndLatency() throws {
    let folder = try TemporaryFolder()
    let path = try Self.checkpoint(in: folder)
    let arguments = ["--task", "fine", "--level", "3"]
    let layers = try tessera(["count", path, "--layers"] + arguments).outputText
    let sum = try #require(layers.split(separator: "\n").first { $0.hasPrefix("(all nodes)") })
    let rows = try Self.rows(tessera(["count", path, "--measure", "--repeat", "1", "--json"] + arguments))
    guard case .integer(let work)? = rows.first?["multiply_adds"] else {
      Issue.record("no row")
      return
    }
    #expect(sum.replacingOccurrences(of: ",", with: "").hasSuffix(" \(work)"))
    for row in rows {
      guard case .object(let latency)? = row["latency_seconds"], case .number(let median)? = latency["median"]
      else {
        Issue.record("\(row)")
        continue
      }
      #expect(median > 0)
    }
    let several = try tessera(["count", path, "--layers", "--task", "fine"])
    #expect(several.sentence().contains("expected one sub-network (--task, --level), found 4"))
  }

  @Test("run --profile and count --layers say the same of every node")
  func profile() throws {
    let folder = try TemporaryFolder()
    let path = try Self.checkpoint(in: folder)
    let (x, y) = (folder.file("x.npy"), folder.file("y.npz"))
    // An array of zeros, [1, 1, 28, 28], as NumPy writes it.
    var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 28, 28), }"
    header += String(repeating: " ", count: 117 - header.utf8.count) + "\n"
    let bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(header.utf8)
    _ = try folder.write(bytes + [UInt8](repeating: 0, count: 28 * 28 * 4), as: "x.npy")
    for backend in ["fast", "reference"] {
      let options = ["--task", "coarse", "--level", "2", "--json"]
      let run = try tessera(
        ["run", path, "--input", x, "--output", y, "--profile", "--backend", backend] + options)
      let count = try tessera(["count", path, "--layers"] + options)
      guard case .object(let one) = try JSONParser().parse(run.output), case .array(let ran)? = one["layers"],
        case .object(let other) = try JSONParser().parse(count.output),
        case .object(let layers)? = other["layers"], case .array(let counted)? = layers["nodes"]
      else {
        Issue.record("\(run.errorText)\(count.errorText)")
        return
      }
      let sums = [ran, counted].map { nodes in
        nodes.reduce(0) { sum, node in
          if case .object(let node) = node, case .integer(let work)? = node["multiply_adds"] {
            sum + Int(work)
          } else {
            sum
          }
        }
      }
      #expect(sums[0] == sums[1] && sums[0] > 0, "\(backend)")
      let pools = ran.filter {
        if case .object(let node) = $0 { node["operator"] == "ReduceMean" } else { false }
      }
      #expect(!pools.isEmpty)
      for case .object(let pool) in pools { #expect(pool["multiply_adds"] == 0) }
    }
  }
}
