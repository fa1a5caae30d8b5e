internal import StrictJSON
internal import Tensors
internal import UnitModel

extension CountingPolicy {
  /// The largest size of a policy, in bytes: 1 MiB.
  package static let sizeLimit = 1 << 20

  /// Parses a policy's document.
  ///
  /// An unknown key, or a value outside its range, is refused with its place. Throws the cases of `AccountingError` for
  /// policies, except `.unknownPreset`.
  public init(parsing bytes: [UInt8]) throws(AccountingError) {
    let document: JSONValue
    do throws(JSONError) {
      document = try JSONParser(sizeLimit: CountingPolicy.sizeLimit).parse(bytes)
    } catch { throw .json(error) }
    guard case .object(var object) = document else {
      throw .wrongType(place: "policy", expected: "an object", found: document.kindName)
    }
    guard object["format"] == .string(CountingPolicy.format) else {
      if case .string(let found)? = object["format"] { throw .wrongFormat(found: TensorName(found).quoted) }
      throw .wrongFormat(found: object["format"]?.kindName ?? "no \"format\"")
    }
    let reader = PolicyReader(object)
    try reader.allow([
      "format", "$schema", "id", "version", "title", "description", "source", "roles", "parts", "names",
      "assign",
      "scope", "heads", "stems", "times", "ties", "density", "elements", "bits", "bytes_in", "trainable",
      "norms", "experts", "ratio", "selection",
    ])
    _ = try reader.optionalString("$schema")
    id = try reader.identifier()
    version = try reader.version()
    title = try reader.string("title")
    summary = try reader.optionalString("description")
    source = try reader.optionalString("source")
    roles = try reader.roles()
    parts = try reader.parts()
    names = try reader.names()
    assignments = try reader.assignments()
    scope = try reader.word("scope", Scope.self) ?? .active
    heads = try reader.word("heads", Extent.self) ?? .active
    stems = try reader.word("stems", Extent.self) ?? .active
    times = try reader.times()
    ties = try reader.word("ties", Ties.self) ?? .once
    density = try reader.word("density", Density.self) ?? .dense
    elements = try reader.word("elements", Elements.self) ?? .logical
    bits = try reader.bits()
    sizeUnit = try reader.word("bytes_in", SizeUnit.self) ?? .bytes
    trainability = try reader.trainability()
    norms = try reader.word("norms", Norms.self) ?? .asStored
    experts = try reader.word("experts", Experts.self) ?? .all
    ratio = try reader.word("ratio", Ratio.self) ?? .ofStored
    selection = try reader.selection()
    // The path of the schema is not part of the rule.
    object["$schema"] = nil
    do throws(JSONError) {
      let hasher = SHA256Hasher()
      hasher.update(try JSONWriter.bytes(JSONValue.object(object).sorted, layout: .compact))
      digest = hasher.finish()
    } catch { throw .json(error) }
  }
}

extension JSONValue {
  /// The value with the members of every object sorted by the bytes of their keys.
  fileprivate var sorted: JSONValue {
    switch self {
    case .array(let values): return .array(values.map(\.sorted))
    case .object(let object):
      let members = object.members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      // Sorting keeps the keys distinct.
      return .object(JSONObject(members.map { JSONMember(key: $0.key, value: $0.value.sorted) }) ?? object)
    default: return self
    }
  }
}
