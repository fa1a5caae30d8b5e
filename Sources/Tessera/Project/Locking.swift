internal import ByteFiles
internal import FlatFormats
internal import TensorStreams
internal import Tensors
internal import UnitCheckpoints
internal import Validation

/// Computes the digests of files for a `tessera.lock`.
package struct Locking {
  private let place: DocumentPlace
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
  /// - Throws: for a file with errors, or outside the folder of the document.
  package static func document(
    for paths: [String], output: String, progress: @escaping (Int) -> Void = { _ in }
  ) throws -> LockDocument {
    var locking = Locking(
      place: try DocumentPlace(output), output: FileIdentity(path: output), progress: progress)
    for path in paths { try locking.add(path) }
    return LockDocument(folders: locking.folders, files: Array(locking.files.values))
  }

  private init(place: DocumentPlace, output: FileIdentity?, progress: @escaping (Int) -> Void) {
    self.place = place
    self.output = output
    self.progress = progress
  }

  /// All bytes are read, because a lock would make any error permanent.
  private var options: ValidationOptions {
    var options = ValidationOptions()
    options.deep = true
    options.output = output
    return options
  }

  private mutating func add(_ path: String) throws {
    guard FolderValidation.isFolder(path) else {
      let file = try ReadableFile(path: path)
      do {
        try Self.requireSound(try FileValidation.check(file, options, progress: progress))
      } catch UncheckableFile.notRecognised {
        // Opening it gives a description of its content.
      }
      return try addFile(file)
    }
    var hasWeights = false
    for verdict in FolderValidation.check(folder: path, options, progress: progress) {
      try Self.requireSound(verdict)
      guard case .checked = verdict.state, !FolderValidation.isFolder(verdict.path), verdict.holdsTensors
      else { continue }
      hasWeights = true
      guard files[TensorName(try relative(verdict.path))] == nil else { continue }
      let file = try ReadableFile(path: verdict.path)
      // A file with pieces of tensors has no tensors of its own.
      if verdict.kind == FlatFormatKind.dcp.rawValue, verdict.tensorCount == nil {
        try add(file, kind: FlatFormatKind.dcp.rawValue, nil, [])
      } else {
        try addFile(file)
      }
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

  private static func requireSound(_ verdict: FileVerdict) throws(TesseraError) {
    if case .failed(let sentence) = verdict.state { throw TesseraError(sentence: sentence) }
    guard let error = verdict.findings.first(where: { $0.severity == .error }) else { return }
    throw TesseraError(
      sentence: "\(error.file): \(error.location.isEmpty ? "" : "\(error.location): ")\(error.message)")
  }

  /// Adds a sound file; of an index, also its shards.
  private mutating func addFile(_ file: ReadableFile) throws {
    let opened = try OpenedFile(file, usesHeaders: false)
    switch try opened.contents {
    case .checkpoint(let checkpoint):
      try add(
        file, kind: "unit-checkpoint", checkpoint.modelDigest,
        checkpoint.index.tensors.map { LockDocument.Tensor(name: $0.spec.name, sha256: $0.digest) })
      for part in checkpoint.parts {
        try add(try ReadableFile(path: part.path), kind: "unit-checkpoint", nil, [])
      }
    case .flat(let source):
      let tensors = try LockDocument.tensors(of: source, progress: progress)
      let model = modelDigest(of: zip(source.tensors, tensors).map { ($0.spec, $1.sha256) })
      try add(file, kind: source.kind.rawValue, model, tensors)
      // Shards, or the external data of an ONNX model.
      let kind = source.kind == .shardedSafetensors ? FlatFormatKind.safetensors.rawValue : "other"
      for path in source.files where path != file.path {
        if let part = try FlatFormats.file(at: path, of: source) { try add(part, kind: kind, nil, []) }
      }
    }
  }

  private mutating func add(
    _ file: ReadableFile, kind: String, _ model: SHA256Digest?, _ tensors: [LockDocument.Tensor]
  ) throws {
    let path = try relative(file.path)
    files[TensorName(path)] = LockDocument.File(
      path: path, kind: kind, byteCount: file.size,
      sha256: try file.sha256(progress: progress),
      modelDigest: model, tensors: tensors.sorted { $0.name < $1.name })
  }

  private func relative(_ path: String) throws(TesseraError) -> String {
    guard let relative = place.relative(path) else {
      let folder = SystemPath.folder(of: place.path)
      throw TesseraError(
        sentence: "\(path): expected a file in the folder of the lock ('\(folder)'), found one outside")
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
