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
    #expect(names.count == 120)
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
    #expect(Set(text).count == text.count, "\(text)")
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
      "no config.json": "'config.json' beside it, found none",
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

  @Test("a tensor that every layer lacks is found, whichever it is")
  func everyTensor() throws {
    var removed = 0
    for (name, model) in try Self.models {
      let (type, architecture) = (model.type, model.architecture)
      for layers in architecture.layers {
        let kinds = layers.kinds.filter { $0.types.contains(type) }.map(\.tensors)
        #expect(!kinds.isEmpty, "\(type)")
        // What only some forms of a layer have may be missing in all of them.
        let common = kinds.dropFirst().reduce(kinds.first ?? []) { $0.intersection($1) }
        #expect(common.count >= 2, "\(type)")
        for suffix in common {
          let end = suffix.split(separator: "{}.").last ?? ""
          let other = try ModelFolderCopy(of: name)
          let start = layers.pattern.prefix { $0 != "{" }
          try other.changeTensors { tensors in
            for name in tensors.keys where name.contains(start) && name.hasSuffix("." + end) {
              tensors[name] = nil
            }
          }
          removed += 1
          let found = findings(other).filter { $0.rule == .configuration && $0.severity == .error }
          #expect(
            found.contains { "\($0.location) \($0.message)".contains(end) }, "\(name): \(suffix)")
        }
      }
    }
    #expect(removed >= 1500)
  }

  @Test("a tensor outside the layers that every model of a type has is missed")
  func everyOuterTensor() throws {
    var removed = 0
    for (name, model) in try Self.models {
      let outside = model.architecture.outside.filter { $0.types.contains(model.type) }
      for end in outside.flatMap(\.tensors) {
        let other = try ModelFolderCopy(of: name)
        try other.changeTensors { tensors in
          for name in tensors.keys where ".\(name)".hasSuffix(".\(end)") { tensors[name] = nil }
        }
        removed += 1
        let found = findings(other).filter { $0.rule == .configuration && $0.severity == .error }
        #expect(found.contains { $0.location.contains(end) }, "\(name): \(end)")
      }
    }
    #expect(removed >= 200, "\(removed)")
  }

  @Test("a flag with the other value is found, and so are missing tensors that a flag asks for")
  func everyFlag() throws {
    var (changed, removed, unseen) = (0, 0, 0)
    for (name, model) in try Self.models {
      for layers in model.architecture.layers {
        for flag in layers.flags where flag.types.contains(model.type) {
          let isSet = model.values[flag.key] as? Bool ?? flag.defaultValue
          let copy = try ModelFolderCopy(of: name)
          try copy.change { document in
            var values = model.values
            values[flag.key] = !isSet
            if let part = model.part { document[part] = values } else { document = values }
          }
          let found = findings(copy).filter { $0.severity > .note }
          if found.contains(where: { "\($0.location): \($0.message)".contains(flag.key) }) {
            changed += 1
          } else {
            // No layer of this form is in the folder.
            unseen += 1
          }
          if isSet != flag.value { continue }
          for suffix in flag.tensors {
            let other = try ModelFolderCopy(of: name)
            var count = 0
            try other.changeTensors { tensors in
              for name in tensors.keys where name.hasSuffix(".\(suffix)") {
                tensors[name] = nil
                count += 1
              }
            }
            if count == 0 { continue }
            removed += 1
            #expect(
              findings(other).contains { $0.severity > .note && $0.location.contains(suffix) },
              "\(name): \(suffix)")
          }
        }
      }
    }
    #expect(changed >= 80, "\(changed)")
    #expect(removed >= 60, "\(removed)")
    #expect(unseen <= 2, "\(unseen)")
  }

  @Test("the weights that a class has for its task are missed, and only those")
  func everyClass() throws {
    var (missed, complete) = (0, 0)
    for (name, model) in try Self.models where model.part == nil {
      for own in model.architecture.classes {
        let ends = own.tensors + own.untied
        let copy = try ModelFolderCopy(of: name)
        try copy.change { document in
          document["architectures"] = [own.classes[0]]
          document["tie_word_embeddings"] = false
        }
        try copy.changeTensors { tensors in
          for name in tensors.keys where ends.contains(where: { ".\(name)".hasSuffix(".\($0)") }) {
            tensors[name] = nil
          }
        }
        let found = findings(copy)
        for end in ends {
          missed += 1
          #expect(
            found.contains { $0.severity > .note && $0.location.contains(end) },
            "\(name): \(own.classes[0]): \(end)")
        }
        // A class of the same model without a task has no such weights.
        try copy.change { document in document["architectures"] = ["SomeModel"] }
        complete += 1
        #expect(
          !findings(copy).contains { finding in
            finding.severity > .note && own.tensors.contains { finding.location.contains($0) }
          }, "\(name): \(own.classes[0])")
      }
    }
    #expect(missed >= 250, "\(missed)")
    #expect(complete >= 200, "\(complete)")
  }

  @Test("a missing key is as good as the number that loaders take for it")
  func everyDefault() throws {
    var (wrong, right, unseen) = (0, 0, 0)
    for (name, model) in try Self.models {
      let original = model.values
      let defaults = try #require(model.architecture.defaults[model.type], "\(model.type)")
      for key in keys(model.architecture) where key.count == 1 {
        guard let number = original[key[0]] as? Int, let taken = defaults[key[0]] else { continue }
        let copy = try ModelFolderCopy(of: name)
        try copy.change { document in
          var values = original
          values[key[0]] = nil
          if let part = model.part { document[part] = values } else { document = values }
        }
        let found = findings(copy).filter { $0.severity > .note }
        if number == taken {
          right += 1
          #expect(found.isEmpty, "\(name): \(key)")
        } else if key[0].contains("head"), found.isEmpty {
          // Another number of heads that fits every shape.
          unseen += 1
        } else if !Self.unused.contains([name] + key) {
          wrong += 1
          #expect(
            found.contains { $0.message.contains("loaders take \(taken)") }, "\(name): \(key): \(found)")
        }
      }
    }
    #expect(wrong >= 600 && right >= 25 && unseen <= 30, "\(wrong), \(right), \(unseen)")
  }

  @Test("a key is read under any name that loaders accept")
  func everyAlias() throws {
    var renamed = 0
    for (name, model) in try Self.models where model.part == nil {
      for (alias, key) in model.architecture.aliases {
        guard let number = model.values[key] as? Int, model.values[alias] == nil else { continue }
        renamed += 1
        for (value, isRight) in [(number, true), (number + 1, false)] {
          let copy = try ModelFolderCopy(of: name)
          try copy.change {
            $0[key] = nil
            $0[alias] = value
          }
          let found = findings(copy).filter { $0.severity > .note }
          // One expert more for a token is right, too.
          #expect(found.isEmpty == (isRight || key == "moe_k"), "\(name): \(alias): \(found)")
        }
      }
    }
    #expect(renamed >= 50)
  }

  /// Keys whose number no tensor has: every layer has experts, so none has the width of a dense layer. PaliGemma's loader
  /// reads only the part for text.
  private static let unused: Set<[String]> = [
    ["qwen2_moe", "intermediate_size"], ["qwen3_moe", "intermediate_size"],
    ["qwen3_next", "intermediate_size"], ["qwen3_next-8", "intermediate_size"],
    ["paligemma", "hidden_size"], ["paligemma", "vocab_size"],
  ]

  /// The part of a config.json that an architecture describes.
  private struct Described {
    /// The name of the part; nil for the document itself.
    let part: String?
    let values: [String: Any]
    let type: String
    let architecture: Architecture

    init?(_ document: [String: Any], _ part: String?) {
      self.part = part
      values = part.map { document[$0] as? [String: Any] ?? [:] } ?? document
      guard let type = values["model_type"] as? String, let architecture = Architecture.of(type: type) else {
        return nil
      }
      (self.type, self.architecture) = (type, architecture)
    }
  }

  /// Every folder of the fixtures, with what its architecture describes.
  private static var models: [(name: String, model: Described)] {
    get throws {
      try ModelFolderCopy.names.map { name in
        var document: [String: Any] = [:]
        try ModelFolderCopy(of: name).change { document = $0 }
        return (name, try #require(Described(document, nil) ?? Described(document, "text_config"), "\(name)"))
      }
    }
  }

  @Test("another number under any key that a document names is found")
  func everyKey() throws {
    var changed = 0
    for (name, model) in try Self.models {
      for key in keys(model.architecture).sorted(by: { "\($0)" < "\($1)" }) {
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
        #expect(found.isEmpty == Self.unused.contains([name] + key), "\(name): \(key)")
      }
    }
    #expect(changed >= 300)
  }
}
