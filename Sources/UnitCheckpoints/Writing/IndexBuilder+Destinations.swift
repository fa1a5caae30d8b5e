internal import HDF5Kit
internal import Tensors

extension IndexBuilder {
  /// Where each tensor's bytes go, once the contiguous datasets have their addresses.
  func destinations() -> [TensorDestination] {
    tensors.map { tensor in
      let range = Int(tensor.firstDataset)..<Int(tensor.firstDataset + tensor.datasetCount)
      return TensorDestination(
        blocks: range.flatMap { blockDestinations(ofDataset: $0, dtype: DType(rawValue: tensor.dtype)) })
    }
  }

  private func blockDestinations(ofDataset number: Int, dtype: DType?) -> [BlockDestination] {
    let dataset = datasets[number]
    let isCut = dataset.owner >= -1
    var firstChunk = 0
    return blocks[Int(dataset.firstBlock)...].prefix(Int(dataset.blockCount)).map { block in
      let numbers = coordinates[Int(block.firstCoordinate)...].prefix(Int(block.coordinateCount))
      var chunks: BlockChunks?
      if let plan = chunkPlans[number], let dtype {
        chunks = BlockChunks(
          plan: plan, dataset: number, first: firstChunk, elementSize: dtype.storage.type.size)
        firstChunk += plan.chunkCount(ofBlock: Int(block.bytes))
      }
      return BlockDestination(
        coordinates: isCut ? numbers.map(Int.init) : [],
        address: chunks == nil ? Int(dataset.address + block.offset) : nil, byteCount: Int(block.bytes),
        chunks: chunks)
    }
  }
}
