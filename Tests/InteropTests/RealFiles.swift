import StrictJSON
import TestSupport
import Testing

/// Real files from wheels, and what their own libraries say of them in `real.json`.
enum RealFiles {
  /// The objects of `Tests/Fixtures/<format>/real.json`, by file.
  static func expected(_ format: String) -> [String: JSONObject] {
    let path = "\(SourceFolder.fixtures)/\(format)/real.json"
    guard let bytes = try? TemporaryFolder.bytes(of: path),
      case .object(let files)? = try? JSONParser().parse(bytes)
    else { return [:] }
    var result: [String: JSONObject] = [:]
    for file in files.members {
      if case .object(let object) = file.value { result[file.key] = object }
    }
    return result
  }

  /// The numbers of tensors.
  static func counts(_ expected: [String: JSONObject]) -> [Int64] {
    expected.values.compactMap { if case .integer(let count)? = $0["tensors"] { count } else { nil } }
  }

  /// The line of a tensor that `inspect --json --digests` lists: `name dtype extent,extent,… digest`.
  static func line(_ row: JSONValue) -> String? {
    guard case .object(let row) = row, case .string(let name)? = row["name"],
      case .string(let dtype)? = row["dtype"], case .array(let shape)? = row["shape"],
      case .string(let digest)? = row["sha256"]
    else { return nil }
    let extents = shape.map { if case .integer(let extent) = $0 { "\(extent)" } else { "?" } }
    return "\(name) \(dtype) \(extents.joined(separator: ",")) \(digest)\n"
  }

  /// The folder in which the wheels are installed.
  static func sitePackages(_ workshop: Workshop) throws -> String {
    let python = try #require(Peers.python)
    let code = "import sysconfig; print(sysconfig.get_path('purelib'), end='')"
    return try workshop.run(python, ["-c", code]).outputText
  }
}
