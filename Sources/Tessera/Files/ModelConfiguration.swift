internal import Accounting
internal import ByteFiles
internal import FlatFormats
package import Planning
package import StrictJSON
package import UnitModel

/// A model's config.json, for values that the shapes do not show.
package struct ModelConfiguration {
  private static let sizeLimit = 4 << 20

  private let path: String
  /// The document, then its nested objects, level by level. Models with several kinds of input have an object for each
  /// kind.
  private let objects: [JSONObject]

  /// Reads the config.json in a folder, or in the folder of a file; nil if there is none.
  package init?(beside source: String) throws(TesseraError) {
    let path =
      FlatFormats.isFolder(source)
      ? "\(source)/config.json" : DocumentFile.path("config.json", beside: source)
    guard FileIdentity(path: path) != nil else { return nil }
    self.path = path
    objects = try DocumentFile.read(path, limit: Self.sizeLimit, as: "a config.json") {
      try Self.objects($0, path: path)
    }
  }

  /// The config.json with these bytes; messages name it `path`.
  init(parsing bytes: [UInt8], path: String) throws {
    self.path = path
    objects = try Self.objects(bytes, path: path)
  }

  private static func objects(_ bytes: [UInt8], path: String) throws -> [JSONObject] {
    let document = try JSONParser(sizeLimit: sizeLimit).parse(bytes)
    guard case .object(let members) = document else {
      throw TesseraError(sentence: "\(path): expected an object, found another value")
    }
    var objects = [members]
    var next = 0
    while next < objects.count {
      for member in objects[next].members {
        if case .object(let inner) = member.value { objects.append(inner) }
      }
      next += 1
    }
    return objects
  }

  /// The reason why a model with this configuration cannot be made smaller; nil if it can.
  var reasonAgainstCuts: String? {
    func isThere(_ key: String) -> Bool { objects.contains { $0[key].map { $0 != .null } ?? false } }
    if isThere("quantization_config") || isThere("compression_config") {
      return "config.json has a quantization_config, and scales and packed weights are not cut"
    }
    if isThere("per_layer_config") {
      return "config.json has a per_layer_config, and sizes that it gives are not changed"
    }
    let second = ["text_config_dict", "vision_config_dict"].first(where: isThere)
    return second.map { "config.json has \($0), whose sizes loaders prefer" }
  }

  /// The model's name on Hugging Face, `owner/name`; nil if the configuration has none, or a path.
  var hubName: String? {
    guard case .string(let name)? = objects.first?["_name_or_path"],
      name.wholeMatch(of: #/[A-Za-z0-9][A-Za-z0-9._-]*\/[A-Za-z0-9][A-Za-z0-9._-]*/#) != nil
    else { return nil }
    return name
  }

  /// The whole document.
  package var document: JSONObject { objects.first ?? JSONObject() }

  /// The levels of a plan, as folders with this configuration.
  package func levels(of plan: ResolvedPlan) -> FolderLevels {
    FolderLevels(of: plan, document, reasonAgainstCuts: reasonAgainstCuts)
  }

  /// The values that a plan needs.
  package var sizes: ModelSizes { ModelSizes(document) }
}

extension ModelConfiguration {
  /// The keys under which model families give the number of experts for a token.
  private static let perTokenKeys = [
    "num_experts_per_tok", "num_experts_per_token", "experts_per_token", "moe_num_experts_per_tok",
    "n_activated_experts", "num_selected_experts", "num_selects", "moe_top_k", "moe_topk", "moe_k",
    "top_k_experts", "moe_router_topk", "router_top_k",
  ]
  /// The keys under which model families give the number of experts in a layer.
  private static let expertKeys = [
    "num_local_experts", "num_experts", "n_routed_experts", "num_routed_experts", "moe_num_experts",
    "num_moe_experts", "n_experts",
  ]
  /// Model families whose routers have a fixed number of experts for a token.
  private static let fixed = ["switch_transformers": 1, "nllb-moe": 2]

  /// The number of experts for a token; nil if it is not given.
  func expertsPerToken() throws(TesseraError) -> Int? {
    let found = try all(Self.perTokenKeys)
    if found.count > 1 {
      throw TesseraError(
        sentence:
          "\(path): expected one number of experts for a token, found "
          + "\(found.sorted().map(String.init).joined(separator: " and ")); give --top-k")
    }
    if let number = found.first { return number }
    guard case .string(let family)? = objects.first?["model_type"] else { return nil }
    return Self.fixed[family]
  }

  /// The numbers of experts in a layer; empty if none is given. 0 and 1 mean a dense model.
  func experts() throws(TesseraError) -> Set<Int> { try all(Self.expertKeys) }

  /// All numbers under one of the keys: those of the document itself or, if it has none, those of its nested objects.
  private func all(_ keys: [String]) throws(TesseraError) -> Set<Int> {
    var found: Set<Int> = []
    for (place, object) in objects.enumerated() {
      for key in keys { found.formUnion(try numbers(key, in: object)) }
      if place == 0, !found.isEmpty { break }
    }
    return found.count > 1 ? found.subtracting([0]) : found
  }

  /// The numbers under a key: one number, or one for each layer; empty for null.
  private func numbers(_ key: String, in object: JSONObject) throws(TesseraError) -> [Int] {
    let values: [JSONValue]
    switch object[key] {
    case nil, .null?: values = []
    case .array(let list)?: values = list
    case let value?: values = [value]
    }
    var numbers: [Int] = []
    for value in values {
      guard case .integer(let number) = value, let count = Int(exactly: number), count >= 0 else {
        throw TesseraError(sentence: "\(path): \(key): expected a whole number, found another value")
      }
      numbers.append(count)
    }
    return numbers
  }
}

extension ModelConfiguration {
  /// The bits and groups of packed weights: from MLX's `quantization`, which may differ by module, or from HQQ's
  /// `nbits`.
  var groups: GroupQuantisation {
    if case .object(let quantisation)? = objects.first?["quantization"] {
      var modules: [String: GroupQuantisation.Group] = [:]
      for member in quantisation.members {
        if case .object(let own) = member.value { modules[member.key] = Self.group(own) }
      }
      return GroupQuantisation(common: Self.group(quantisation), modules: modules)
    }
    let found = Set(objects.compactMap(Self.group))
    return GroupQuantisation(common: found.count == 1 ? found.first : nil)
  }

  private static func group(_ object: JSONObject) -> GroupQuantisation.Group? {
    guard case .integer(let bits)? = object["bits"] ?? object["nbits"],
      case .integer(let size)? = object["group_size"]
    else { return nil }
    return GroupQuantisation.Group(bits: Int(clamping: bits), size: Int(clamping: size))
  }
}
