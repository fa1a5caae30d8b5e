internal import ByteFiles
internal import FlatFormats
internal import Tensors
internal import UnitModel
internal import Validation

/// Applies the entries of a project's document to one file, or to one set of shards.
struct ProjectChecks {
  private let project: Project
  private let subject: ProjectSubject
  /// The paths of the file or set relative to the document's folder.
  private let relative: [TensorName: String]
  /// The entries that apply, with their numbers.
  private let entries: [Project.NumberedEntry]
  /// The names of the tensors; nil if they are unknown.
  private let names: [TensorName: Int]?
  private var counts: ProjectCounts
  /// How many more names get the nearest one, for which each name of the file is compared.
  private var suggestionsLeft = 5

  /// The most findings of one rule about tensors. A model with ten thousand wrong dtypes has one fault.
  private static let findingLimit = 20

  init(_ project: Project, _ subject: ProjectSubject) {
    self.project = project
    self.subject = subject
    relative = Dictionary(
      subject.paths.compactMap { path in project.place.relative(path).map { (TensorName(path), $0) } },
      uniquingKeysWith: { first, _ in first })
    entries = project.entries(for: subject.paths)
    names = subject.tensors.map { specs in
      Dictionary(
        specs.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { first, _ in first })
    }
    counts = ProjectCounts(subject, entries.flatMap(\.entry.counts))
  }

  /// The findings of each entry, in the order of its keys in the guide.
  mutating func findings() -> [ProjectFinding] {
    var findings: [ProjectFinding] = []
    for (number, entry) in entries {
      let place = "\(project.path): files[\(number)]"
      let ofFiles = size(entry, place) + digest(entry, place)
      if case .left = subject.contents {
        findings += ofFiles
        continue
      }
      findings += formats(entry, place) + ofFiles
      let unexamined = unexamined(entry, place)
      findings += unexamined
      if unexamined.isEmpty {
        findings += dtypes(entry, place) + required(entry, place) + forbidden(entry, place)
        findings += counts.findings(entry.counts, place)
      }
      findings += values(entry, place, number) + globals(entry, place, number)
    }
    return findings
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
    relative[TensorName(path)].map(entry.match.matches) ?? false
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
      do {
        guard let found = try subject.digest(of: path) else {
          return ProjectFinding(
            unexamined: "sha256", file: path,
            "expected a file with a digest, found a folder (\(place).sha256)")
        }
        if found.sha256 == digest { return nil }
        return ProjectFinding(
          "sha256", file: path, "expected SHA-256 \(digest), found \(found.sha256) (\(place).sha256)")
      } catch {
        return ProjectFinding(
          unexamined: "sha256", file: path, "expected a file to read, found: \(error) (\(place).sha256)")
      }
    }
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

  private mutating func required(_ entry: ProjectDocument.Entry, _ place: String) -> [ProjectFinding] {
    guard let specs = subject.tensors else { return [] }
    var findings: [ProjectFinding] = []
    var missing: [(pattern: NamePattern, place: String)] = []
    for (number, pattern) in entry.required.enumerated() {
      let place = "\(place).required[\(number)]"
      let matched = matched(pattern.match, specs)
      if matched.isEmpty { missing.append((pattern.match, place)) }
      findings += limited(matched.filter { !pattern.fits($0) }, "required", place) { spec in
        "expected \(pattern.form), found \(Self.form(of: spec, as: pattern)) (\(place))"
      }
    }
    var absent: [ProjectFinding] = []
    for (pattern, place) in missing.prefix(Self.findingLimit) {
      let quoted = TensorName(pattern.text).quoted
      absent.append(
        ProjectFinding(
          "required",
          pattern.isLiteral
            ? "expected tensor \(quoted), found none\(near(pattern.text, specs)) (\(place))"
            : "expected a tensor that \(quoted) matches, found none (\(place))"))
    }
    if missing.count > absent.count {
      absent.append(
        ProjectFinding(
          "required",
          "expected \((missing.count - absent.count).grouped) more tensors, found none of them (\(place).required)"
        ))
    }
    return absent + findings
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

  private mutating func near(_ name: String, _ specs: [TensorSpec]) -> String {
    guard suggestionsLeft > 0 else { return "" }
    suggestionsLeft -= 1
    return DocumentError.near(name, among: specs.lazy.map(\.name.text))
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
    guard !subject.hasOtherNonFiniteSeverity, let strictest = Project.strictest(entries),
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
        Project.lists($0.name, canRunCode: $0.canRunCode, entries) == number
      })
    else { return [] }
    return [
      ProjectFinding(
        "allow-globals", severity: .note,
        "expected --project \(project.path) to accept \(TensorName(global.name).quoted): a "
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
