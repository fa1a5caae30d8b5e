package import ByteFiles
package import FlatFormats
package import TensorStreams
internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// Flat weights that are added to others, for a task of their own. Their tensors have the task's prefix.
package struct AddedInput: TensorSource {
  /// The task's name.
  package let name: String
  /// The weights under their own names.
  package let source: any FlatWeightsSource
  /// The bare name of a single file that was opened as a folder.
  package let fileName: String?
  /// The other files of the folder.
  package let companions: [CompanionFile]
  package let tensors: [SourceTensor]

  package init(
    name: String, source: any FlatWeightsSource, fileName: String?, companions: [CompanionFile]
  ) {
    self.name = name
    self.source = source
    self.fileName = fileName
    self.companions = companions
    let prefix = SourceRecord.prefix(ofTask: name)
    tensors = source.tensors.map { tensor in
      SourceTensor(
        spec: tensor.spec.named(TensorName(prefix + tensor.spec.name.text)),
        tiedTo: tensor.tiedTo.map { TensorName(prefix + $0.text) })
    }
  }

  package var path: String { source.path }
  /// The parts have the prefix too, because two inputs can leave out parts of the same name.
  package var leftOut: [LeftOut] {
    source.leftOut.map { LeftOut(SourceRecord.prefix(ofTask: name) + $0.name, $0.why, $0.fate, way: $0.way) }
  }

  package func reader(of number: Int) throws -> any TensorByteReader { try source.reader(of: number) }
}

/// Several inputs as one source: the first under its own names, then the others under their prefixes.
package struct JoinedInputs: TensorSource {
  package let tensors: [SourceTensor]
  private let inputs: [any TensorSource]
  /// For each input, the number of its first tensor.
  private let starts: [Int]

  package init(_ first: any TensorSource, _ added: [AddedInput]) {
    inputs = [first] + added
    var starts: [Int] = []
    var tensors: [SourceTensor] = []
    for input in inputs {
      starts.append(tensors.count)
      tensors += input.tensors
    }
    self.starts = starts
    self.tensors = tensors
  }

  package var path: String { inputs[0].path }
  package var leftOut: [LeftOut] { inputs.flatMap(\.leftOut) }
  package var sharesTiedBytes: Bool { inputs.allSatisfy(\.sharesTiedBytes) }

  package func reader(of number: Int) throws -> any TensorByteReader {
    guard tensors.indices.contains(number), let input = starts.lastIndex(where: { $0 <= number }) else {
      throw TensorStreamError.unknown(path: path, number: number)
    }
    return try inputs[input].reader(of: number - starts[input])
  }
}
