internal import StrictJSON
internal import Tensors
internal import UnitModel

extension Architecture {
  /// Parses a document; throws `PlanError` with the place of the first defect.
  init(parsing bytes: [UInt8]) throws(PlanError) {
    let value: JSONValue
    do throws(JSONError) { value = try JSONParser(sizeLimit: 1 << 20).parse(bytes) } catch {
      throw .json(error)
    }
    let object = try PlanNode(value: value, place: "").object(allowing: [
      "format", "$schema", "id", "title", "source", "model_types", "marker", "remark", "layers", "embeddings",
      "rows", "required", "outside", "classes", "defaults", "aliases", "padding_types", "groups",
    ])
    let format = try object.required("format").string()
    guard format == Self.format else {
      throw .outOfRange(place: "format", expected: "'\(Self.format)'", found: TensorName(format).quoted)
    }
    id = try object.required("id").string()
    title = try object.required("title").string()
    _ = try object.required("source").string()
    modelTypes = try object.texts("model_types")
    marker = try object.required("marker").pattern().text
    remark = try object.optional("remark")?.string()
    var layers: [Layers] = []
    for item in try object.optional("layers")?.array() ?? [] { layers.append(try Layers(item)) }
    self.layers = layers
    embeddings = try Self.rows(object.optional("embeddings"))
    rows = try Self.rows(object.optional("rows"))
    var required: [String] = []
    for item in try object.optional("required")?.array() ?? [] { required.append(try item.pattern().text) }
    self.required = required
    outside = try TypeTensors.list(object.optional("outside"))
    classes =
      try object.optional("classes")?.array().map { (item) throws(PlanError) in
        let own = try item.object(allowing: ["classes", "tensors", "untied"])
        return ClassTensors(
          classes: try own.texts("classes"), tensors: try own.texts("tensors"),
          untied: try own.texts("untied"))
      } ?? []
    paddingTypes = try object.texts("padding_types")
    defaults = try Self.defaults(object.optional("defaults"))
    aliases =
      try object.optional("aliases")?.members().members.map { (member) throws(PlanError) in
        (member.key, try PlanNode(value: member.value, place: "aliases.\(member.key)").string())
      } ?? []
    var groups: [Group] = []
    for item in try object.required("groups").array() { groups.append(try Group(item)) }
    // With two stacks, one may read the other, so no layer can be left out.
    if layers.count == 1, layers[0].countKey != nil { groups.append(Group(layers[0])) }
    self.groups = groups
  }

  /// Numbers by key, by model type.
  private static func defaults(_ node: PlanNode?) throws(PlanError) -> [String: [String: Int]] {
    var defaults: [String: [String: Int]] = [:]
    for type in try node?.members().members ?? [] {
      let own = PlanNode(value: type.value, place: "defaults.\(type.key)")
      for member in try own.members().members {
        defaults[type.key, default: [:]][member.key] = try own.named(member.key, member.value).integer(
          in: 0...Int.max)
      }
    }
    return defaults
  }

  /// The ends of tensor names, each with the keys that give dimension 0.
  private static func rows(_ node: PlanNode?) throws(PlanError) -> [Rows] {
    guard let node else { return [] }
    var rows: [Rows] = []
    for member in try node.members().members {
      _ = try node.pattern(member.key)
      let text = try node.named(member.key, member.value).string()
      func parts<Text: StringProtocol>(_ text: Text, _ separator: Character) -> [Text.SubSequence] {
        text.split(separator: separator, omittingEmptySubsequences: false)
      }
      let terms = parts(text, "+").map { parts($0, "*").map { parts($0, "|").map(String.init) } }
      guard terms.allSatisfy({ $0.allSatisfy { $0.allSatisfy { !$0.isEmpty } } }) else {
        throw .outOfRange(
          place: node.named(member.key, member.value).place, expected: "keys joined by |, * and +",
          found: TensorName(text).quoted)
      }
      rows.append(Rows(suffix: member.key, terms: terms))
    }
    return rows
  }
}

extension Architecture.Layers {
  fileprivate init(_ node: PlanNode) throws(PlanError) {
    let object = try node.object(allowing: [
      "pattern", "count_key", "extra_tensor", "config", "lists", "optional", "kinds", "flags", "sparse",
      "number_lists",
      "first_keys", "shared_key", "fixed", "needs_lists", "keeps_first", "list_flags", "tensors",
    ])
    pattern = try object.required("pattern").pattern().text
    countKey = try object.optional("count_key")?.string()
    extraTensor = try object.optional("extra_tensor")?.string()
    self.object = try object.optional("config")?.string()
    lists = try object.texts("lists")
    optional = try object.texts("optional")
    kinds = try Architecture.TypeTensors.list(object.optional("kinds"))
    flags =
      try object.optional("flags")?.array().map { (item) throws(PlanError) in
        let own = try item.object(allowing: ["types", "key", "value", "default", "tensors"])
        return Architecture.Flag(
          types: try own.texts("types"), key: try own.required("key").string(),
          value: try own.required("value").bool(), defaultValue: try own.required("default").bool(),
          tensors: try own.texts("tensors"))
      } ?? []
    sparse = try object.optional("sparse").map { (node) throws(PlanError) in
      let keys = try node.object(allowing: ["tensor", "first_dense_key", "dense_list_key", "step_key"])
      return Architecture.SparseLayers(
        tensor: try keys.required("tensor").string(),
        firstDenseKey: try keys.optional("first_dense_key")?.string(),
        denseListKey: try keys.optional("dense_list_key")?.string(),
        stepKey: try keys.optional("step_key")?.string())
    }
    numberLists = try object.texts("number_lists")
    firstKeys = try object.texts("first_keys")
    sharedKey = try object.optional("shared_key")?.string()
    needsLists = try object.texts("needs_lists")
    listFlags = try object.texts("list_flags")
    keepsFirst = try object.optional("keeps_first")?.bool() ?? false
    var fixed: [(key: String, value: Int)] = []
    if let node = object.optional("fixed") {
      for member in try node.members().members {
        fixed.append((member.key, try node.named(member.key, member.value).integer(in: 0...Int.max)))
      }
    }
    self.fixed = fixed
    tensors =
      try object.optional("tensors").map { (node) throws(PlanError) in try Architecture.tensors(node) } ?? []
  }
}

extension Architecture {
  /// The ends of tensor names with their dimensions.
  fileprivate static func tensors(_ list: PlanNode) throws(PlanError) -> [(
    suffix: String, dimensions: String
  )] {
    var tensors: [(suffix: String, dimensions: String)] = []
    for member in try list.members().members {
      let node = list.named(member.key, member.value)
      let dimensions = try node.string()
      _ = try node.pattern(member.key)
      // The numbers are known only with a file; the notation is checked here.
      let numbers = String(
        decoding: dimensions.utf8.map { "?QK".utf8.contains($0) ? UInt8(ascii: "1") : $0 }, as: UTF8.self)
      do throws(PlanningError) { _ = try CutOption.dimensions(numbers, of: dimensions) } catch {
        throw .badPattern(
          place: node.place, pattern: dimensions, expected: "the dimensions of a cut, such as ffn{},-")
      }
      tensors.append((member.key, dimensions))
    }
    return tensors
  }
}

extension Architecture.Group {
  /// The group of whole layers.
  fileprivate init(_ layers: Architecture.Layers) {
    name = "layers"
    axis = "layers"
    object = layers.object
    (widthKey, timesKey, heads, experts, listTypes) = (nil, nil, nil, nil, [])
    self.layers = layers
    tensors = layers.tensors
    (readers, neutral) = ([], [])
  }

  fileprivate init(_ node: PlanNode) throws(PlanError) {
    let object = try node.object(allowing: [
      "name", "axis", "config", "width_key", "times_key", "list_types", "heads", "experts", "tensors",
      "readers", "neutral",
    ])
    name = try object.required("name").string()
    axis = try object.required("axis").pattern().text
    self.object = try object.optional("config")?.string()
    widthKey = try object.optional("width_key")?.string()
    timesKey = try object.optional("times_key")?.string()
    heads = try object.optional("heads").map { (node) throws(PlanError) in try Architecture.Heads(node) }
    experts = try object.optional("experts").map { (node) throws(PlanError) in try Architecture.Experts(node)
    }
    layers = nil
    tensors = try Architecture.tensors(object.required("tensors"))
    listTypes = try object.texts("list_types")
    readers = try object.texts("readers")
    neutral = try object.texts("neutral")
  }
}

extension Architecture.TypeTensors {
  fileprivate static func list(_ node: PlanNode?) throws(PlanError) -> [Self] {
    try (node?.array() ?? []).map { (item) throws(PlanError) in
      let kind = try item.object(allowing: ["types", "tensors"])
      return Self(types: try kind.texts("types"), tensors: Set(try kind.texts("tensors")))
    }
  }
}

extension Architecture.Experts {
  fileprivate init(_ node: PlanNode) throws(PlanError) {
    let object = try node.object(allowing: [
      "count_keys", "per_token_key", "group_count_key", "groups_per_token_key", "needs_groups", "numbered",
    ])
    countKeys = try object.required("count_keys").texts()
    perTokenKey = try object.required("per_token_key").string()
    groupCountKey = try object.optional("group_count_key")?.string()
    groupsPerTokenKey = try object.optional("groups_per_token_key")?.string()
    needsGroups = try object.texts("needs_groups")
    var numbered: [String] = []
    for item in try object.optional("numbered")?.array() ?? [] {
      let pattern = try item.pattern()
      guard pattern.text.hasSuffix("*"), pattern.starCount == 1, pattern.componentCount > 0 else {
        throw .badPattern(
          place: item.place, pattern: pattern.text,
          expected: "a {} for the number of the expert, and one * at the end")
      }
      numbered.append(pattern.text)
    }
    self.numbered = numbered
  }
}

extension Architecture.Heads {
  fileprivate init(_ node: PlanNode) throws(PlanError) {
    let object = try node.object(allowing: [
      "count_key", "key_count_key", "width_key", "divides_hidden", "key", "norm",
    ])
    countKey = try object.optional("count_key")?.string()
    keyCountKey = try object.optional("key_count_key")?.string()
    widthKey = try object.optional("width_key")?.string()
    dividesHidden = try object.texts("divides_hidden")
    key = try object.optional("key")?.pattern().text
    norm = try object.optional("norm")?.pattern().text
  }
}

extension PlanObject {
  /// The texts in an optional list; empty if there is none.
  fileprivate func texts(_ key: String) throws(PlanError) -> [String] { try optional(key)?.texts() ?? [] }
}

extension PlanNode {
  /// The texts in a list.
  fileprivate func texts() throws(PlanError) -> [String] {
    try array().map { (item) throws(PlanError) in try item.string() }
  }
}
