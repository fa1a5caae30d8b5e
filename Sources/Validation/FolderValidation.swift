internal import ByteFiles
internal import FlatFormats
internal import Tensors
internal import UnitCheckpoints

/// Applies all rules to a folder: to each set of shards, and to each other file. Files of other kinds are only named.
package struct FolderValidation {
  private let options: ValidationOptions
  private let progress: (Int) -> Void
  /// Called before each file; if it returns true, the remaining files are not checked.
  private let isCancelled: () -> Bool
  private var verdicts: [FileVerdict] = []
  private let documents = OpenedDocuments()

  /// Whether `path` is that of a folder.
  package static func isFolder(_ path: String) -> Bool { FlatFormats.isFolder(path) }

  /// A verdict for every file in the folder and the folders in it, sorted by folder and name.
  package static func check(
    folder path: String, _ options: ValidationOptions, isCancelled: @escaping () -> Bool = { false },
    progress: @escaping (Int) -> Void = { _ in }
  ) -> [FileVerdict] {
    var validation = FolderValidation(options: options, isCancelled: isCancelled, progress: progress)
    do throws(FileError) { try validation.check(path) } catch {
      validation.verdicts.append(FileVerdict(path: path, failure: "\(error)"))
    }
    return validation.verdicts.map { $0.adjusted(options) }
  }

  private init(
    options: ValidationOptions, isCancelled: @escaping () -> Bool, progress: @escaping (Int) -> Void
  ) {
    self.options = options
    self.isCancelled = isCancelled
    self.progress = progress
  }

  private mutating func check(_ path: String) throws(FileError) {
    let listing = try FolderListing(path)
    for folder in listing.folders { check(folder) }
    checkModels(listing)
    for (path, why) in listing.left { leave(path, why) }
    let isIdle = verdicts.allSatisfy { if case .left = $0.state { true } else { false } }
    guard isIdle else { return }
    let names = verdicts.prefix(3).map { "'\($0.path)'" }.joined(separator: ", ")
    verdicts.append(
      FileVerdict(
        path: path,
        failure: "\(path): folder: expected a file that can be checked, found "
          + (verdicts.isEmpty
            ? "an empty folder"
            : "\(verdicts.count) \(verdicts.count == 1 ? "file" : "files") of other kinds: \(names)\(verdicts.count > 3 ? ", …" : "")")
      ))
  }

  private mutating func check(_ folder: FolderListing.Folder) {
    let sets = FolderSets(folder.files, in: folder.path, open: documents.file)
    // File names are compared by their bytes, as the file system does.
    let present = Set(folder.files.map { TensorName($0) })
    let hasLeftovers = AtomicFileSet.hasLeftovers(in: folder.path)
    var found: [TensorName: [FileVerdict]] = [:]
    var members: Set<TensorName> = []
    for index in sets.indexes {
      let shards = index.shards.filter {
        present.contains(TensorName($0)) && !members.contains(TensorName($0))
      }
      members.formUnion(shards.map { TensorName($0) })
      found[TensorName(index.name)] = checkSet(
        folder.path(of: index.name), shards: shards.map(folder.path(of:)))
    }
    for set in sets.distributed {
      if isCancelled() { return }
      members.formUnion(set.parts.map { TensorName($0) })
      found[TensorName(set.name)] = checkWhole(
        folder.path(of: set.name), parts: set.parts.map(folder.path(of:)), called: "a part of")
    }
    if let first = sets.ranks.first {
      members.formUnion(sets.ranks.map { TensorName($0) })
      found[TensorName(first)] = checkRanks(sets.ranks, in: folder)
    }
    for bundle in sets.bundles {
      if isCancelled() { return }
      members.formUnion(bundle.parts.map { TensorName($0) })
      found[TensorName(bundle.name)] = checkWhole(
        folder.path(of: bundle.name), parts: bundle.parts.map(folder.path(of:)), called: "the data of")
    }
    for set in sets.unindexed {
      if isCancelled() { return }
      members.formUnion(set.names.map { TensorName($0) })
      guard let first = set.names.first else { continue }
      found[TensorName(first)] = checkUnindexed(
        set, in: folder.path, hasIndex: !sets.indexes.isEmpty, hasLeftovers: hasLeftovers,
        path: folder.path(of:))
    }
    if !hasLeftovers, let finding = ambiguity(of: sets, in: folder.path) {
      verdicts.append(
        FileVerdict(
          path: folder.path,
          kind: (sets.isTorn ? FlatFormatKind.dcp : .shardedSafetensors).rawValue, tensorCount: nil,
          findings: [finding], rules: [.shards]))
    }
    for name in folder.files where found[TensorName(name)] == nil {
      let parts = parts(ofSet: folder.path(of: name)).filter { present.contains($0) && !members.contains($0) }
      if parts.isEmpty { continue }
      if isCancelled() { return }
      members.formUnion(parts)
      found[TensorName(name)] = checkWhole(
        folder.path(of: name), parts: parts.map { folder.path(of: $0.text) }, called: "a part of")
    }
    let strays = Set(sets.indexes.isEmpty ? [] : sets.unnamed.map { TensorName(folder.path(of: $0)) })
    for name in folder.files {
      if isCancelled() { return }
      let known = found[TensorName(name)]
      if known == nil, members.contains(TensorName(name)) { continue }
      verdicts += (known ?? [checkFile(folder.path(of: name))]).map { verdict in
        strays.contains(TensorName(verdict.path)) ? verdict.with(stray(verdict.path)) : verdict
      }
    }
  }

  /// The names of the files of a set of checkpoints, or of Keras's weights, if the file at `path` is their list.
  private func parts(ofSet path: String) -> [TensorName] {
    guard path.utf8.suffix(5).elementsEqual(".json".utf8), let file = try? documents.file(path) else {
      return []
    }
    if CheckpointSet.isList(file) {
      return ((try? CheckpointSet.entries(file))?.parts ?? []).map { TensorName($0.name) }
    }
    return FlatFormats.parts(ofKerasIndex: file).map { TensorName($0) }
  }

  /// Applies the rules for a model's files together, and adds their findings to the verdicts on the files.
  private mutating func checkModels(_ listing: FolderListing) {
    let rules = RuleID.allCases.filter { $0.subjects.contains(.folder) }
    let below = Dictionary(grouping: listing.folders.dropFirst().map(\.path), by: SystemPath.folder)
    let places = Dictionary(
      verdicts.enumerated().map { (TensorName($0.element.path), $0.offset) }, uniquingKeysWith: { a, _ in a })
    let tensors = places.compactMapValues { verdicts[$0].tensors }
    for folder in listing.folders {
      if isCancelled() { return }
      let inside = Set((below[folder.path] ?? []).map { TensorName(SystemPath.bareName(of: $0)) })
      guard
        let subject = FolderSubject(
          folder.path, files: folder.files, folders: inside, documents: documents, tensors: tensors,
          options: options)
      else { continue }
      let byRules = rules.flatMap { $0.rule.findings(in: subject) }
      let found = Dictionary(grouping: subject.problems + byRules, by: { TensorName($0.file) })
      let files = Set(found.keys).union(subject.examined.map { TensorName(subject.path($0.text)) })
      for file in files.sorted() {
        guard let place = places[file] else { continue }
        if case .left = verdicts[place].state {
          verdicts[place] = FileVerdict(
            path: file.text, kind: "json", tensorCount: nil, isDeep: true,
            findings: verdicts[place].findings.filter(\.rule.isOfProject), rules: rules)
        }
        verdicts[place] = (found[file] ?? []).reversed().reduce(verdicts[place]) { $0.with($1) }
      }
    }
  }

  /// The finding on several indexes, or on a complete set of shards beside other weights without an index: each file may
  /// be sound, but no command opens the folder.
  private func ambiguity(of sets: FolderSets, in folder: String) -> Finding? {
    let isComplete = !sets.unindexed.isEmpty && sets.unindexed.allSatisfy(\.missing.isEmpty)
    let isBeside = !sets.distributed.isEmpty && (!sets.indexes.isEmpty || !sets.unnamed.isEmpty)
    guard sets.indexes.count > 1 || sets.indexes.isEmpty && isComplete || sets.isTorn || isBeside,
      case .broken(let defect, _, _, let expected, let found)? = FlatFormats.refusal(ofFolder: folder)
    else { return nil }
    return Finding(
      .shards, sets.isTorn ? .error : options.strict ? .warning : .note, file: folder, location: "",
      message: "expected \(expected), found \(found); no command opens the folder as one model",
      defect: defect.id)
  }

  /// The finding on weights that no index in the folder names: a command that gets the folder leaves them out.
  private func stray(_ path: String) -> Finding {
    let isPreferred = SystemPath.bareName(of: path) == FolderSubject.single
    return Finding(
      .shards, options.strict || isPreferred ? .warning : .note, file: path, location: "",
      message: "expected a file that the folder's index names, found one that is left out of the folder's "
        + "weights" + (isPreferred ? "; transformers loads it, and not the files of the index" : ""),
      defect: FlatFormatRule.leftOut.rawValue)
  }

  /// The verdicts on an index and its shards. If the set cannot be opened, each shard is checked by itself.
  private func checkSet(
    _ index: String, shards: [String]
  ) -> [FileVerdict] {
    let whole = checkFile(index)
    guard case .checked = whole.state, whole.tensorCount != nil else {
      return torn(Self.distributed(whole, over: shards.map { checkFile($0, .ofDamagedSet) }))
    }
    return Self.distributed(
      whole,
      over: shards.map {
        FileVerdict(
          path: $0, kind: FlatFormatKind.safetensors.rawValue, tensorCount: nil, isDeep: options.deep,
          findings: [], rules: whole.rules)
      })
  }

  /// The verdicts on a file, and on those that it describes and that are nothing without it.
  ///
  /// - Parameter role: the words before the name of the first file: "a part of".
  private func checkWhole(_ first: String, parts: [String], called role: String) -> [FileVerdict] {
    let whole = checkFile(first)
    guard case .checked = whole.state else {
      return [whole] + parts.map { FileVerdict(path: $0, left: "\(role) '\(first)'") }
    }
    let all = Self.distributed(whole, over: parts.map { part($0, of: whole) })
    guard options.adjusted(whole.findings).contains(where: { $0.severity == .error }) else { return all }
    // The error may be in any part, so no part is called sound.
    return all.prefix(1)
      + all.dropFirst().map { verdict in
        verdict.findings.isEmpty
          ? FileVerdict(path: verdict.path, left: "\(role) '\(first)', which has errors") : verdict
      }
  }

  /// The verdicts on a distributed checkpoint in safetensors and on the files of its ranks.
  private func checkRanks(_ names: [String], in folder: FolderListing.Folder) -> [FileVerdict] {
    let paths = names.map(folder.path(of:))
    let (source, errors) = FlatFormats.examine(ranks: names, inFolder: folder.path)
    do throws(UncheckableFile) {
      let whole = try FlatValidation(setAt: folder.path, files: paths, kind: .dcp, options)
        .verdict(source, errors, progress: progress)
      return Self.distributed(whole, over: paths.map { part($0, of: whole) })
    } catch {
      return [FileVerdict(path: folder.path, failure: "\(error)")]
        + paths.map { FileVerdict(path: $0, left: "the pieces of one rank") }
    }
  }

  /// The verdict on a file that has only pieces, without findings of its own.
  private func part(_ path: String, of whole: FileVerdict) -> FileVerdict {
    FileVerdict(
      path: path, kind: whole.kind, tensorCount: nil, isDeep: options.deep, findings: [], rules: whole.rules)
  }

  /// If a shard has errors, adds a finding to the index, because an index depends on its shards.
  private func torn(_ verdicts: [FileVerdict]) -> [FileVerdict] {
    guard let index = verdicts.first,
      !options.adjusted(index.findings).contains(where: { $0.severity == .error })
    else { return verdicts }
    let damaged = verdicts.dropFirst().filter { shard in
      options.adjusted(shard.findings).contains { $0.severity == .error }
    }
    guard let first = damaged.first else { return verdicts }
    let rest = damaged.count == 1 ? "" : " and \(damaged.count - 1) more"
    let finding = Finding(
      .shards, file: index.path, location: "",
      message: "expected sound shards, found errors in '\(first.path)'\(rest)")
    return [index.with(finding)] + verdicts.dropFirst()
  }

  /// The verdicts on numbered files without an index; they are a set if none is missing.
  private func checkUnindexed(
    _ set: (names: [String], missing: [String]), in folder: String, hasIndex: Bool, hasLeftovers: Bool,
    path: (String) -> String
  ) -> [FileVerdict] {
    let torn = hasLeftovers && !hasIndex
    let part = hasIndex ? PartOfSet.no : torn || !set.missing.isEmpty ? .ofDamagedSet : .ofSoundSet
    let each = set.names.map { checkFile(path($0), part) }
    func finding(_ severity: Severity, _ expected: String, _ found: String) -> Finding {
      Finding(
        .shards, severity, file: folder, location: "",
        message: "expected \(expected), found \(found)", defect: FlatFormatRule.shardsMissingShard.rawValue)
    }
    var findings: [Finding] = []
    if torn {
      findings.append(
        finding(.error, "a complete set, or its index", "the files of a stopped conversion"))
    }
    if !set.missing.isEmpty {
      // If there is an index, each file is already reported as one that the index does not name.
      if hasIndex { return each }
      let names = set.missing.map { "'\($0)'" }.joined(separator: ", ")
      findings.append(
        finding(.error, "every shard of the set of '\(set.names.first ?? "")'", "none named \(names)"))
    } else if findings.isEmpty {
      let (source, errors) = FlatFormats.examine(set: set.names, inFolder: folder)
      do throws(UncheckableFile) {
        let whole = try FlatValidation(setAt: folder, files: set.names.map(path), options).verdict(
          source, errors, progress: { _ in })
        let known = each.flatMap(\.findings)
        findings = whole.findings.filter { !known.contains($0) }
      } catch {
        return each + [FileVerdict(path: folder, failure: "\(error)")]
      }
    }
    if findings.isEmpty { return each }
    return [
      FileVerdict(
        path: folder, kind: FlatFormatKind.shardedSafetensors.rawValue, tensorCount: nil, findings: findings,
        rules: RuleID.allCases.filter { rule in rule == .shards || findings.contains { $0.rule == rule } })
    ] + each
  }

  /// Moves findings to the shards that they are about; each is moved once.
  private static func distributed(_ whole: FileVerdict, over shards: [FileVerdict]) -> [FileVerdict] {
    var rest = whole.findings
    let given = shards.map { shard in
      let own = rest.filter { $0.file == shard.path && !shard.findings.contains($0) }
      rest.removeAll { $0.file == shard.path }
      guard case .checked = shard.state, !own.isEmpty else { return shard }
      return FileVerdict(
        path: shard.path, kind: shard.kind, tensorCount: shard.tensorCount, isDeep: shard.isDeep,
        findings: own + shard.findings,
        rules: RuleID.allCases.filter { shard.rules.contains($0) || own.map(\.rule).contains($0) })
    }
    guard case .checked = whole.state else { return [whole] + given }
    return [
      whole.with(rest)
    ] + given
  }

  /// - Parameter part: what the file is to a set, which has the project's rules in its place.
  private func checkFile(_ path: String, _ part: PartOfSet = .no) -> FileVerdict {
    if let output = options.output, FileIdentity(path: path) == output {
      return FileVerdict(path: path, left: "the file that is written")
    }
    var options = options
    options.part = part
    let file: ReadableFile
    do throws(FileError) { file = try documents.file(path) } catch {
      return FileVerdict(path: path, failure: "\(error)")
    }
    do throws(UncheckableFile) { return try FileValidation.check(file, options, progress: progress) } catch {
      switch error {
      case .file: return FileVerdict(path: path, failure: "\(error)")
      case .source: return FileVerdict(path: path, failure: "\(error)")
      case .flat(let flat) where flat.defect == nil: return FileVerdict(path: path, failure: "\(error)")
      case .checkpoint(CheckpointError.file), .checkpoint(CheckpointError.unknownVersion):
        return FileVerdict(path: path, failure: "\(error)")
      case .notRecognised: return left(file, FlatFormats.contentInWords(file))
      case .checkpoint(CheckpointError.notACheckpoint): return left(file, "HDF5 of another kind")
      case .checkpoint, .flat: return left(file, Self.sentence(error, without: path))
      }
    }
  }

  private static func sentence(_ error: UncheckableFile, without path: String) -> String {
    let text = "\(error)"
    return text.hasPrefix("\(path): ") ? String(text.dropFirst(path.count + 2)) : text
  }

  private mutating func leave(_ path: String, _ why: String) { verdicts.append(left(path, why)) }

  /// The verdict on an open file that is not checked, except by the rules that a project has for it.
  private func left(_ file: ReadableFile, _ why: String) -> FileVerdict {
    if options.project?.isDocument(file.path) == true {
      return FileVerdict(path: file.path, left: "the project's rules")
    }
    let verdict = left(file.path, why)
    return verdict.with(verdict.findings + ProjectRule.findings(inFile: file, options))
  }

  /// The verdict on a file that is not checked; with `--strict`, this is a finding.
  private func left(_ path: String, _ why: String) -> FileVerdict {
    let finding = Finding(
      .unexamined, .warning, file: path, location: "",
      message: "expected a file that can be checked, found one that was left out (\(why))")
    return FileVerdict(path: path, left: why, findings: options.strict ? [finding] : [])
  }
}
