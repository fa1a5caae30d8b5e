internal import ArgumentParser
internal import ByteFiles
internal import FlatFormats
internal import Reporting
internal import TensorStreams
internal import Tensors
internal import Tessera
internal import UnitCheckpoints

/// Inputs that are added to SOURCE, with a task each.
struct AddOption: ParsableArguments {
  @Option(
    name: .customLong("add"),
    help: ArgumentHelp(
      "Add the weights or the adapter at PATH to SOURCE, as task NAME (repeatable).",
      discussion: """
        PATH is a file, an index of shards or a folder. Its tensors get the prefix NAME/. In the task, they \
        replace tensors of SOURCE that have the same name.
        """,
      valueName: "name=path"))
  var texts: [String] = []

  /// The task and the path of each input.
  var inputs: [(task: String, path: String)] { texts.compactMap(Self.split) }

  func validate() throws {
    var names: Set<String> = []
    for text in texts {
      guard let (task, path) = Self.split(text), !path.isEmpty else {
        throw ValidationError("--add: expected NAME=PATH, found '\(text)'")
      }
      guard SourceRecord.isValidName(task) else {
        throw ValidationError("--add '\(text)': NAME: expected \(SourceRecord.expectedName), found '\(task)'")
      }
      guard names.insert(task).inserted else {
        throw ValidationError("--add: expected each NAME once, found '\(task)' twice")
      }
    }
  }

  private static func split(_ text: String) -> (task: String, path: String)? {
    guard let equal = text.utf8.firstIndex(of: UInt8(ascii: "=")) else { return nil }
    return (String(text[..<equal]), String(text[text.utf8.index(after: equal)...]))
  }

  /// Throws if DEST is an added input.
  func require(apartFrom dest: String) throws(ValidationError) {
    for (task, path) in inputs {
      try DeclaredFiles.require(("DEST", dest), apartFrom: ["--add \(task)": path])
    }
  }

  /// Opens the inputs.
  func open(beside base: any TensorSource, _ choices: ReadingChoices) throws -> [Adding] {
    try inputs.map { try Adding($0.task, at: $0.path, to: base, choices) }
  }
}
