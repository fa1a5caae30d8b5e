internal import ByteFiles
internal import StrictJSON
internal import Tensors
internal import UnitModel
internal import Validation

/// The digests in a model signature of the OpenSSF: a Sigstore bundle whose DSSE envelope holds an in-toto statement
/// about the files of a model (github.com/sigstore/model-transparency, "Model Signing Format").
///
/// Neither the signature nor the signer is verified; this program has no trust root. `model_signing verify` does that.
package struct ModelSignature: Sendable {
  /// A signed file.
  struct File: Sendable {
    /// The path in the model's folder; "." if the model is one file.
    let path: String
    /// The digests of the whole file, or of consecutive parts of it.
    var parts: [Part]

    /// The size of the file in bytes; nil if the signature does not have it.
    var byteCount: Int? { parts.last?.end }
  }

  /// A part of a file.
  struct Part: Sendable {
    /// The first byte after the part; nil for the end of the file.
    let end: Int?
    let sha256: SHA256Digest
  }

  /// The path of the bundle.
  let path: String
  /// The signed files, in the byte order of their paths.
  let files: [File]
  /// Whether the digests are those of parts, of which an empty file has none.
  let isInParts: Bool
  /// Paths in the model's folder that were not signed: files, and folders with everything in them.
  let ignored: [String]

  /// Whether the file or folder with this path in the model's folder was not signed on purpose.
  func ignores(_ path: String) -> Bool {
    ignored.contains {
      SystemPath.same(path, $0) || SystemPath.rest(of: path, after: SystemPath.root(of: $0)) != nil
    }
  }

  /// The largest bundle in bytes; a model of 50,000 parts takes 13 MB.
  private static let sizeLimit = 16 << 20
  /// The most values of its JSON: a part has four.
  fileprivate static let valueLimit = 1 << 20

  /// Reads a bundle.
  package init(_ path: String) throws(TesseraError) {
    self.path = path
    (files, ignored, isInParts) = try DocumentFile.read(path, limit: Self.sizeLimit, as: "a model signature")
    { bytes in
      let root = try Node.parsing(bytes, limit: Self.sizeLimit)
      return try Self.contents(
        of: Node.parsing(Self.payload(of: root), limit: Self.sizeLimit, place: "payload"))
    }
  }

  fileprivate typealias Node = DocumentNode<DocumentError>

  /// The statement's bytes.
  private static func payload(of bundle: Node) throws(DocumentError) -> [UInt8] {
    guard try bundle.members()["dsseEnvelope"] != nil else {
      throw DocumentError(
        "", expected: "a Sigstore bundle with a 'dsseEnvelope', as `model_signing sign` writes", found: "none"
      )
    }
    let envelope = try bundle.member("dsseEnvelope")
    try envelope.member("payloadType").require("application/vnd.in-toto+json")
    let payload = try envelope.member("payload")
    guard let bytes = Base64.decoded(try payload.string()) else {
      throw DocumentError(payload.place, expected: "base64", found: "other text")
    }
    return bytes
  }

  private static func contents(of statement: Node) throws(DocumentError) -> ([File], [String], Bool) {
    try statement.member("_type").require("https://in-toto.io/Statement/v1")
    let kind = try statement.member("predicateType")
    let subjects = try statement.member("subject").array()
    var resources: [(name: Node, digest: SHA256Digest)] = []
    var ignored: [String] = []
    var isInParts = false
    switch try kind.string() {
    case "https://model_signing/signature/v1.0":
      let predicate = try statement.member("predicate")
      let serialization = try predicate.member("serialization")
      isInParts = try serialization.member("method").oneOf("a method", ["files", "shards"]) == "shards"
      for node in try serialization.optionalMember("ignore_paths")?.array() ?? [] {
        ignored.append(try node.string())
      }
      for node in try predicate.member("resources").array() {
        try node.member("algorithm").requireSHA256()
        resources.append((try node.member("name"), try node.member("digest").digest()))
      }
      guard subjects.count == 1, let subject = subjects.first else {
        throw DocumentError("payload.subject", expected: "one model", found: "\(subjects.count)")
      }
      try check(subject, resources.map(\.digest))
    // Releases before 1.0: each file is a subject.
    case "https://model_signing/Digests/v0.1":
      for node in subjects {
        resources.append((try node.member("name"), try node.member("digest").member("sha256").digest()))
      }
    case let text:
      throw DocumentError(
        kind.place, expected: "https://model_signing/signature/v1.0", found: TensorName(text).quoted)
    }
    return (try files(resources, isInParts: isInParts), ignored, isInParts)
  }

  /// The subject's digest covers the digests of all resources, in their order.
  private static func check(_ subject: Node, _ digests: [SHA256Digest]) throws(DocumentError) {
    let node = try subject.member("digest").member("sha256")
    let stated = try node.digest()
    let found = SHA256Digest.of(digests.flatMap(\.bytes))
    guard stated == found else {
      throw DocumentError(
        node.place, expected: "SHA-256 \(stated.short) over the digests of 'resources'", found: found.short)
    }
  }

  /// - Parameter isInParts: whether a name is a path and a part of the file, as in `weights.bin:0:1000000000`.
  private static func files(
    _ resources: [(name: Node, digest: SHA256Digest)], isInParts: Bool
  ) throws(DocumentError) -> [File] {
    var files: [TensorName: File] = [:]
    for (node, digest) in resources {
      let name = try node.string()
      let part = isInParts ? part(name) : nil
      let path = part?.path ?? name
      guard path == "." || SystemPath.isInside(path), isInParts == (part != nil) else {
        throw DocumentError(
          node.place,
          expected: isInParts
            ? "a path in the model's folder, and a part as in a:0:5" : "a path in the model's folder",
          found: TensorName(name).quoted)
      }
      let known = files[TensorName(path)]
      guard (part?.start ?? 0) == (known == nil ? 0 : known?.parts.last?.end),
        part.map({ $0.start < $0.end }) ?? true
      else {
        throw DocumentError(
          node.place, expected: "each byte of each file once, in order", found: TensorName(name).quoted)
      }
      files[TensorName(path), default: File(path: path, parts: [])].parts
        .append(Part(end: part?.end, sha256: digest))
    }
    if files.isEmpty { throw DocumentError("payload", expected: "at least one file", found: "none") }
    if files.count > 1, files["."] != nil {
      throw DocumentError("payload", expected: "one file or the files of a folder", found: "both")
    }
    return files.values.sorted { TensorName($0.path) < TensorName($1.path) }
  }

  private static func part(_ name: String) -> (path: String, start: Int, end: Int)? {
    let words = name.split(separator: ":", omittingEmptySubsequences: false)
    guard words.count == 3, let start = number(words[1]), let end = number(words[2]) else { return nil }
    return (String(words[0]), start, end)
  }

  private static func number(_ text: Substring) -> Int? {
    text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } ? Int(text) : nil
  }
}

extension DocumentNode<DocumentError> {
  /// The value that JSON text holds.
  fileprivate static func parsing(
    _ bytes: [UInt8], limit: Int, place: String = ""
  ) throws(DocumentError) -> Self {
    do throws(JSONError) {
      return Self(
        value: try JSONParser(sizeLimit: limit, valueLimit: ModelSignature.valueLimit).parse(bytes),
        place: place)
    } catch { throw DocumentError(place, expected: "JSON", found: "\(error)") }
  }

  /// A member that must be there. Other members are allowed, because the bundle's format has more.
  fileprivate func member(_ key: String) throws(DocumentError) -> Self {
    guard let node = try optionalMember(key) else { throw .missing(key, at: place) }
    return node
  }

  fileprivate func optionalMember(_ key: String) throws(DocumentError) -> Self? {
    try members()[key].map { Self(value: $0, place: place.isEmpty ? key : "\(place).\(key)") }
  }

  fileprivate func require(_ text: String) throws(DocumentError) {
    let found = try string()
    guard found == text else { throw DocumentError(place, expected: text, found: TensorName(found).quoted) }
  }

  /// `sha256`, or `sha256-sharded-N` for parts of N bytes.
  fileprivate func requireSHA256() throws(DocumentError) {
    let found = try string()
    guard found == "sha256" || found.hasPrefix("sha256-sharded-") else {
      throw DocumentError(
        place, expected: "sha256, the only digest that this program compares", found: TensorName(found).quoted
      )
    }
  }
}
