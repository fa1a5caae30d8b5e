package import TensorStreams
package import UnitCheckpoints

/// Tensors by their numbers in the partition, reduced to the part that a network has.
package protocol PartitionTensors: TensorReading {}

/// A sub-network's part of a checkpoint's tensors, by the partition's numbers. Only active blocks are read.
package struct ActiveTensors: PartitionTensors {
  private let checkpoint: UnitCheckpoint
  private let selected: [Int: SubNetworkTensor]

  package init(_ subNetwork: SubNetwork, of checkpoint: UnitCheckpoint) {
    self.checkpoint = checkpoint
    // A graph may also read a mask.
    selected = Dictionary(
      (subNetwork.tensors + subNetwork.applied).map { ($0.number, $0) },
      uniquingKeysWith: { first, _ in first })
  }

  package var path: String { checkpoint.path }

  package func reader(of number: Int) throws -> any TensorByteReader {
    guard let tensor = selected[number] else { throw TensorStreamError.unknown(path: path, number: number) }
    return try checkpoint.reader(of: tensor)
  }
}
