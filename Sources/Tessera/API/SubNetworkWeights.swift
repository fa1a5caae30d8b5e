internal import TensorStreams
internal import Tensors
internal import UnitCheckpoints
internal import UnitModel

/// One (task, level) of a unit checkpoint, as tensors of a smaller, dense network.
///
/// Only the blocks that the sub-network needs are read. The checksum of each page that is read is verified.
public struct SubNetworkWeights: TensorCollection {
  /// Every tensor of the sub-network, dense, with its name in the task.
  public let tensors: [TensorDescription]
  /// The tensors with their bytes.
  public let contents: TensorContents
  /// The name of the task.
  public let task: String
  /// The number of the level, from 1.
  public let level: Int
  /// The name of the level; nil if it has none.
  public let levelName: String?
  /// The units, in the order in which the task adds them.
  public let units: [Int]
  /// The number of elements of all tensors; tied tensors count once.
  public let parameterCount: Int
  /// The number of bytes of all tensors; tied tensors count once.
  public let byteCount: Int

  let checkpoint: Checkpoint
  let subNetwork: SubNetwork
  /// How it was chosen; a budget also limits what the graph adds to an extracted ONNX model.
  let choice: NetworkChoice

  init(_ subNetwork: SubNetwork, of checkpoint: Checkpoint, _ choice: NetworkChoice) {
    self.subNetwork = subNetwork
    self.choice = choice
    self.checkpoint = checkpoint
    contents = TensorContents(SubNetworkSource(subNetwork, of: checkpoint.stored))
    tensors = contents.tensors
    let network = subNetwork.network
    task = network.task.text
    level = network.level.value
    levelName = network.levelName
    units = network.orderedUnits().map(\.index)
    (parameterCount, byteCount) = subNetwork.totals
  }
}
