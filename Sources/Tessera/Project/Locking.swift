internal import ByteFiles
internal import FlatFormats
internal import TensorStreams
internal import Tensors
internal import UnitCheckpoints
internal import Validation

/// Computes the digests of files for a `tessera.lock`.
package struct Locking {
  /// The folder of the document, absolute and without links.
  private let folder: String
  private let shownFolder: String
  private var folders: [String] = []
  private var files: [TensorName: LockDocument.File] = [:]
  private let progress: (Int) -> Void
  /// The lock that is there already, and is replaced.
  private let output: FileIdentity?

  /// Locks files, and every file in folders but hidden ones.
  ///
  /// - Parameters:
  ///   - output: the path of the document, to whose folder paths are relative; it need not exist.
  ///   - progress: called with the bytes hashed since the last call.
  /// - Throws: for a file that is not sound, or lies outside the folder of the document.
  package static func document(
    for paths: [String], output: String, progress: @escaping (Int) -> Void = { _ in }
  ) throws -> LockDocument {
    var locking = Locking(
      folder: SystemPath.resolved(SystemPath.folder(of: output)) ?? "/",
      shownFolder: SystemPath.folder(of: output), output: FileIdentity(path: output), progress: progress)
    for path in paths { try locking.add(path) }
    return LockDocument(folders: locking.folders, files: Array(locking.files.values))
  }

  private init(
    folder: String, shownFolder: String, output: FileIdentity?, progress: @escaping (Int) -> Void
  ) {
    self.output = output
    self.folder = folder
    self.shownFolder = shownFolder
    self.progress = progress
  }

  private mutating func add(_ path: String) throws {
    guard FolderValidation.isFolder(path) else { return try addFile(path) }
    var options = ValidationOptions()
    options.output = output
    let verdicts = FolderValidation.check(folder: path, options)
    let kinds = Set(FlatFormatKind.allCases.map(\.rawValue) + ["unit-checkpoint"])
    var hasWeights = false
    for verdict in verdicts {
      if case .failed(let sentence) = verdict.state { throw TesseraError(sentence: sentence) }
      if let error = verdict.findings.first(where: { $0.severity == .error }) {
        throw TesseraError(
          sentence: "\(error.file): \(error.location.isEmpty ? "" : "\(error.location): ")\(error.message)")
      }
      guard case .checked = verdict.state, !FolderValidation.isFolder(verdict.path),
        verdict.kind.map(kinds.contains) ?? false
      else { continue }
      hasWeights = true
      // A file with pieces of tensors has no tensors of its own.
      if verdict.kind == FlatFormatKind.dcp.rawValue, verdict.tensorCount == nil {
        if files[TensorName(try relative(verdict.path))] == nil {
          try add(try ReadableFile(path: verdict.path), kind: FlatFormatKind.dcp.rawValue, nil, [])
        }
        continue
      }
      if files[TensorName(try relative(verdict.path))] == nil { try addFile(verdict.path) }
    }
    if !hasWeights {
      throw TesseraError(sentence: "\(path): folder: expected files of weights, found none")
    }
    folders.append(try relative(path))
    // Configuration, tokenizer and code decide what the weights compute. A lock cannot have its own digest.
    let listing: FolderListing
    do throws(FileError) { listing = try FolderListing(path) } catch { throw TesseraError(error) }
    for path in listing.folders.flatMap(\.paths)
    where !ProjectDocuments.names.contains(SystemPath.bareName(of: path))
      && FileIdentity(path: path) != output
    {
      guard try files[TensorName(relative(path))] == nil else { continue }
      try add(try ReadableFile(path: path), kind: "other", nil, [])
    }
  }

  /// Adds a file; of an index, also its shards.
  private mutating func addFile(_ path: String) throws {
    let file = try ReadableFile(path: path)
    let opened = try OpenedFile(file, usesHeaders: false)
    switch try opened.contents {
    case .checkpoint(let checkpoint):
      try add(
        file, kind: "unit-checkpoint", checkpoint.modelDigest,
        checkpoint.index.tensors.map { LockDocument.Tensor(name: $0.spec.name, sha256: $0.digest) })
    case .flat(let source):
      let tensors = try LockDocument.tensors(of: source, progress: progress)
      let model = modelDigest(of: zip(source.tensors, tensors).map { ($0.spec, $1.sha256) })
      try add(file, kind: source.kind.rawValue, model, tensors)
      for path in source.files where path != file.path {
        if let shard = try FlatFormats.shard(at: path, of: source) {
          let kind = source.kind == .shardedSafetensors ? FlatFormatKind.safetensors : source.kind
          try add(shard, kind: kind.rawValue, nil, [])
        } else {
          // The external data of an ONNX model.
          try add(try ReadableFile(path: path), kind: "other", nil, [])
        }
      }
    }
  }

  private mutating func add(
    _ file: ReadableFile, kind: String, _ model: SHA256Digest?, _ tensors: [LockDocument.Tensor]
  ) throws {
    let path = try relative(file.path)
    files[TensorName(path)] = LockDocument.File(
      path: path, kind: kind, byteCount: file.size,
      sha256: try ProjectChecks.digest(of: file, progress: progress),
      modelDigest: model, tensors: tensors.sorted { $0.name < $1.name })
  }

  private func relative(_ path: String) throws(TesseraError) -> String {
    guard let relative = Project.relative(path, to: folder) else {
      throw TesseraError(
        sentence: "\(path): expected a file in the folder of the lock ('\(shownFolder)'), found one outside")
    }
    return relative
  }
}

extension LockDocument {
  /// The digests of the tensors of flat weights, in the order of the file.
  static func tensors(
    of source: any TensorSource, progress: (Int) -> Void = { _ in }
  ) throws -> [Tensor] {
    var tensors: [Tensor] = []
    for place in source.tensors.indices {
      tensors.append(
        Tensor(
          name: source.tensors[place].spec.name, sha256: try source.digest(of: place, progress: progress)))
    }
    return tensors
  }
}
