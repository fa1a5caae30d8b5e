internal import ByteFiles
internal import FlatFormats
internal import Tensors
package import Validation

/// Compares the files of a model with the digests of its signature.
package struct SignedFiles {
  private let signature: ModelSignature
  private let place: DocumentPlace
  private let files: [TensorName: ModelSignature.File]
  private let progress: (Int) -> Void
  /// The paths in folders that the signature ignores, but for those that signatures usually ignore.
  private var ignored: [String] = []
  private static let usuallyIgnored: Set<String> = [".git", ".gitattributes", ".github", ".gitignore"]
  /// The signed files that were compared.
  private var compared: Set<TensorName> = []

  /// - Parameter progress: called with the bytes that were read since the last call.
  package init(
    _ signature: ModelSignature, progress: @escaping (Int) -> Void = { _ in }
  ) throws(TesseraError) {
    place = try DocumentPlace(signature.path)
    self.signature = signature
    self.progress = progress
    files = Dictionary(
      signature.files.map { (TensorName($0.path), $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The verdicts on a file or a folder, with what the signature says about its files.
  ///
  /// A folder is the whole model: each of its files must be signed or ignored, and no signed file may be missing. A file
  /// is the model, or the file of the model whose signed path is the end of its own.
  package mutating func applied(to verdicts: [FileVerdict], of path: String) throws(TesseraError)
    -> [FileVerdict]
  {
    let isOfFile = signature.files.first?.path == "."
    guard FolderValidation.isFolder(path) else {
      guard let name = isOfFile ? "." : signedName(of: path) else {
        return joined(verdicts, [(path, new)])
      }
      return joined(verdicts, [(path, finding(name, at: path))])
    }
    if isOfFile {
      throw TesseraError(
        sentence:
          "\(signature.path): expected a signature of the files in '\(path)', found one of a single file")
    }
    let root = SystemPath.root(of: path)
    func name(_ place: String) -> String { SystemPath.rest(of: place, after: root) ?? place }
    let listing: FolderListing
    do throws(FileError) {
      listing = try FolderListing(path) { [signature] place in
        !signature.ignores(SystemPath.rest(of: place, after: root) ?? place)
      }
    } catch { throw TesseraError(error) }
    var findings: [(path: String, finding: ProjectFinding?)] = listing.left.map { place, why in
      (place, ProjectFinding(unexamined: "file", of: .signature, "expected a file to compare, found \(why)"))
    }
    var seen: Set<TensorName> = []
    for place in listing.folders.flatMap(\.paths) where !self.place.isDocument(place) {
      let name = name(place)
      seen.insert(TensorName(name))
      findings.append((place, finding(name, at: place)))
    }
    for file in signature.files where !seen.contains(TensorName(file.path)) {
      let missing = ProjectFinding("missing", of: .signature, "expected the file of \(shown), found none")
      findings.append((root + file.path, missing))
    }
    // A signature can ignore the weights of its own model.
    let skipped = listing.skipped.filter { !Self.usuallyIgnored.contains(name($0)) }
    ignored += skipped
    for verdict in verdicts where verdict.state == .checked && verdict.tensorCount != nil {
      guard signature.ignores(name(verdict.path)) else { continue }
      let finding = ProjectFinding(
        unexamined: "ignored", of: .signature, "expected signed weights, found a file that \(shown) ignores")
      findings.append((verdict.path, finding))
    }
    return joined(verdicts.filter { !place.isDocument($0.path) }, findings)
  }

  /// The verdict on the signature itself, after all files.
  package var verdict: FileVerdict {
    let count = signature.files.count
    let part = compared.count == count ? "\(count)" : "\(compared.count) of \(count)"
    return FileVerdict(
      path: signature.path, kind: "model-signing",
      ProjectFinding(
        "scope", of: .signature, severity: .note,
        "compared the digests of \(part) signed \(count == 1 ? "file" : "files"); "
          + "the signature and the identity of the signer were not verified"
          + (ignored.isEmpty ? "" : "; the signature ignores " + Self.listed(ignored))))
  }

  private static func listed(_ paths: [String]) -> String {
    paths.prefix(5).map { TensorName($0).quoted }.joined(separator: ", ")
      + (paths.count > 5 ? " and \((paths.count - 5).grouped) more" : "")
  }

  private var shown: String { signature.path }

  private var new: ProjectFinding {
    ProjectFinding(
      unexamined: "new", of: .signature, "expected a file that \(shown) lists, found one that it lacks")
  }

  /// The longest signed path that the path of a file ends with; nil if there is none.
  private func signedName(of path: String) -> String? {
    let folder = SystemPath.resolved(SystemPath.folder(of: path)) ?? ""
    var parts = SystemPath.components(folder) + [SystemPath.bareName(of: path)]
    while !parts.isEmpty {
      let name = parts.joined(separator: "/")
      if files[TensorName(name)] != nil { return name }
      parts.removeFirst()
    }
    return nil
  }

  /// What the signature says about the file at `path`, whose signed name is `name`; nil if they agree.
  private mutating func finding(_ name: String, at path: String) -> ProjectFinding? {
    guard let file = files[TensorName(name)] else {
      return signature.isInParts && SystemPath.size(path) == 0 ? nil : new
    }
    do throws(FileError) {
      let found = try ReadableFile(path: path)
      compared.insert(TensorName(name))
      if let size = file.byteCount, size != found.size {
        return ProjectFinding(
          "changed", of: .signature,
          "expected \(size.grouped) bytes as in \(shown), found \(found.size.grouped)")
      }
      var start = 0
      for part in file.parts {
        let end = part.end ?? found.size
        let digest = try found.sha256(in: start..<end, progress: progress)
        if digest != part.sha256 {
          let place = file.parts.count == 1 ? "" : " of bytes \(start.grouped) to \(end.grouped)"
          return ProjectFinding(
            "changed", of: .signature,
            "expected SHA-256 \(part.sha256.short)\(place) as in \(shown), found \(digest.short)")
        }
        start = end
      }
      return nil
    } catch {
      return ProjectFinding(
        unexamined: "file", of: .signature, "expected a file to compare with \(shown), found: \(error)")
    }
  }

  /// Adds findings to the verdicts on the same paths, and verdicts on paths that have none.
  private func joined(
    _ verdicts: [FileVerdict], _ findings: [(path: String, finding: ProjectFinding?)]
  ) -> [FileVerdict] {
    var verdicts = verdicts
    let places = Dictionary(
      verdicts.enumerated().map { (TensorName($0.element.path), $0.offset) },
      uniquingKeysWith: { first, _ in first })
    for (path, finding) in findings {
      guard let finding else { continue }
      if let place = places[TensorName(path)], let verdict = verdicts[place].adding(finding) {
        verdicts[place] = verdict
      } else {
        verdicts.append(FileVerdict(path: path, kind: nil, finding))
      }
    }
    return verdicts
  }
}
