internal import ByteFiles
internal import Planning
internal import StrictJSON
internal import Tensors

/// A folder with a model, as Hugging Face's libraries write it, in the form that rules need.
final class FolderSubject {
  /// The file that transformers loads if it is there, whatever else is.
  static let single = "model.safetensors"

  let options: ValidationOptions
  private let folder: String
  /// The names of the files in the folder.
  private let names: Set<TensorName>
  /// The names of the folders in it.
  let folders: Set<TensorName>
  /// The files that rules have read, by name.
  private(set) var examined: Set<TensorName> = []
  /// The findings on files that cannot be read as what their names promise.
  private(set) var problems: [Finding] = []
  private var parsed: [TensorName: JSONObject?] = [:]
  private let documents: OpenedDocuments
  private let tensors: [TensorName: [TensorSpec]]

  /// Returns nil for a folder without any of the files that describe a model.
  ///
  /// - Parameters:
  ///   - documents: the files that are open.
  ///   - tensors: the tensors of the weights, by path.
  init?(
    _ folder: String, files: [String], folders: Set<TensorName>, documents: OpenedDocuments,
    tensors: [TensorName: [TensorSpec]], options: ValidationOptions
  ) {
    names = Set(files.map { TensorName($0) })
    let described: [TensorName] = [
      "config.json", "adapter_config.json", "modules.json", "model_index.json", "tokenizer.json",
    ]
    if names.isDisjoint(with: described) { return nil }
    self.folder = folder
    self.folders = folders
    self.documents = documents
    self.tensors = tensors
    self.options = options
  }

  /// The path of a file or folder in this one.
  func path(_ name: String) -> String {
    SystemPath.joined(folder, name)
  }

  func has(_ name: String) -> Bool { names.contains(TensorName(name)) }

  /// The most bytes of a configuration.
  static let configurationLimit = 4 << 20
  /// The most bytes of a tokenizer; the largest have 35 MB. In memory, it takes ten times as much.
  static let tokenizerLimit = 64 << 20

  /// The bytes of a file that is in the folder; nil if there is none, or if it is too large, which is a finding.
  func bytes(_ name: String, limit: Int) -> [UInt8]? {
    // A name in a folder of this one comes from a document, and only listed folders are entered.
    let parts = SystemPath.components(name)
    let isListed = parts.count == 1 ? has(name) : parts.count == 2 && folders.contains(TensorName(parts[0]))
    guard isListed, let file = try? documents.file(path(name)) else { return nil }
    examined.insert(TensorName(name))
    guard file.size <= limit else {
      problems.append(
        finding(
          .unexamined, .warning, name, "",
          "expected at most \(limit.grouped) bytes, found \(file.size.grouped): the file is not examined"))
      return nil
    }
    return try? file.bytes(at: 0, count: file.size)
  }

  /// The object in a JSON file of the folder; nil if there is none. Malformed JSON is a finding.
  func document(_ name: String, limit: Int = configurationLimit) -> JSONObject? {
    if let known = parsed[TensorName(name)] { return known }
    let found = bytes(name, limit: limit).flatMap { parse($0, name) }
    parsed[TensorName(name)] = .some(found)
    return found
  }

  /// The value of a JSON file whose outermost value may be a list.
  func value(_ name: String) -> JSONValue? {
    guard let bytes = bytes(name, limit: Self.configurationLimit) else { return nil }
    return json(bytes, name)
  }

  private func parse(_ bytes: [UInt8], _ name: String) -> JSONObject? {
    guard let value = json(bytes, name) else { return nil }
    if case .object(let object) = value { return object }
    problems.append(finding(.configuration, .error, name, "", "expected an object, found \(value.kindName)"))
    return nil
  }

  private func json(_ bytes: [UInt8], _ name: String) -> JSONValue? {
    do throws(JSONError) { return try JSONParser(sizeLimit: Self.tokenizerLimit).parse(bytes) } catch {
      if case .syntax(let place, _, _) = error, Self.isNotFinite(bytes[min(place.offset, bytes.count)...]) {
        problems.append(
          finding(
            .unexamined, note, name, "\(place)",
            "expected JSON, found a number that only Python reads: the file is not compared with others"))
      } else {
        problems.append(finding(.configuration, .error, name, "", "\(error)"))
      }
      return nil
    }
  }

  /// Whether a text begins with one of the three numbers beyond JSON that Python's parser reads and writes.
  private static func isNotFinite(_ bytes: ArraySlice<UInt8>) -> Bool {
    ["NaN", "Infinity", "-Infinity"].contains { bytes.starts(with: $0.utf8) }
  }

  /// The tensors of a file of weights in the folder or in one of its folders; nil if it could not be opened.
  func tensors(of name: String) -> [TensorSpec]? { tensors[TensorName(path(name))] }

  /// The weights that transformers loads: their path and their tensors.
  lazy var weights: (path: String, tensors: [TensorSpec])? = {
    let candidates = [Self.single, "model.safetensors.index.json", "pytorch_model.bin"]
    guard let name = candidates.first(where: has) else {
      guard let document = document("config.json"), Self.isModel(document) else { return nil }
      if let shard = names.map(\.text).filter({ $0.contains(#/^model-\d{5}-of-\d{5}\.safetensors$/#) }).min()
      {
        problems.append(
          finding(
            .shards, .error, shard, "",
            "expected '\(candidates[1])' beside it, found none; transformers opens no shards without an index"
          ))
      } else {
        problems.append(
          finding(
            .unexamined, note, "config.json", "",
            "expected '\(Self.single)' or an index beside it, found none: the file is not compared with tensors"
          ))
      }
      return nil
    }
    guard let found = tensors(of: name) else {
      problems.append(
        finding(
          .unexamined, note, "config.json", "",
          "expected '\(name)' to be readable, found errors: config.json is not compared with the tensors"))
      return nil
    }
    return (path(name), found)
  }()

  /// The comparison of config.json with the weights; nil if one of them is missing, or if config.json is not a model's.
  lazy var check: ConfigurationCheck? = {
    if !has("config.json"), has(Self.single), has("tokenizer.json"), !has("adapter_config.json") {
      problems.append(
        finding(
          .unexamined, note, Self.single, "",
          "expected 'config.json' beside it, found none: the tensors are not compared with a configuration"))
    }
    guard let document = document("config.json"), Self.isModel(document), let weights else { return nil }
    return ConfigurationCheck(document, weights.tensors)
  }()

  /// Whether a config.json describes a model of transformers; diffusers and sentence-transformers have files of this
  /// name, too.
  static func isModel(_ document: JSONObject) -> Bool {
    document["_class_name"] == nil && (document["model_type"] != nil || document["architectures"] != nil)
  }

  /// The severity of a part that is not examined.
  var note: Severity { options.strict ? .warning : .note }

  func finding(
    _ rule: RuleID, _ severity: Severity, _ name: String, _ location: String, _ message: String
  ) -> Finding {
    Finding(rule, severity, file: path(name), location: location, message: message)
  }
}
