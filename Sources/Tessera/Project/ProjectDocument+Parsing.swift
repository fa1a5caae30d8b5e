package import Accounting
internal import FlatFormats
internal import StrictJSON
internal import Tensors
internal import UnitModel
internal import Validation

private typealias Node = DocumentNode<DocumentError>
private typealias Object = DocumentObject<DocumentError>

extension ProjectDocument {
  /// The most bytes of a document.
  package static let sizeLimit = 1 << 20
  private static let entryLimit = 256
  /// The most patterns of all entries: each is compared with each tensor's name.
  private static let patternLimit = 1024
  /// The most counts of all entries.
  private static let countLimit = 1024

  /// Parses a document.
  ///
  /// - Parameter policy: reads the policy of this name, or at this path beside the document.
  /// - Throws: `TOMLError`, `DocumentError`, or the error of a policy's file.
  package init(parsing bytes: [UInt8], policy: (String) throws -> CountingPolicy) throws {
    let document = try TOMLParser(sizeLimit: Self.sizeLimit).parse(bytes)
    do { self = try Self.read(Node(value: document.value, place: ""), policy) } catch let error
      as DocumentError
    {
      throw error.inTOML(at: document.place(of: error.steps)?.lineAndColumn)
    }
  }

  private static func read(_ root: Node, _ policy: (String) throws -> CountingPolicy) throws -> Self {
    let root = try root.object(allowing: ["format", "files"])
    if let format = root.optional("format"), try format.string() != Self.format {
      throw DocumentError(
        "format", expected: "\"\(Self.format)\"", found: TensorName(try format.string()).quoted)
    }
    var document = Self()
    let entries = try root.optional("files")?.array() ?? []
    try limit(entries.count, entryLimit, "entries", "files")
    document.files = try entries.map { try Entry($0, policy) }
    try limit(
      document.files.reduce(0) { $0 + $1.required.count + $1.forbidden.count }, patternLimit,
      "patterns of tensors in all entries", "files")
    try limit(
      document.files.reduce(0) { $0 + $1.counts.count }, countLimit, "counts in all entries", "files")
    return document
  }

  fileprivate static func limit(_ count: Int, _ most: Int, _ what: String, _ place: String)
    throws(DocumentError)
  {
    if count > most { throw DocumentError(place, expected: "at most \(most) \(what)", found: "\(count)") }
  }

  fileprivate static func patterns(_ node: Node?) throws(DocumentError) -> [TensorPattern] {
    guard let node else { return [] }
    var patterns: [TensorPattern] = []
    for node in try node.array() { patterns.append(try TensorPattern(node)) }
    return patterns
  }
}

extension ProjectDocument.Entry {
  private static let keys = [
    "match", "formats", "dtypes", "required", "forbidden", "largest-file", "non-finite", "allow-globals",
    "sha256", "counts",
  ]
  /// The formats that a file can have; `pickle` and `dduf` are those of `validate` alone.
  package static let formats =
    FlatFormatKind.allCases.map(\.rawValue) + ["unit-checkpoint", "pickle", "dduf"]

  fileprivate init(_ node: Node, _ policy: (String) throws -> CountingPolicy) throws {
    let entry = try node.object(allowing: Self.keys)
    let match = try entry.required("match")
    guard let pattern = PathPattern(try match.string()) else {
      throw DocumentError(
        match.place, expected: PathPattern.expected, found: TensorName(try match.string()).quoted)
    }
    self.match = pattern
    formats = try entry.optional("formats")?.words("a format", Self.formats)
    dtypes = try entry.optional("dtypes")?.words("a dtype", Tensors.DType.allCases.map(\.rawValue))
      .compactMap(Tensors.DType.init(rawValue:))
    required = try ProjectDocument.patterns(entry.optional("required"))
    forbidden = try ProjectDocument.patterns(entry.optional("forbidden"))
    largestFile = try entry.optional("largest-file")?.byteCount()
    nonFinite = try entry.optional("non-finite")?.word(NonFiniteGate.self)
    if let node = entry.optional("allow-globals") {
      for name in try node.array() {
        guard GlobalAllowList(names: [try name.string()]) != nil else {
          throw DocumentError(
            name.place, expected: "module.name", found: TensorName(try name.string()).quoted)
        }
      }
      allowGlobals = GlobalAllowList(names: try node.array().map { try $0.string() })
    }
    sha256 = try entry.optional("sha256")?.digest()
    counts = try (entry.optional("counts")?.array() ?? []).map { try ProjectDocument.Count($0, policy) }
  }
}

extension ProjectDocument.TensorPattern {
  fileprivate init(_ node: Node) throws(DocumentError) {
    if case .string = node.value {
      match = try node.namePattern()
      return
    }
    guard case .object = node.value else { throw node.wrongType("a name, a pattern or a table") }
    let object = try node.object(allowing: ["match", "shape", "dtype"])
    match = try object.required("match").namePattern()
    if let node = object.optional("shape") {
      var extents: [Int?] = []
      for extent in try node.array() {
        if case .string(let text) = extent.value, text == "*" {
          extents.append(nil)
        } else {
          extents.append(try extent.integer(in: 0...Int.max, "an extent, or \"*\" for any"))
        }
      }
      shape = extents
    }
    if let node = object.optional("dtype") {
      dtype = Tensors.DType(rawValue: try node.oneOf("a dtype", Tensors.DType.allCases.map(\.rawValue)))
    }
  }
}

extension ProjectDocument.Count {
  fileprivate init(_ node: Node, _ read: (String) throws -> CountingPolicy) throws {
    let object = try node.object(allowing: ["policy", "task", "level", "largest", "smallest"])
    if let node = object.optional("policy") {
      do { policy = try read(try node.string()) } catch let error as DocumentError { throw error } catch {
        throw DocumentError(node.place, expected: "a counting policy", found: "\(error)")
      }
    }
    task = try object.optional("task")?.string()
    if let node = object.optional("level") {
      if case .string(let text) = node.value {
        level = text
      } else {
        level = String(try node.integer(in: 1...Int.max, "a level's number or name"))
      }
    }
    largest = try object.optional("largest")?.budget()
    smallest = try object.optional("smallest")?.budget()
    if largest == nil, smallest == nil {
      throw DocumentError(node.place, expected: "the key 'largest' or 'smallest'", found: "neither")
    }
  }
}

extension DocumentNode<DocumentError> {
  /// A word from a list.
  func oneOf(_ what: String, _ words: [String]) throws(DocumentError) -> String {
    let text = try string()
    guard words.contains(text) else {
      throw DocumentError(
        place, expected: "\(what) (\(words.joined(separator: ", ")))",
        found: TensorName(text).quoted + DocumentError.near(text, among: words))
    }
    return text
  }

  /// Words from a list, at least one: an empty list would forbid every file.
  fileprivate func words(_ what: String, _ words: [String]) throws(DocumentError) -> [String] {
    let nodes = try array()
    if nodes.isEmpty {
      throw DocumentError(
        place, expected: "at least one", found: "none")
    }
    var found: [String] = []
    for node in nodes { found.append(try node.oneOf(what, words)) }
    return found
  }

  fileprivate func namePattern() throws(DocumentError) -> NamePattern {
    guard let pattern = NamePattern(try string()) else {
      throw DocumentError(
        place, expected: "a pattern with at most \(NamePattern.wildcardLimit) wildcards",
        found: TensorName(try string()).quoted)
    }
    return pattern
  }

  /// A number of parameters or bytes: an integer, or a text such as "2M" or "64MB".
  fileprivate func budget() throws(DocumentError) -> Budget {
    if case .integer = value {
      return .parameters(ParameterCount(try integer(in: 0...Int.max, "a number of parameters")))
    }
    guard case .string(let text) = value else { throw wrongType("a number or a text") }
    do throws(PlanError) { return try Budget(parsing: text) } catch {
      guard case .badBudget(_, let expected) = error else { throw wrongType("a number or a text") }
      throw DocumentError(place, expected: expected, found: TensorName(text).quoted)
    }
  }

  fileprivate func byteCount() throws(DocumentError) -> Int {
    let expected = "a number of bytes, or a text such as \"64MB\" or \"2GiB\""
    if case .integer = value { return try integer(in: 0...Int.max, expected) }
    let text = try string()
    guard let count = try? Budget(parsing: text, in: [.bytes]).byteCount else {
      throw DocumentError(place, expected: expected, found: TensorName(text).quoted)
    }
    return count.value
  }

  func digest() throws(DocumentError) -> SHA256Digest {
    let text = try string()
    guard let digest = SHA256Digest(hex: text) else {
      throw DocumentError(place, expected: "64 hexadecimal digits", found: TensorName(text).quoted)
    }
    return digest
  }
}
