import TestSupport
import Testing

@testable import Planning
@testable import Validation

@Suite("Folders of models")
struct ModelFolderTests {
  private func findings(_ copy: ModelFolderCopy) -> [Finding] {
    FolderValidation.check(folder: copy.path, ValidationOptions()).flatMap(\.findings)
  }

  @Test("every folder that transformers wrote has nothing worse than notes")
  func written() throws {
    let names = try ModelFolderCopy.names
    #expect(names.count == 51)
    for name in names {
      let copy = try ModelFolderCopy(of: name)
      let verdicts = FolderValidation.check(folder: copy.path, ValidationOptions())
      let worse = verdicts.flatMap(\.findings).filter { $0.severity > .note }
      #expect(worse == [], "\(name)")
      // Nothing was left unexamined, so the comparison took place.
      #expect(!verdicts.flatMap(\.findings).contains { $0.rule == .unexamined }, "\(name)")
      #expect(verdicts.contains { $0.path.hasSuffix("/config.json") && $0.state == .checked }, "\(name)")
    }
  }

  @Test(
    "each defect is one finding of its rule, with file, place, expected and found",
    arguments: BrokenFolder.all)
  func broken(folder: BrokenFolder) throws {
    let copy = try ModelFolderCopy(of: folder.model)
    try folder.make(copy)
    let findings = findings(copy)
    let own = findings.filter { finding in
      finding.rule == folder.rule && finding.severity == folder.severity
        && folder.words.allSatisfy { "\(finding.file): \(finding.location): \(finding.message)".contains($0) }
    }
    let text = findings.map { "\($0.severity) \($0.rule): \($0.file): \($0.location): \($0.message)" }
    #expect(!own.isEmpty, "\(text)")
    #expect(own.allSatisfy { $0.file.hasPrefix(copy.path) && !$0.message.contains(copy.path) })
  }

  @Test("the table of defects is complete")
  func count() {
    #expect(BrokenFolder.all.count >= 90)
    #expect(Set(BrokenFolder.all.map(\.testDescription)).count == BrokenFolder.all.count)
  }

  @Test(
    "folders as they are in the wild have nothing worse than notes", arguments: BrokenFolder.sound.indices)
  func sound(number: Int) throws {
    let (label, model, make) = BrokenFolder.sound[number]
    let copy = try ModelFolderCopy(of: model)
    try make(copy)
    #expect(findings(copy).filter { $0.severity > .note } == [], "\(label)")
  }

  @Test("what is not compared is said")
  func unexamined() throws {
    let expected = [
      "an unknown model_type": "found 'nova'", "quantised": "the weights are quantised",
      "no model_type": "expected model_type", "no FFN width": "no number for n_inner",
      "an infinite number": "only Python reads", "only an encoder": "'decoder.block.{}.'",
      "weights under another name": "beside it, found none",
    ]
    var seen = 0
    for (label, model, make) in BrokenFolder.sound {
      guard let words = expected[label] else { continue }
      let copy = try ModelFolderCopy(of: model)
      try make(copy)
      let text = findings(copy).filter { $0.rule == .unexamined }.map(\.message)
      #expect(text.contains { $0.contains(words) }, "\(label): \(text)")
      seen += 1
    }
    #expect(seen == expected.count)
  }

  /// The keys of config.json that an architecture's document names, with the object that has each.
  private func keys(_ architecture: Architecture) -> Set<[String]> {
    var keys: Set<[String]> = []
    func add(_ key: String?, _ object: String?) {
      if let key { keys.insert(object.map { [$0, key] } ?? key.split(separator: ".").map(String.init)) }
    }
    for group in architecture.groups {
      for key in [
        group.widthKey, group.timesKey, group.heads?.countKey, group.heads?.keyCountKey,
        group.heads?.widthKey,
      ] { add(key, group.object) }
    }
    for layers in architecture.layers { add(layers.countKey, layers.object) }
    for rows in architecture.rows + architecture.embeddings {
      for key in rows.terms.joined().joined() { add(key, nil) }
    }
    return keys
  }

  @Test("another number under any key that a document names is found")
  func everyKey() throws {
    // Every layer has experts, so no tensor has the width of a dense layer.
    let unused: Set<[String]> = [["qwen2_moe", "intermediate_size"], ["qwen3_moe", "intermediate_size"]]
    var changed = 0
    for name in try ModelFolderCopy.names {
      let copy = try ModelFolderCopy(of: name)
      var type = ""
      try copy.change { type = $0["model_type"] as? String ?? "" }
      let architecture = try #require(Architecture.all.first { $0.modelTypes.contains(type) })
      for key in keys(architecture).sorted(by: { "\($0)" < "\($1)" }) {
        let other = try ModelFolderCopy(of: name)
        var isThere = false
        try other.change { document in
          var inner = key.count == 1 ? document : document[key[0]] as? [String: Any] ?? [:]
          guard let number = inner[key.last ?? ""] as? Int else { return }
          isThere = true
          inner[key.last ?? ""] = number + 1
          document = key.count == 1 ? inner : document.merging([key[0]: inner]) { $1 }
        }
        if !isThere { continue }
        changed += 1
        let found = findings(other).filter { $0.rule == .configuration && $0.severity == .error }
        #expect(found.isEmpty == unused.contains([name] + key), "\(name): \(key)")
      }
    }
    #expect(changed >= 300)
  }
}
