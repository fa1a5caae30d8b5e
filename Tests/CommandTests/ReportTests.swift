import Foundation
import StrictJSON
import TestSupport
import Testing

@Suite("report")
struct ReportTests {
  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    _ = try folder.write(
      SampleWeights.bytes([("up", "F32", [4, 3]), ("down", "F32", [3, 4])]), as: "w.safetensors")
    _ = try folder.write(SampleWeights.bytes([("up", "F32", [4, 3])], seed: 2), as: "v.safetensors")
    _ = try folder.write(
      #"""
      {"format": "tessera.plan/1", "units": 2, "axes": {"x": {"size": 4}},
       "tensors": [{"name": "up", "axes": ["x", null]}, {"name": "down", "axes": [null, "x"]}],
       "tasks": [{"name": "a", "order": [0, 1], "levels": [1, 2]}, {"name": "b", "order": [1, 0], "levels": [1]}]}
      """#, as: "plan.json")
    let run = try tessera(
      ["convert", "w.safetensors", "m.h5", "--plan", "plan.json"], directory: folder.path)
    #expect(run.ending == .exited(0), "\(run.errorText)")
    return folder
  }

  private func page(_ arguments: [String], _ folder: TemporaryFolder) throws -> String {
    let run = try tessera(["report"] + arguments + ["-o", "page.html"], directory: folder.path)
    #expect(run.ending == .exited(0), "\(run.errorText)")
    let bytes = try TemporaryFolder.bytes(of: folder.file("page.html"))
    let grouped = NumberFormatter()
    grouped.numberStyle = .decimal
    grouped.locale = Locale(identifier: "en_US")
    let size = try #require(grouped.string(from: NSNumber(value: bytes.count)))
    #expect(run.outputText == "wrote page.html: \(size) bytes\n")
    #expect(try folder.temporaries().isEmpty)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test("constants of a graph are one layer, the last, and every tensor is in one layer")
  func constants() throws {
    let folder = try TemporaryFolder()
    let study = "\(SourceFolder.root)/samples/fashion/study"
    let made = try tessera(
      ["convert", "\(study)/whole.onnx", "m.h5", "--plan", "\(study)/plan.json", "--no-prove"],
      directory: folder.path)
    #expect(made.ending == .exited(0), "\(made.errorText)")
    let run = try tessera(["report", "m.h5", "--json", "--no-values"], directory: folder.path)
    guard case .object(let report) = try JSONParser().parse(run.output),
      case .array(let list)? = report["layers"]
    else { return #expect(Bool(false)) }
    var names: [String] = []
    var tensors: [JSONValue] = []
    for case .object(let layer) in list {
      guard case .string(let name)? = layer["name"], case .array(let places)? = layer["tensors"] else {
        continue
      }
      names.append(name)
      tensors += places
    }
    // 48 constants of slices and gathers stand beside 6 convolutions, 24 norms, 4 stems of two modules, and 4 heads.
    #expect(names.count == 6 + 24 + 8 + 4 + 1 && names.last == "(constants and scalars)")
    #expect(names.allSatisfy { !$0.contains("onstant") || $0 == "(constants and scalars)" })
    #expect(tensors.count == 178 && Set(tensors).count == 178)
  }

  @Test("of a checkpoint has its sub-networks, layers, tensors and findings")
  func checkpoint() throws {
    let html = try page(["m.h5", "--title", "Mine"], try folder())
    #expect(html.contains("<title>Mine</title>"))
    #expect(
      html.contains("unit-checkpoint · 2 tensors · 96 B · 2 units · 2 tasks · 3 sub-networks · sha256 "))
    #expect(
      html.contains(
        "<tr><th scope=\"row\">a</th><td class=\"number\">1</td><td><span class=\"tight\">0</span></td><td class=\"number\">12</td>"
      ))
    #expect(html.contains("No findings: every rule that was checked holds."))
    #expect(html.contains("<li>multiply-adds and latency: the file has no graph</li>"))
    #expect(html.contains(#""layers":[{"name":"up","kind":0,"tensors":[0],"rows":["x"]}"#))
  }

  @Test("of a flat file has everything stored; two runs give the same page")
  func flat() throws {
    let folder = try folder()
    let html = try page(["w.safetensors"], folder)
    #expect(
      html.contains("<title>w.safetensors</title>") && html.contains("<th scope=\"row\">all-stored 1</th>"))
    #expect(!html.contains("Assignment of units") && html.contains(#""networks":[]"#))
    #expect(try page(["w.safetensors"], folder) == html)
  }

  @Test("of a file with parts that cannot be read names them")
  func partial() throws {
    let html = try page(["\(SourceFolder.fixtures)/partial/several.npz"], try folder())
    let listed = try tessera(["inspect", "\(SourceFolder.fixtures)/partial/several.npz", "--json"])
    guard case .object(let object) = try JSONParser().parse(listed.output),
      case .array(let parts)? = object["left_out"]
    else { throw CocoaError(.coderReadCorrupt) }
    let section = try #require(
      html.components(separatedBy: "id=\"left-out\"").last?.components(separatedBy: "</section>").first)
    #expect(section.components(separatedBy: "<li>").count - 1 > parts.count && !parts.isEmpty)
  }

  @Test("of two files has what differs")
  func difference() throws {
    let html = try page(["w.safetensors", "v.safetensors"], try folder())
    #expect(html.contains("<title>w.safetensors and v.safetensors</title>"))
    #expect(html.contains("1 only in A, 0 only in B, 1 changed, 0 equal."))
    #expect(html.contains("<tr><th scope=\"row\">down</th><td>only in A</td><td>F32 [3, 4]</td><td>–</td>"))
  }

  @Test("with accuracies, policies and claims")
  func given() throws {
    let folder = try folder()
    _ = try folder.write("task,level,accuracy,test_size\na,2,91.5,1000\n", as: "results.csv")
    _ = try folder.write(
      #"{"format": "tessera.claims/1", "claims": [{"claimed": "24", "policy": "all-stored"}]}"#,
      as: "claims.json")
    let html = try page(
      ["m.h5", "--policy", "weights-only", "--accuracy", "results.csv", "--claims", "claims.json"], folder)
    #expect(
      html.contains("91.50 %") && html.contains("<td>holds</td>") && !html.contains("pytorch-state-dict 1"))
  }

  @Test("--json prints the page's own data, and no page is needed")
  func json() throws {
    let folder = try folder()
    let run = try tessera(["report", "m.h5", "--json"], directory: folder.path)
    #expect(run.ending == .exited(0) && run.outputText.contains("\"format\": \"tessera.report/1\""))
    guard case .object(let object) = try JSONParser().parse(run.output),
      case .array(let tables)? = object["together"],
      case .object(let table)? = tables.first
    else { throw CocoaError(.coderReadCorrupt) }
    #expect(
      table["parameters"]
        == .array([[12], [24, 24], [24, 24, 12]].map { .array($0.map { JSONValue($0) }) }))
  }

  @Test(
    "A wrong command line is refused",
    arguments: [
      (["m.h5"], "expected -o PAGE"), (["m.h5", "-o", "page.txt"], "a name that ends in .html"),
      (
        ["m.h5", "w.safetensors", "-o", "p.html", "--measure"],
        "--measure is for a page about one file, found two"
      ),
      (
        ["m.h5", "w.safetensors", "-o", "p.html", "--accuracy", "a.csv"],
        "--accuracy is for a page about one file"
      ),
      (["m.h5", "-o", "p.html", "--repeat", "0"], "--repeat"),
    ] as [([String], String)])
  func usage(arguments: [String], words: String) throws {
    let folder = try folder()
    let run = try tessera(["report"] + arguments, directory: folder.path)
    #expect(run.ending == .exited(64) && run.errorText.contains(words), "\(run.errorText)")
  }

  @Test(
    "What cannot be shown is one sentence, and no page appears",
    arguments: [
      (["absent.h5"], "absent.h5: "), (["plan.json"], "plan.json: expected "),
      (["m.h5", "--measure"], "--measure"),
      (
        ["m.h5", "--accuracy", "wrong.csv"],
        "wrong.csv: task 'c', level 1: expected a sub-network of m.h5, found none"
      ),
      (
        ["m.h5", "--accuracy", "bad.csv"],
        "bad.csv: line 2: accuracy: expected a number from 0 to 100, found '190'"
      ),
      (["m.h5", "--policy", "all-stord"], "all-stored"),
    ] as [([String], String)])
  func refused(arguments: [String], words: String) throws {
    let folder = try folder()
    _ = try folder.write("task,level,accuracy\nc,1,90\n", as: "wrong.csv")
    _ = try folder.write("task,level,accuracy\na,1,190\n", as: "bad.csv")
    let run = try tessera(["report", "-o", "page.html"] + arguments, directory: folder.path)
    let sentence = run.sentence()
    #expect(sentence.contains(words), "\(sentence)")
    #expect(!(try folder.names().contains("page.html")))
  }

  @Test("-n keeps a page that exists; without it, the page is replaced")
  func existing() throws {
    let folder = try folder()
    _ = try folder.write("mine", as: "page.html")
    let run = try tessera(["report", "m.h5", "-o", "page.html", "-n"], directory: folder.path)
    #expect(run.sentence() == "page.html: expected no file of that name (-n), found one")
    #expect(try TemporaryFolder.bytes(of: folder.file("page.html")) == Array("mine".utf8))
    #expect(try page(["m.h5"], folder).hasPrefix("<!doctype html>"))
  }

  @Test("compare --page writes the tables and the plot of a study, and prints the same as without")
  func study() throws {
    let folder = try TemporaryFolder()
    let study = "\(SourceFolder.root)/samples/paper/study.json"
    let run = try tessera(["compare", study, "--page", "study.html"], directory: folder.path)
    #expect(run.ending == .exited(0))
    #expect(try run.outputText == tessera(["compare", study]).outputText)
    let html = String(decoding: try TemporaryFolder.bytes(of: folder.file("study.html")), as: UTF8.self)
    #expect(html.contains("<svg xmlns") && html.contains("Rankings that change under another policy"))
    let wrong = try tessera(["compare", study, "--page", "study.txt"], directory: folder.path)
    #expect(wrong.ending == .exited(64))
  }
}
