internal import ByteFiles
internal import StrictJSON
package import Tensors
internal import UnitModel

/// A `tessera.lock`: the digests of files and of their tensors, as they were when it was written.
package struct LockDocument: Sendable, Equatable {
  /// The value of `format`.
  package static let format = "tessera.lock/1"
  /// The name that `lock` writes and `validate --locked` searches for.
  package static let fileName = "tessera.lock"
  /// The most bytes of a document: those of half a million tensors.
  static let sizeLimit = 64 << 20
  /// The most values: a tensor has three, a file at most seven.
  private static let valueLimit = 4 << 20

  /// A locked file.
  package struct File: Sendable, Equatable {
    /// The path relative to the document's folder.
    package let path: String
    /// The format as `inspect` prints it.
    package let kind: String
    package let byteCount: Int
    package let sha256: SHA256Digest
    /// The digest of the model; nil for a shard, whose model is that of the index.
    package let modelDigest: SHA256Digest?
    /// The digests of the tensors, in the order of their names; empty for a shard of an index.
    package let tensors: [Tensor]
  }

  /// A locked tensor.
  package struct Tensor: Sendable, Equatable {
    package let name: TensorName
    package let sha256: SHA256Digest
  }

  /// The folders of which every file is locked, as paths relative to the document's folder, in byte order.
  let folders: [String]
  /// The files, in the byte order of their paths.
  package let files: [File]

  /// - Parameters:
  ///   - folders: in any order, perhaps several times.
  ///   - files: files with different paths, in any order.
  init(folders: [String], files: [File]) {
    self.folders = Set(folders.map { TensorName($0) }).sorted().map(\.text)
    self.files = files.sorted { TensorName($0.path) < TensorName($1.path) }
  }

  /// The document; the same files give the same bytes.
  package var bytes: [UInt8] {
    get throws(TesseraError) {
      let list = files.map { file in
        Self.object([
          ("path", .string(file.path)), ("kind", .string(file.kind)), ("bytes", JSONValue(file.byteCount)),
          ("sha256", .string("\(file.sha256)")), ("model_sha256", file.modelDigest.map { .string("\($0)") }),
          (
            "tensors",
            file.modelDigest == nil
              ? nil
              : .array(
                file.tensors.map {
                  Self.object([("name", .string($0.name.text)), ("sha256", .string("\($0.sha256)"))])
                })
          ),
        ])
      }
      do {
        return try JSONWriter.bytes(
          Self.object([
            ("format", .string(Self.format)),
            ("folders", folders.isEmpty ? nil : .array(folders.map(JSONValue.string))),
            ("files", .array(list)),
          ]))
      } catch { throw TesseraError(error) }
    }
  }

  private static func object(_ members: [(String, JSONValue?)]) -> JSONValue {
    .object(
      JSONObject(members.compactMap { key, value in value.map { JSONMember(key: key, value: $0) } })
        ?? JSONObject())
  }

  /// Parses a document. Throws `JSONError` or `DocumentError`.
  package init(parsing bytes: [UInt8]) throws {
    let root = DocumentNode<DocumentError>(
      value: try JSONParser(sizeLimit: Self.sizeLimit, valueLimit: Self.valueLimit).parse(bytes), place: "")
    let object = try root.object(allowing: ["$schema", "format", "folders", "files"])
    let format = try object.required("format").string()
    guard format == Self.format else {
      throw DocumentError("format", expected: "\"\(Self.format)\"", found: TensorName(format).quoted)
    }
    var files: [File] = []
    var paths: Set<TensorName> = []
    for node in try object.required("files").array() {
      let file = try File(node)
      guard paths.insert(TensorName(file.path)).inserted else {
        throw DocumentError(
          "\(node.place).path", expected: "each path once", found: TensorName(file.path).quoted + " again")
      }
      files.append(file)
    }
    self.init(
      folders: try object.optional("folders")?.array().map { node throws(DocumentError) in
        try node.string() == "." ? "." : node.pathInside()
      } ?? [], files: files)
  }
}

extension LockDocument.File {
  fileprivate init(_ node: DocumentNode<DocumentError>) throws(DocumentError) {
    let object = try node.object(allowing: ["path", "kind", "bytes", "sha256", "model_sha256", "tensors"])
    path = try object.required("path").pathInside()
    kind = try object.required("kind").string()
    byteCount = try object.required("bytes").integer(in: 0...Int.max, "a number of bytes")
    sha256 = try object.required("sha256").digest()
    modelDigest = try object.optional("model_sha256")?.digest()
    var tensors: [LockDocument.Tensor] = []
    for node in try object.optional("tensors")?.array() ?? [] {
      let tensor = try node.object(allowing: ["name", "sha256"])
      tensors.append(
        LockDocument.Tensor(
          name: TensorName(try tensor.required("name").string()),
          sha256: try tensor.required("sha256").digest()))
    }
    self.tensors = tensors
  }
}

extension DocumentNode<DocumentError> {
  /// A path in the document's folder: a document that was found must not read files elsewhere.
  fileprivate func pathInside() throws(DocumentError) -> String {
    let path = try string()
    guard SystemPath.isInside(path) else {
      throw DocumentError(
        place, expected: "a path in the folder of the lock", found: TensorName(path).quoted)
    }
    return path
  }
}
