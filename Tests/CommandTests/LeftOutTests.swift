import Foundation
import StrictJSON
import TestSupport
import Testing

/// The messages of each command about a file with parts that are not read as tensors.
@Suite("What is left out")
struct LeftOutTests {
  struct Item: Decodable, Equatable {
    let name: String
    let why: String
  }

  struct Case: Decodable {
    let leftOut: [Item]
    /// Whether the file has the tensor `w` and one other kind of part.
    let odd: Bool?
    let isApart: Bool?
    let isInGraph: Bool?

    enum CodingKeys: String, CodingKey {
      case leftOut = "left_out"
      case odd
      case isApart = "apart"
      case isInGraph = "in_graph"
    }
  }

  private static let folder = "\(SourceFolder.fixtures)/partial"

  static let cases: [String: Case] = {
    let data = FileManager.default.contents(atPath: folder + "/expected.json") ?? Data()
    let all = (try? JSONDecoder().decode([String: Case].self, from: data)) ?? [:]
    return all.filter { $0.value.odd == true }
  }()

  /// The lines that report the parts that are left out.
  private static func lines(_ items: [Item], side: String = "") -> String {
    items.map { "left out\(side): '\($0.name)': \($0.why)\n" }.joined()
  }

  private static func object(_ run: Subprocess) throws -> JSONObject {
    guard case .object(let object) = try JSONParser().parse(run.output) else { return JSONObject() }
    return object
  }

  private static func json(_ items: [Item], side: String? = nil) -> [JSONValue] {
    items.map { item in
      let members = [
        JSONMember(key: "name", value: .string(item.name)), JSONMember(key: "why", value: .string(item.why)),
      ]
      return .object(
        JSONObject(members + (side.map { [JSONMember(key: "in", value: .string($0))] } ?? [])) ?? JSONObject()
      )
    }
  }

  @Test("there are sixteen kinds")
  func complete() { #expect(Self.cases.count == 16) }

  @Test("inspect and count name it, in text and in JSON, and end with 0", arguments: cases.keys.sorted())
  func named(_ name: String) throws {
    let items = try #require(Self.cases[name]).leftOut
    #expect(!items.isEmpty)
    for command in ["inspect", "count"] {
      let run = try tessera([command, name], directory: Self.folder)
      #expect(run.ending == .exited(0) && run.errors.isEmpty, "\(run.errorText)")
      #expect(run.outputText.contains("\n" + Self.lines(items)), "\(run.outputText)")
      let json = try Self.object(try tessera([command, name, "--json"], directory: Self.folder))
      #expect(json["left_out"] == .array(Self.json(items)))
      try expectKeys(of: json, schema: command)
    }
  }

  @Test("diff names it for either side, and calls nothing equal", arguments: cases.keys.sorted())
  func compared(_ name: String) throws {
    let items = try #require(Self.cases[name]).leftOut
    let (a, b) = (Self.lines(items, side: " of A"), Self.lines(items, side: " of B"))
    let run = try tessera(["diff", name, name], directory: Self.folder)
    let note = name.hasSuffix(".onnx") ? "note: tensors are compared, graphs are not\n" : ""
    #expect(run.ending == .exited(1) && run.errorText == note)
    #expect(
      run.outputText == """
        A \(name)
        B \(name)
        0 only in A, 0 only in B, 0 changed, 1 equal
        \(a)\(b)not equal: what is left out was not compared (--leave-out PATTERN accepts that)

        """)
    let json = try Self.object(try tessera(["diff", name, name, "--json"], directory: Self.folder))
    #expect(json["left_out"] == .array(Self.json(items, side: "a") + Self.json(items, side: "b")))
    #expect(json["equal"] == .bool(false) && json["equal_tensors"] == 1)
    try expectKeys(of: json, schema: "diff")

    let accepted = items.flatMap { ["--leave-out", $0.name] }
    let equal = try tessera(["diff", name, name] + accepted, directory: Self.folder)
    #expect(equal.ending == .exited(0) && equal.outputText == "equal: 1 tensor\n\(a)\(b)")
    // One part that is not accepted is enough to fail.
    if items.count > 1 {
      let most = try tessera(["diff", name, name] + accepted.dropLast(2), directory: Self.folder)
      #expect(most.ending == .exited(1))
    }
  }

  @Test("convert and plan refuse it, unless told, and then name it", arguments: cases.keys.sorted())
  func converted(_ name: String) throws {
    let wanted = try #require(Self.cases[name])
    let items = wanted.leftOut
    let folder = try TemporaryFolder()
    let path = "\(Self.folder)/\(name)"
    let accepted = items.flatMap { ["--leave-out", String($0.name.prefix(2)) + "*"] }
    for dest in ["out.safetensors", "out.h5"] {
      let isLost = wanted.isApart != true && !(wanted.isInGraph == true && dest == "out.h5")
      let bare = try tessera(["convert", path, folder.file(dest)])
      if isLost {
        let said = bare.sentence()
        #expect(
          said.hasPrefix(
            "\(path): '\(items[0].name)': expected only parts that can be converted, found \(items[0].why); "),
          "\(said)")
        #expect(said.contains("--leave-out"))
        #expect(try folder.names().isEmpty)
      } else {
        #expect(bare.ending == .exited(0) && bare.errorText.contains(Self.lines(items)), "\(bare.errorText)")
      }
      let run = try tessera(["convert", path, folder.file(dest)] + accepted)
      #expect(run.ending == .exited(0) && run.errorText.contains(Self.lines(items)), "\(run.errorText)")
      #expect(!run.errorText.contains("matches nothing"))
      let difference = try tessera(["diff", path, folder.file(dest)] + accepted)
      #expect(difference.outputText.hasPrefix("equal: 1 tensor\n"), "\(difference.outputText)")
      try FileManager.default.removeItem(atPath: folder.file(dest))
    }
    // The graph of a sparse model cannot be followed, whatever parts are left out.
    if wanted.isInGraph == true { return }
    let arguments = ["plan", path, "--units", "1", "--cut", "w=a,-"]
    let plan = try tessera(arguments)
    #expect((plan.ending == .exited(2)) == (wanted.isApart != true), "\(plan.errorText)")
    let reported = try tessera(arguments + accepted)
    #expect(
      reported.ending == .exited(0) && reported.errorText.hasPrefix(Self.lines(items)),
      "\(reported.errorText)")
  }

  @Test("a pattern that matches nothing is named, and takes no tensor away")
  func unused() throws {
    let folder = try TemporaryFolder()
    let run = try tessera(
      ["convert", "\(Self.folder)/text.npz", folder.file("o.npz"), "--leave-out", "odd", "--leave-out", "w"])
    #expect(run.ending == .exited(0))
    #expect(run.errorText.contains("note: --leave-out 'w' matches nothing that is left out\n"))
    #expect(try tessera(["inspect", folder.file("o.npz")]).outputText.contains("npz, 1 tensor, "))
    let pattern = String(repeating: "*a", count: 17)
    #expect(try tessera(["diff", "a", "b", "--leave-out", pattern]).ending == .exited(64))
  }

  @Test("a gate that has not counted everything does not open", arguments: cases.keys.sorted())
  func gate(_ name: String) throws {
    let wanted = try #require(Self.cases[name])
    let arguments = ["count", name, "--max", "6"]
    let bare = try tessera(arguments, directory: Self.folder)
    #expect(bare.ending == .exited(wanted.isApart == true ? 0 : 1))
    if wanted.isApart != true {
      #expect(
        bare.errorText
          == "tessera: \(name): --max: expected every tensor to be counted, or --leave-out PATTERN for others, "
          + "found '\(wanted.leftOut[0].name)': \(wanted.leftOut[0].why)\n")
    }
    let accepted = wanted.leftOut.flatMap { ["--leave-out", $0.name] }
    #expect(try tessera(arguments + accepted, directory: Self.folder).ending == .exited(0))
    #expect(
      try tessera(["count", name, "--max", "5"] + accepted, directory: Self.folder).ending == .exited(1))
  }

  @Test("of very many only the first are lines; JSON has all")
  func many() throws {
    let folder = try TemporaryFolder()
    let script = """
      import sys, zipfile
      with zipfile.ZipFile(sys.argv[1], 'w') as z:
          for n in range(50): z.writestr(f'README.{n}', 'x')
          z.writestr('w.npy', open(sys.argv[2], 'rb').read())
      """
    guard let python = Peers.python else { return skip("no Python to write an archive with") }
    let array = "\(SourceFolder.fixtures)/flat/npy/f4.npy"
    let made = try Subprocess.run(python, ["-c", script, folder.file("x.npz"), array])
    #expect(made.ending == .exited(0), "\(made.errorText)")
    let text = try tessera(["inspect", folder.file("x.npz")]).outputText
    #expect(text.split(separator: "\n").count { $0.hasPrefix("left out: 'README.") } == 20)
    #expect(text.contains("left out: 30 more (--json has all)\n"))
    let json = try Self.object(try tessera(["inspect", folder.file("x.npz"), "--json"]))
    guard case .array(let items)? = json["left_out"] else { throw CancellationError() }
    #expect(items.count == 50)
  }

  @Test("the same tensors are in inspect and in count of a model, however its constants are written")
  func constants() throws {
    let text = try tessera(["inspect", "constants.onnx"], directory: Self.folder).outputText
    #expect(text.hasPrefix("constants.onnx: onnx, 8 tensors, 17 elements, 81 B\n"))
    let folder = try TemporaryFolder()
    let source = "\(Self.folder)/constants.onnx"
    #expect(try tessera(["convert", source, folder.file("m.h5")]).ending == .exited(0))
    #expect(try tessera(["convert", folder.file("m.h5"), folder.file("b.onnx")]).ending == .exited(0))
    #expect(try TemporaryFolder.bytes(of: folder.file("b.onnx")) == TemporaryFolder.bytes(of: source))
    #expect(try tessera(["verify", source, folder.file("m.h5")]).ending == .exited(0))
  }
}
