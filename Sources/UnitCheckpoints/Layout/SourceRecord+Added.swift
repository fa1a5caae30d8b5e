internal import StrictJSON
package import Tensors

extension SourceRecord {
  /// An input that was added to the first one, with a task of its own.
  package struct Added: Sendable {
    /// The task's name. The names of the input's tensors begin with it and `/`.
    package let name: String
    /// The input's own files.
    package let record: SourceRecord

    package init(name: String, record: SourceRecord) {
      self.name = name
      self.record = record
    }
  }

  /// The record of the same files, with inputs that were added to them.
  package func adding(_ added: [Added]) -> SourceRecord {
    SourceRecord(
      kind: kind, shards: shards, index: index, metadata: metadata, files: files, added: added,
      optimizer: optimizer)
  }

  /// One input: the record of its files, and the range of its tensors in the index.
  package struct Input: Sendable {
    /// The task of an added input; nil for the first one.
    package let name: String?
    package let record: SourceRecord
    package let tensors: Range<Int>
  }

  /// The first input and those that were added to it, in the order of their tensors.
  package var inputs: [Input] {
    var first = 0
    return ([(nil, self)] + added.map { ($0.name, $0.record) }).map { name, record in
      let tensors = first..<first + record.shards.reduce(0) { $0 + $1.tensorCount }
      // The state of an optimizer follows the weights that it trained.
      first = tensors.upperBound + (name == nil ? optimizer?.tensorCount ?? 0 : 0)
      return Input(name: name, record: record, tensors: tensors)
    }
  }

  /// The start of the names of an added input's tensors.
  ///
  /// A task has no `/` in its name, so neither is the prefix of another.
  package static func prefix(ofTask name: String) -> String { name + "/" }

  /// The rule for names of added inputs, as errors print it.
  package static let expectedName =
    "a name of at most 64 letters, digits, '-', '_' and '.', which begins with a letter or digit"

  /// Whether a name can be that of an added input: it is a part of tensor names, a word of the command line, and a
  /// name that people give to files.
  package static func isValidName(_ name: String) -> Bool {
    func isPlain(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: false
      }
    }
    let others = Array("-_.".utf8)
    return (1...64).contains(name.utf8.count) && name.utf8.first.map(isPlain) == true
      && name.utf8.allSatisfy { isPlain($0) || others.contains($0) }
  }
}

extension SourceRecord.Added {
  var json: JSONValue { SourceRecord.object([("name", .string(name))] + record.members) }
}

extension SourceRecord.Input {
  /// The tensor's name in the input's own files.
  package func ownName(of name: TensorName) -> TensorName {
    guard let own = self.name else { return name }
    // The record was checked, so the name has the prefix, which ends in an ASCII character.
    return TensorName(
      String(
        decoding: name.text.utf8.dropFirst(SourceRecord.prefix(ofTask: own).utf8.count), as: UTF8.self))
  }
}

extension UnitCheckpoint {
  /// The tensors of an input, under their own names.
  package func specs(of input: SourceRecord.Input) -> [TensorSpec] {
    let specs = index.tensors[input.tensors].map(\.spec)
    if input.name == nil { return specs }
    return specs.map { $0.named(input.ownName(of: $0.name)) }
  }

  /// The records of added inputs; throws if a name is invalid or occurs twice, or if a tensor's name lacks its prefix.
  func storedAdditions(
    _ value: JSONValue?, from tensorCount: inout Int,
    _ broken: (CheckpointDefect, String, String) -> CheckpointError
  ) throws(CheckpointError) -> [SourceRecord.Added] {
    guard let value else { return [] }
    guard case .array(let items) = value else {
      throw broken(.source, "added inputs as an array", value.kindName)
    }
    var names: Set<String> = []
    var added: [SourceRecord.Added] = []
    for item in items {
      guard case .object(let object) = item, case .string(let name)? = object["name"],
        SourceRecord.isValidName(name)
      else { throw broken(.source, "an added input with \(SourceRecord.expectedName)", item.kindName) }
      guard names.insert(name).inserted else {
        throw broken(.source, "each added input once", "\(TensorName(name).quoted) twice")
      }
      let first = tensorCount
      let record = try storedInput(object, from: &tensorCount, broken)
      let prefix = SourceRecord.prefix(ofTask: name)
      for tensor in index.tensors[first..<tensorCount]
      where !tensor.spec.name.text.utf8.starts(with: prefix.utf8) {
        throw broken(
          .source, "tensors of \(TensorName(name).quoted) with names that begin with it and '/'",
          tensor.spec.name.quoted)
      }
      added.append(SourceRecord.Added(name: name, record: record))
    }
    return added
  }
}
