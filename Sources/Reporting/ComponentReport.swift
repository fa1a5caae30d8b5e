package import Accounting
package import StrictJSON
package import Tensors

/// The output of `inspect --format cyclonedx`: a bill of materials with one component, a model.
///
/// It holds only what follows from the files: no licence, supplier, purpose or training data. Without a time and a serial
/// number, equal files give equal documents.
package struct ComponentReport: Sendable {
  /// A file of the model.
  package struct File: Sendable {
    let name: String
    let size: ByteCount
    let digest: SHA256Digest

    package init(name: String, size: ByteCount, digest: SHA256Digest) {
      self.name = name
      self.size = size
      self.digest = digest
    }
  }

  private let inspection: Inspection
  private let name: String
  private let files: [File]
  private let others: [String]
  private let policy: String
  private let stored: ParameterRow
  private let networks: [ParameterRow]

  /// - Parameters:
  ///   - inspection: all tensors of the model, and its digest.
  ///   - name: the name of the file or of the folder, without the rest of the path, which depends on the machine.
  ///   - files: the files of the model, with names relative to its folder.
  ///   - others: the names of everything else in the folder.
  ///   - policy: the name and the version of the policy under which `stored` and `networks` are counted.
  package init(
    _ inspection: Inspection, name: String, files: [File], others: [String], policy: String,
    stored: ParameterRow, networks: [ParameterRow]
  ) {
    self.name = name
    self.others = others
    self.inspection = inspection
    self.files = files
    self.policy = policy
    self.stored = stored
    self.networks = networks
  }

  /// A CycloneDX 1.6 document (ECMA-424).
  ///
  /// - Parameter version: the version of tessera.
  package func json(version: String) -> JSONValue {
    let tool = object([
      ("type", .string("application")), ("name", .string("tessera")), ("version", .string(version)),
    ])
    return object([
      ("$schema", .string("http://cyclonedx.org/schema/bom-1.6.schema.json")),
      ("bomFormat", .string("CycloneDX")), ("specVersion", .string("1.6")), ("version", JSONValue(1)),
      ("metadata", object([("tools", object([("components", .array([tool]))]))])),
      ("components", .array([component])),
    ])
  }

  private var component: JSONValue {
    var members: [(String, JSONValue)] = [("type", .string("machine-learning-model"))]
    if let digest = inspection.modelDigest { members.append(("bom-ref", .string("tessera-model:\(digest)"))) }
    members.append(("name", .string(name)))
    if files.count == 1, let file = files.first { members.append(("hashes", Self.hashes(file))) }
    if files.count > 1 {
      members.append(
        (
          "components",
          .array(
            files.map { file in
              object([
                ("type", .string("file")), ("name", .string(file.name)), ("hashes", Self.hashes(file)),
                ("properties", Self.list([("tessera:bytes", "\(file.size.value)")])),
              ])
            })
        ))
    }
    members.append(("properties", Self.list(properties)))
    return object(members)
  }

  private var properties: [(String, String)] {
    var rows = [
      ("tessera:format", inspection.kind), ("tessera:tensors", "\(inspection.tensors.count)"),
      ("tessera:policy", policy), ("tessera:parameters", "\(stored.parameters.value)"),
      ("tessera:tensor-bytes", "\(stored.bytes.value)"),
    ]
    let dtypes = Set(inspection.tensors.map(\.spec.dtype.rawValue)).sorted()
    rows += dtypes.map { ("tessera:dtype", $0) }
    if let digest = inspection.modelDigest { rows.append(("tessera:model-sha256", "\(digest)")) }
    if let units = inspection.checkpoint?.units { rows.append(("tessera:units", "\(units)")) }
    rows += networks.map { row in
      ("tessera:sub-network", "\(row.place): \(row.parameters.value) parameters, \(row.bytes.value) bytes")
    }
    rows += inspection.notes.map {
      ("tessera:note", $0.place.isEmpty ? $0.message : "\($0.place): \($0.message)")
    }
    rows += inspection.leftOut.items.map { ("tessera:left-out", "\($0.name): \($0.why)") }
    rows += others.map { ("tessera:left-out", "\($0): not a known file of a model") }
    return rows
  }

  private static func hashes(_ file: File) -> JSONValue {
    .array([object([("alg", .string("SHA-256")), ("content", .string("\(file.digest)"))])])
  }

  private static func list(_ rows: [(String, String)]) -> JSONValue {
    .array(rows.map { object([("name", .string($0.0)), ("value", .string($0.1))]) })
  }
}
