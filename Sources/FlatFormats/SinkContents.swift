internal import ByteFiles
internal import TensorStreams
internal import Tensors

/// The tensors and options for a sink.
struct SinkContents: Sendable {
  let path: String
  private(set) var specs: [TensorSpec]
  let ties: [TensorTie]
  let metadata: [(key: String, value: String)]
  let verbatim: [UInt8]?
  let opaque: Bool
  /// The set of a sharded source, to write the same files again.
  var shardSet: ShardSet?
  /// The files of a source with a graph, to write the same files again.
  var hollowFiles: [HollowFile]?
  /// How Keras finds the tensors; nil if it is not known.
  var kerasOrder: KerasOrder?
  /// The most bytes of tensors in one shard.
  var shardSize: Int?
  /// The files that are being read at the same time.
  var sourceFiles: [String] = []
  /// Files that are written beside a set of shards.
  var companions: [CompanionFile] = []
  /// Whether a set that needs only one shard is one file without an index, as in a model's folder.
  var isModelFolder = false
  /// Whether files of a set may replace existing files.
  var replacing = true
  /// The state of an optimizer, whose tensors are among the others; only formats that hold one use it.
  var optimizer: OptimizerState? {
    didSet { optimizerTensors = Set(optimizer?.tensors ?? []) }
  }
  private(set) var optimizerTensors: Set<TensorName> = []
  /// Whether there are tensors that are not the optimizer's.
  var hasWeights: Bool { specs.contains { !optimizerTensors.contains($0.name) } }

  /// The same contents under other names of tensors.
  func named(_ name: (TensorSpec) throws(FlatFormatError) -> TensorName) throws(FlatFormatError)
    -> SinkContents
  {
    var renamed = self
    for place in specs.indices { renamed.specs[place] = specs[place].named(try name(specs[place])) }
    return renamed
  }

  func refusal(_ rule: FlatFormatRule, _ place: String, expected: String, found: String) -> FlatFormatError {
    .refused(rule, path: path, place: place, expected: expected, found: found)
  }

  /// Checks the rules of every format: names differ, and ties join tensors of the same dtype and shape.
  func check() throws(FlatFormatError) {
    var places: [TensorName: Int] = [:]
    places.reserveCapacity(specs.count)
    for (index, spec) in specs.enumerated() where places.updateValue(index, forKey: spec.name) != nil {
      throw refusal(
        .sinkDuplicateName, "tensor \(spec.name.quoted)", expected: "every name once", found: "it twice")
    }
    if let missing = optimizerTensors.first(where: { places[$0] == nil }) {
      throw refusal(
        .sinkUnreadable, "tensor \(missing.quoted)", expected: "it among the tensors of the optimizer",
        found: "none")
    }
    for tie in ties {
      let place = "tensor \(tie.name.quoted) tied to \(tie.tiedTo.quoted)"
      guard let first = places[tie.name], let second = places[tie.tiedTo], first != second else {
        throw refusal(
          .sinkTie, place, expected: "two tensors of the file",
          found: "a name that is not there, or the same one")
      }
      let (one, other) = (specs[first], specs[second])
      guard one.dtype == other.dtype, one.shape == other.shape else {
        throw refusal(
          .sinkTie, place, expected: "one dtype and shape",
          found: "\(one.dtype.rawValue) \(one.shapeText) and \(other.dtype.rawValue) \(other.shapeText)")
      }
    }
  }
}
