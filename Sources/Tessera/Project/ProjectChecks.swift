internal import ByteFiles
internal import FlatFormats
internal import Tensors
internal import UnitModel
internal import Validation

/// Applies the entries of a project's document to one file, or to one set of shards.
struct ProjectChecks {
  private let project: Project
  private let subject: ProjectSubject
  /// The names of the tensors; nil if they are unknown.
  private let names: [TensorName: Int]?

  /// The most findings of one rule about tensors. A model with ten thousand wrong dtypes has one fault.
  private static let findingLimit = 20

  init(_ project: Project, _ subject: ProjectSubject) {
    self.project = project
    self.subject = subject
    names = subject.tensors.map { specs in
      Dictionary(
        specs.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { first, _ in first })
    }
  }

  /// The findings of one entry, in the order of its keys in the guide.
  func findings(_ entry: ProjectDocument.Entry, number: Int) -> [ProjectFinding] {
    let place = "\(SystemPath.bareName(of: project.path)): files[\(number)]"
    let ofFiles = size(entry, place) + digest(entry, place)
    if case .left = subject.contents { return ofFiles }
    let unexamined = unexamined(entry, place)
    return formats(entry, place) + ofFiles
      + (unexamined.isEmpty
        ? dtypes(entry, place) + required(entry, place) + forbidden(entry, place)
          + ProjectCounts(subject, place).findings(entry.counts)
        : unexamined)
      + values(entry, place, number) + globals(entry, place, number)
  }

  // MARK: Files

  private func formats(_ entry: ProjectDocument.Entry, _ place: String) -> [ProjectFinding] {
    guard let formats = entry.formats else { return [] }
    // An entry about the shards, not about their index, means the format of a shard.
    let isOfShards =
      subject.kind == FlatFormatKind.shardedSafetensors.rawValue
      && !(matches(entry, subject.path) || matches(entry, folder))
    let kind = isOfShards ? FlatFormatKind.safetensors.rawValue : subject.kind
    if let kind, formats.contains(kind) { return [] }
    return [
      ProjectFinding(
        "formats",
        "expected format \(Self.alternatives(formats)), found \(kind ?? subject.found) (\(place).formats)")
    ]
  }

  private var folder: String { DocumentFile.path(".", beside: subject.path) }

  private func matches(_ entry: ProjectDocument.Entry, _ path: String) -> Bool {
    project.relative(path).map(entry.match.matches) ?? false
  }

  /// The files of the set that the entry is about: those that it matches, or all if it matches the index or the folder.
  private func files(_ entry: ProjectDocument.Entry) -> [String] {
    let matched = subject.files.filter { matches(entry, $0) }
    return matched.isEmpty || matched == [subject.path] ? subject.files : matched
  }

  private func size(_ entry: ProjectDocument.Entry, _ place: String) -> [ProjectFinding] {
    guard let limit = entry.largestFile else { return [] }
    return files(entry).compactMap { path in
      guard
        let size = path == subject.path ? subject.file?.size ?? SystemPath.size(path) : SystemPath.size(path)
      else {
        return ProjectFinding(
          unexamined: "largest-file", file: path,
          "expected the size of the file, found none (\(place).largest-file)")
      }
      if size <= limit { return nil }
      return ProjectFinding(
        "largest-file", file: path,
        "expected at most \(limit.grouped) bytes, found \(size.grouped) (\(place).largest-file)")
    }
  }

  private func digest(_ entry: ProjectDocument.Entry, _ place: String) -> [ProjectFinding] {
    guard let digest = entry.sha256 else { return [] }
    guard subject.isDeep else { return [notRead("sha256", place)] }
    // A set has one digest for each file, so only a file that the pattern matches is meant.
    let matched = subject.files.filter { matches(entry, $0) }
    return (matched.isEmpty ? [subject.path] : matched).compactMap { path in
      let found: SHA256Digest
      do {
        guard let file = try Self.open(path, of: subject) else {
          return ProjectFinding(
            unexamined: "sha256", file: path,
            "expected a file with a digest, found a folder (\(place).sha256)")
        }
        found = try Self.digest(of: file)
      } catch {
        return ProjectFinding(
          unexamined: "sha256", file: path, "expected a file to read, found: \(error) (\(place).sha256)")
      }
      if found == digest { return nil }
      return ProjectFinding(
        "sha256", file: path, "expected SHA-256 \(digest), found \(found) (\(place).sha256)")
    }
  }

  /// The file at a path, which is open already.
  static func open(_ path: String, of subject: ProjectSubject) throws -> ReadableFile? {
    if let file = subject.file, file.path == path { return file }
    guard case .flat(let source) = subject.contents else { return nil }
    if let shard = try FlatFormats.shard(at: path, of: source) { return shard }
    // The external data of an ONNX model.
    return source.kind == .onnx && source.files.contains(path) ? try ReadableFile(path: path) : nil
  }

  /// The digest of a file, or of a range of its bytes.
  ///
  /// - Parameter progress: called with the bytes of each piece.
  static func digest(
    of file: ReadableFile, in range: Range<Int>? = nil, progress: (Int) -> Void = { _ in }
  ) throws(FileError) -> SHA256Digest {
    let hasher = SHA256Hasher()
    let range = range ?? 0..<file.size
    for start in stride(from: range.lowerBound, to: range.upperBound, by: 1 << 20) {
      let count = min(1 << 20, range.upperBound - start)
      hasher.update(try file.bytes(at: start, count: count))
      progress(count)
    }
    return hasher.finish()
  }

  // MARK: Tensors

  /// The rules that cannot be applied, because the tensors are unknown; a damaged file must not pass silently.
  private func unexamined(_ entry: ProjectDocument.Entry, _ place: String) -> [ProjectFinding] {
    guard case .none(let why) = subject.contents else { return [] }
    let keys = [
      ("dtypes", entry.dtypes != nil), ("required", !entry.required.isEmpty),
      ("forbidden", !entry.forbidden.isEmpty), ("counts", !entry.counts.isEmpty),
      ("non-finite", entry.nonFinite?.severity != nil && subject.isDeep),
    ]
    return keys.filter(\.1).map { key, _ in
      ProjectFinding(
        unexamined: key, "expected tensors to apply a rule to, found \(why): \(place).\(key) is not checked")
    }
  }

  private func dtypes(_ entry: ProjectDocument.Entry, _ place: String) -> [ProjectFinding] {
    guard let dtypes = entry.dtypes, let specs = subject.tensors else { return [] }
    let expected = Self.alternatives(dtypes.map(\.rawValue))
    return limited(specs.lazy.filter { !dtypes.contains($0.dtype) }, "dtypes", place) { spec in
      "expected dtype \(expected), found \(spec.dtype.rawValue) (\(place).dtypes)"
    }
  }

  private func required(_ entry: ProjectDocument.Entry, _ place: String) -> [ProjectFinding] {
    guard let specs = subject.tensors else { return [] }
    return entry.required.enumerated().flatMap { number, pattern in
      let place = "\(place).required[\(number)]"
      let matched = matched(pattern.match, specs)
      if matched.isEmpty {
        return [
          ProjectFinding(
            "required",
            pattern.match.isLiteral
              ? "expected tensor \(TensorName(pattern.match.text).quoted), found none\(near(pattern.match.text, specs)) (\(place))"
              : "expected a tensor that \(TensorName(pattern.match.text).quoted) matches, found none (\(place))"
          )
        ]
      }
      return limited(matched.filter { !pattern.fits($0) }, "required", place) { spec in
        "expected \(pattern.form), found \(Self.form(of: spec, as: pattern)) (\(place))"
      }
    }
  }

  private func forbidden(_ entry: ProjectDocument.Entry, _ place: String) -> [ProjectFinding] {
    guard let specs = subject.tensors else { return [] }
    return entry.forbidden.enumerated().flatMap { number, pattern in
      let place = "\(place).forbidden[\(number)]"
      let form = pattern.form.isEmpty ? "" : " with \(pattern.form)"
      return limited(matched(pattern.match, specs).filter(pattern.fits), "forbidden", place) { _ in
        "expected no tensor that \(TensorName(pattern.match.text).quoted) matches\(form), found this one (\(place))"
      }
    }
  }

  private func matched(_ pattern: NamePattern, _ specs: [TensorSpec]) -> [TensorSpec] {
    if pattern.isLiteral { return names?[TensorName(pattern.text)].map { [specs[$0]] } ?? [] }
    return specs.filter { pattern.match($0.name.text) != nil }
  }

  private func near(_ name: String, _ specs: [TensorSpec]) -> String {
    ProjectError.near(name, among: specs.lazy.map(\.name.text))
  }

  /// One finding for each tensor, up to a limit, and one for the others.
  private func limited(
    _ specs: some Sequence<TensorSpec>, _ key: String, _ place: String, _ message: (TensorSpec) -> String
  ) -> [ProjectFinding] {
    var findings: [ProjectFinding] = []
    var rest = 0
    for spec in specs {
      if findings.count < Self.findingLimit {
        findings.append(ProjectFinding(key, at: "tensor \(spec.name.quoted)", message(spec)))
      } else {
        rest += 1
      }
    }
    if rest > 0 {
      findings.append(
        ProjectFinding(
          key, "found \(rest.grouped) more \(rest == 1 ? "tensor" : "tensors") like these (\(place))"))
    }
    return findings
  }

  private static func form(of spec: TensorSpec, as pattern: ProjectDocument.TensorPattern) -> String {
    [
      pattern.shape.map { _ in "shape \(spec.shape)" },
      pattern.dtype.map { _ in "dtype \(spec.dtype.rawValue)" },
    ].compactMap(\.self).joined(separator: " and ")
  }

  // MARK: Values and names

  private func values(_ entry: ProjectDocument.Entry, _ place: String, _ number: Int) -> [ProjectFinding] {
    guard entry.nonFinite?.severity != nil else { return [] }
    guard subject.isDeep else { return [notRead("non-finite", place)] }
    // Of several entries, only the strictest reports, so that each tensor is reported once; a severity from the
    // command line takes the place of all of them.
    guard !subject.hasOtherNonFiniteSeverity, let strictest = project.strictest(subject.paths),
      strictest.number == number, let severity = strictest.gate.severity
    else { return [] }
    return subject.nonFinite().map { spec, words in
      ProjectFinding(
        "non-finite", severity: severity, at: "tensor \(spec.name.quoted)",
        "expected finite values, found \(words) (\(place).non-finite)")
    }
  }

  private func globals(_ entry: ProjectDocument.Entry, _ place: String, _ number: Int) -> [ProjectFinding] {
    if project.isNamed || entry.allowGlobals == nil { return [] }
    guard
      let global = subject.globals.first(where: {
        project.lists($0.name, canRunCode: $0.canRunCode, in: subject.paths) == number
      })
    else { return [] }
    return [
      ProjectFinding(
        "allow-globals", severity: .note,
        "expected --project \(SystemPath.bareName(of: project.path)) to accept \(TensorName(global.name).quoted): a "
          + "document that was found may have come with the file (\(place).allow-globals)")
    ]
  }

  private func notRead(_ key: String, _ place: String) -> ProjectFinding {
    ProjectFinding(key, severity: .note, "expected --deep to read all bytes: \(place).\(key) is not checked")
  }

  static func alternatives(_ words: [String]) -> String {
    words.count < 2
      ? words.joined() : words.dropLast().joined(separator: ", ") + " or " + words[words.count - 1]
  }
}
