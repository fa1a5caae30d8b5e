package import TensorStreams
internal import Tensors

/// The flat weights of a checkpoint.
extension UnitCheckpoint: TensorSource {
  package var sharesTiedBytes: Bool { true }

  package func reader(of number: Int) throws -> any TensorByteReader {
    guard index.tensors.indices.contains(number) else {
      throw TensorStreamError.unknown(path: path, number: number)
    }
    return try TensorBlocksReader(self, number)
  }
}

/// The tensors of a sub-network, dense and in ascending order of channels. Only its active blocks are read.
package struct SubNetworkSource: TensorSource {
  private let checkpoint: UnitCheckpoint
  private let selected: [SubNetworkTensor]
  package let tensors: [SourceTensor]

  /// A source for `subNetwork`, which was made from `checkpoint`.
  package init(_ subNetwork: SubNetwork, of checkpoint: UnitCheckpoint) {
    self.checkpoint = checkpoint
    let selected = subNetwork.tensors
    self.selected = selected
    tensors = selected.map { tensor in
      SourceTensor(spec: tensor.spec, tiedTo: tensor.tiedTo.map { selected[$0].spec.name })
    }
  }

  package var path: String { checkpoint.path }
  package var sharesTiedBytes: Bool { true }

  package func reader(of number: Int) throws -> any TensorByteReader {
    guard selected.indices.contains(number) else {
      throw TensorStreamError.unknown(path: path, number: number)
    }
    return try checkpoint.reader(of: selected[number])
  }
}

extension UnitCheckpoint {
  /// A reader of a sub-network's part of one tensor.
  package func reader(of tensor: SubNetworkTensor) throws(CheckpointError) -> any TensorByteReader {
    let order = try ChannelOrder(tensor, path: path)
    let reader = try TensorBlocksReader(self, tensor.selection)
    return try order?.ascending(reader) ?? reader
  }
}
