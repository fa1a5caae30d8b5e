internal import ByteFiles
internal import FlatFormats
internal import StrictJSON
internal import Tensors
internal import Zip

/// Applies the rules of DDUF, a pipeline of diffusers in one zip archive, as huggingface_hub checks them.
///
/// Members are stored, not compressed, at most one folder deep, and their names end in `.json`, `.model`,
/// `.safetensors`, `.gguf` or `.txt`. `model_index.json` names every folder, and every folder has a configuration.
struct DDUFValidation {
  static let suffix = ".dduf"
  private static let endings = [".json", ".model", ".safetensors", ".gguf", ".txt"]
  private static let configurations = [
    "config.json", "tokenizer_config.json", "preprocessor_config.json", "scheduler_config.json",
  ]

  private let path: String
  private var findings: [Finding] = []

  /// The verdict on a file whose name ends in `.dduf`.
  static func verdict(_ file: ReadableFile, _ options: ValidationOptions) throws(UncheckableFile)
    -> FileVerdict
  {
    var validation = DDUFValidation(path: file.path)
    do throws(ZipError) { try validation.check(ZipArchive(file)) } catch {
      switch error {
      case .refused(let rule, _, let place, let expected, let found):
        validation.findings.append(
          Finding(
            RuleID(.zip(rule)), file: file.path, location: place,
            message: "expected \(expected), found \(found)", defect: rule.rawValue))
      case .file(let error): throw .file(error)
      }
    }
    validation.findings.append(
      Finding(
        .unexamined, options.strict ? .warning : .note, file: file.path, location: "",
        message: "the tensors of the members are not compared with their configurations"))
    validation.findings += ProjectRule.findings(inFile: file, kind: "dduf", options)
    return FileVerdict(
      path: file.path, kind: "dduf", tensorCount: nil, findings: validation.findings,
      rules: RuleID.allCases.filter { rule in
        rule == .parts || validation.findings.contains { $0.rule == rule }
      })
  }

  private init(path: String) { self.path = path }

  private mutating func report(_ place: String, _ expected: String, _ found: String) {
    if findings.count >= 100 { return }
    findings.append(
      Finding(.parts, file: path, location: place, message: "expected \(expected), found \(found)"))
  }

  private mutating func check(_ archive: ZipArchive) throws(ZipError) {
    var folders: [String: Set<String>] = [:]
    var order: [String] = []
    for entry in archive.entries {
      let place = "member \(TensorName(entry.name).quoted)"
      if entry.method != .stored { report(place, "stored bytes", "a compressed member") }
      if !Self.endings.contains(where: entry.name.hasSuffix) {
        report(place, "a name that ends in \(Self.endings.joined(separator: ", "))", "another ending")
      }
      let parts = SystemPath.components(entry.name)
      if parts.count > 2 || entry.name.contains("\\") { report(place, "at most one folder, and /", "more") }
      guard parts.count == 2 else { continue }
      if folders[parts[0]] == nil { order.append(parts[0]) }
      folders[parts[0], default: []].insert(parts[1])
    }
    guard let index = try index(of: archive) else { return }
    for folder in order {
      let place = "folder \(TensorName(folder).quoted)"
      if index[folder] == nil { report(place, "its name in model_index.json", "none") }
      if (folders[folder] ?? []).isDisjoint(with: Self.configurations) {
        report(place, "one of \(Self.configurations.joined(separator: ", "))", "none")
      }
    }
    for name in PartsRule.components(of: index) where folders[name] == nil {
      report("model_index.json, \(name)", "a folder of this name with the component", "none")
    }
  }

  /// The object in `model_index.json`.
  private mutating func index(of archive: ZipArchive) throws(ZipError) -> JSONObject? {
    let name = "model_index.json"
    guard let entry = archive.entries.first(where: { $0.name == name }) else {
      report("archive", "a member '\(name)'", "none")
      return nil
    }
    guard entry.size <= FolderSubject.configurationLimit else {
      report(name, "at most \(FolderSubject.configurationLimit.grouped) bytes", entry.size.grouped)
      return nil
    }
    let stream = try archive.stream(of: entry)
    var bytes = [UInt8](repeating: 0, count: entry.size)
    do { try bytes.withUnsafeMutableBytes { try stream.read(into: $0) } } catch let error as ZipError {
      throw error
    } catch { return nil }
    do throws(JSONError) {
      if case .object(let object) = try JSONParser().parse(bytes) { return object }
      report(name, "an object", "another value")
    } catch { report(name, "JSON", "\(error)") }
    return nil
  }
}
