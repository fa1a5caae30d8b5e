internal import StrictJSON

extension SourceRecord {
  /// The state of the optimizer that trained the first input; its tensors follow those of that input.
  package struct Optimizer: Sendable {
    /// The number of its tensors.
    package let tensorCount: Int
    /// The number of the stored header with everything that is not a tensor.
    package let header: Int

    package init(tensorCount: Int, header: Int) {
      self.tensorCount = tensorCount
      self.header = header
    }
  }

  /// The record of the same files, with the state of an optimizer.
  package func with(_ optimizer: Optimizer?) -> SourceRecord {
    if optimizer == nil { return self }
    return SourceRecord(
      kind: kind, shards: shards, index: index, metadata: metadata, files: files, added: added,
      optimizer: optimizer)
  }

  /// The numbers of the optimizer's tensors; nil if there is none.
  package var optimizerTensors: Range<Int>? {
    guard let optimizer, let first = inputs.first?.tensors.upperBound else { return nil }
    return first..<first + optimizer.tensorCount
  }
}

extension SourceRecord.Optimizer {
  var json: JSONValue {
    SourceRecord.object([("tensors", JSONValue(tensorCount)), ("header", JSONValue(header))])
  }
}

extension UnitCheckpoint {
  /// The record of an optimizer's state, whose tensors begin at number `first`.
  func storedOptimizer(
    _ value: JSONValue?, from first: inout Int,
    _ broken: (CheckpointDefect, String, String) -> CheckpointError
  ) throws(CheckpointError) -> SourceRecord.Optimizer? {
    guard let value else { return nil }
    guard case .object(let object) = value, case .integer(let count)? = object["tensors"],
      case .integer(let header)? = object["header"], let count = Int(exactly: count),
      let header = Int(exactly: header), count >= 0, count <= index.tensors.count - first
    else {
      throw broken(
        .source,
        "an optimizer as its header and the number of its tensors, at most \(index.tensors.count - first)",
        value.kindName)
    }
    first += count
    return SourceRecord.Optimizer(tensorCount: count, header: header)
  }
}
