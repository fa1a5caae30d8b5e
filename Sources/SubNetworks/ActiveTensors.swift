package import TensorStreams
package import UnitCheckpoints

/// Tensors by the numbers that they have in the partition, with what a network has of each.
package protocol PartitionTensors: TensorReading {}

/// What a sub-network has of a checkpoint's tensors, by the partition's numbers: its active blocks, and nothing else is
/// read.
package struct ActiveTensors: PartitionTensors {
  private let checkpoint: UnitCheckpoint
  private let selected: [Int: SubNetworkTensor]

  package init(_ subNetwork: SubNetwork, of checkpoint: UnitCheckpoint) {
    self.checkpoint = checkpoint
    // A graph may use a mask besides.
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
