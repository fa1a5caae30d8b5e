internal import Tensors

extension UnitCheckpoint {
  /// Every stored run of a tensor that does not have its checksum or cannot be read.
  ///
  /// Slower than reading the tensor: it is for telling what is wrong once something is.
  package func damagedRuns(of tensor: IndexedTensor) -> [CheckpointError] {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { buffer.deallocate() }
    var errors: [CheckpointError] = []
    for dataset in tensor.datasets {
      for number in index.datasets[dataset].blocks {
        do throws(CheckpointError) {
          try checkRun(number, ofDataset: dataset, buffer: buffer)
        } catch { errors.append(error) }
        if errors.count == DefectLog.limit { return errors }
      }
    }
    return errors
  }

  private func checkRun(
    _ number: Int, ofDataset dataset: Int, buffer: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    let block = index.blocks[number]
    let checksum = RunChecksum()
    var done = 0
    while done < block.byteCount {
      let piece = UnsafeMutableRawBufferPointer(
        rebasing: buffer[..<min(buffer.count, block.byteCount - done)])
      try read(dataset: dataset, at: block.offset + done, into: piece)
      checksum.update(UnsafeRawBufferPointer(piece))
      done += piece.count
    }
    let found = checksum.finish()
    guard found != block.checksum else { return }
    throw .broken(
      .runChecksum, path: path, place: place(ofDataset: dataset, block: number),
      expected: "checksum \(hex(block.checksum))", found: hex(found))
  }

  private func hex(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
