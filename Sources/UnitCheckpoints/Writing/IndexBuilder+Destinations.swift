internal import HDF5Kit
internal import Tensors

extension IndexBuilder {
  /// The datasets of a tensor.
  func datasets(ofTensor index: Int) -> Range<Int> {
    Int(tensors[index].firstDataset)..<Int(tensors[index].firstDataset + tensors[index].datasetCount)
  }

  /// Where a tensor's bytes go, once its contiguous datasets have their addresses.
  func destination(ofTensor index: Int) -> TensorDestination {
    let dtype = DType(rawValue: tensors[index].dtype)
    return TensorDestination(
      blocks: datasets(ofTensor: index).flatMap { blockDestinations(ofDataset: $0, dtype: dtype) })
  }

  /// The places of contiguous datasets in the file, ascending; neighbours are one.
  ///
  /// - Parameter addresses: of each dataset.
  func dataRanges(addresses: [Int?]) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    for (row, address) in zip(datasets, addresses) {
      guard let address else { continue }
      let range = address..<address + Int(row.bytes)
      if let last = ranges.last, last.upperBound == range.lowerBound {
        ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
      } else {
        ranges.append(range)
      }
    }
    return ranges.sorted { $0.lowerBound < $1.lowerBound }
  }

  private func blockDestinations(ofDataset number: Int, dtype: DType?) -> [BlockDestination] {
    let dataset = datasets[number]
    // Of elements with owners: the row of the map, and the owner's number there.
    let isCut = DatasetOwner(code: dataset.owner)?.isWhole == false
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
