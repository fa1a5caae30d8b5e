package import ByteFiles
package import FlatFormats
package import TensorStreams
internal import Tensors
package import UnitCheckpoints

/// One of the inputs from which a checkpoint was made: its tensors under their own names, and the parts of its files
/// that a writer of flat files uses again.
package struct StoredInput: TensorSource {
  private let checkpoint: UnitCheckpoint
  private let input: SourceRecord.Input
  package let tensors: [SourceTensor]

  init(_ input: SourceRecord.Input, of checkpoint: UnitCheckpoint) throws(CheckpointError) {
    self.input = input
    self.checkpoint = checkpoint
    let specs = checkpoint.specs(of: input)
    let own = input.tensors
    // A tie across inputs could only be that of a forged file; it is ignored, because both names have bytes.
    tensors = zip(specs, own).map { spec, number in
      let target = checkpoint.index.tensors[number].tiedTo
      return SourceTensor(
        spec: spec, tiedTo: target.flatMap { own.contains($0) ? specs[$0 - own.lowerBound].name : nil })
    }
  }

  package var path: String { checkpoint.path }
  package var sharesTiedBytes: Bool { true }
  /// The numbers of the tensors in the checkpoint.
  package var numbers: Range<Int> { input.tensors }
  /// The task of an added input; nil for the first one.
  package var name: String? { input.name }
  /// The format of the input's files.
  package var kind: FlatFormatKind? { FlatFormatKind(rawValue: input.record.kind) }

  package func reader(of number: Int) throws -> any TensorByteReader {
    guard tensors.indices.contains(number) else {
      throw TensorStreamError.unknown(path: path, number: number)
    }
    return try checkpoint.reader(of: input.tensors.lowerBound + number)
  }

  /// The files beside the weights.
  package func companions() throws(CheckpointError) -> [CompanionFile] {
    try checkpoint.companions(of: input.record)
  }

  /// The stored header, if the input was one file of that format; nil if a new one is needed.
  package func verbatimHeader(for kind: FlatFormatKind) throws(CheckpointError) -> [UInt8]? {
    let stored = input.record
    guard stored.kind == kind.rawValue, stored.shards.count == 1, let header = stored.shards[0].header else {
      return nil
    }
    return try checkpoint.headers()[header]
  }

  /// The files of sharded safetensors, or the only file of a folder; nil if the input had another format or was one
  /// file.
  ///
  /// Their names come from the checkpoint and are not trusted: the writer of the set refuses paths.
  package func shardSet() throws(CheckpointError) -> ShardSet? {
    let stored = input.record
    guard FlatFormatKind(rawValue: stored.kind)?.isSafetensors == true else { return nil }
    let headers = try checkpoint.headers()
    var shards: [ShardSet.Shard] = []
    for shard in stored.shards {
      // The record was checked against the headers, so their numbers are in bounds.
      guard let name = shard.name, let header = shard.header else { return nil }
      shards.append(ShardSet.Shard(name: name, tensorCount: shard.tensorCount, header: headers[header]))
    }
    let index = try stored.index.map { (index) throws(CheckpointError) in
      ShardSet.Index(name: index.name, bytes: try checkpoint.shardIndexBytes(index))
    }
    return ShardSet(shards: shards, index: index)
  }

  /// The free text of the input's files, for a new file of this kind; empty if there was none.
  ///
  /// A single file also gets the texts of a set's index. A new index gets the texts of the old index.
  package func flatMetadata(for kind: FlatFormatKind) throws(CheckpointError) -> [(
    key: String, value: String
  )] {
    let stored = input.record
    guard FlatFormatKind(rawValue: stored.kind)?.isSafetensors == true else { return [] }
    var found = stored.metadata
    if kind == .safetensors, let index = stored.index {
      let set = ShardSet(
        shards: [], index: .init(name: index.name, bytes: try checkpoint.shardIndexBytes(index)))
      found += set.indexMetadata
    }
    var keys = Set<TensorName>()
    return found.filter { keys.insert(TensorName($0.key)).inserted }
  }

  /// The files from which the checkpoint was made, without the tensors' elements, for a new file of this kind; nil if
  /// none are stored. The files of Keras and other HDF5 files may take each other's names.
  package func hollowFiles(for kind: FlatFormatKind) throws(CheckpointError) -> [HollowFile]? {
    let stored = input.record
    guard input.name == nil, let own = self.kind, own.isHollow, (own == .onnx) == (kind == .onnx) else {
      return nil
    }
    let headers = try checkpoint.headers()
    var files: [HollowFile] = []
    for shard in stored.shards {
      guard let header = shard.header, let holes = shard.holes else { return nil }
      let file = HollowFile(name: shard.name, bytes: headers[header], holes: holes)
      guard file.size != nil else {
        throw .broken(
          .source, path: path, place: "/tessera/source", expected: "ascending holes inside the file",
          found: "holes out of order or outside the file")
      }
      files.append(file)
    }
    return files.isEmpty ? nil : files
  }

  /// How Keras finds the variables of the first input; nil if another program wrote it, or if its file is not stored.
  package func kerasOrder() throws -> KerasOrder? {
    guard kind == .keras, let files = try hollowFiles(for: .keras) else { return nil }
    return try FlatFormats.kerasOrder(of: files, path: path)
  }
}

extension UnitCheckpoint {
  /// The first input, which other inputs were added to; often the only one.
  package func base() throws(CheckpointError) -> StoredInput {
    try StoredInput(try sourceRecord().inputs[0], of: self)
  }

  /// The input that was added for a task; nil for other tasks.
  package func addedInput(named name: String) throws(CheckpointError) -> StoredInput? {
    for input in try sourceRecord().inputs {
      guard let own = input.name, TensorName(own) == TensorName(name) else { continue }
      return try StoredInput(input, of: self)
    }
    return nil
  }
}
