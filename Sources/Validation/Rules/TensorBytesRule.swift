internal import Dispatch
internal import Synchronization
internal import Tensors
internal import UnitCheckpoints

/// Every stored run has its checksum, every tensor its SHA-256.
///
/// One pass serves both rules, because it reads every byte of the file. Tensors are taken by both cores in turn.
enum TensorBytesRule: CheckpointRule {
  static let id = RuleID.digest
  static let isDeep = true

  static func findings(in checkpoint: UnitCheckpoint, progress: (Int) -> Void) -> [Finding] {
    let tensors = checkpoint.index.tensors.indices.filter { checkpoint.index.tensors[$0].tiedTo == nil }
    let results = Mutex<[Int: [Finding]]>([:])
    // A batch at a time, so that the caller hears of progress; large tensors are batches of their own.
    var start = 0
    while start < tensors.count {
      var end = start
      var byteCount = 0
      while end < tensors.count, end - start < 2 || byteCount < 64 << 20 {
        byteCount += checkpoint.index.tensors[tensors[end]].spec.byteCount
        end += 1
      }
      let batch = tensors[start..<end]
      DispatchQueue.concurrentPerform(iterations: batch.count) { place in
        let number = batch[batch.startIndex + place]
        let found = findings(in: checkpoint, tensor: number)
        if !found.isEmpty { results.withLock { $0[number] = found } }
      }
      progress(byteCount)
      start = end
    }
    return results.withLock { $0.sorted { $0.key < $1.key }.flatMap(\.value) }
      + modelFindings(checkpoint)
  }

  private static func findings(in checkpoint: UnitCheckpoint, tensor number: Int) -> [Finding] {
    let tensor = checkpoint.index.tensors[number]
    let limit = 1 << 20
    let flat = UnsafeMutableRawBufferPointer.allocate(byteCount: limit, alignment: 4096)
    let pieces = UnsafeMutableRawBufferPointer.allocate(byteCount: limit, alignment: 4096)
    defer {
      flat.deallocate()
      pieces.deallocate()
    }
    let hasher = SHA256Hasher()
    do throws(CheckpointError) {
      let reader = try TensorBlocksReader(checkpoint, tensor)
      for window in reader.windows(limit: limit) {
        try reader.read(window, into: flat, pieces: pieces)
        hasher.update(UnsafeRawBufferPointer(rebasing: flat[..<window.byteCount]))
      }
      try reader.finish()
    } catch {
      return [
        Finding(
          .runChecksum, file: checkpoint.path, location: "tensor \(tensor.spec.name.quoted)",
          message: error.sentence(without: checkpoint.path))
      ]
    }
    let digest = hasher.finish()
    if digest == tensor.digest { return [] }
    return [
      finding(
        checkpoint, at: "tensor \(tensor.spec.name.quoted)",
        "expected SHA-256 \(tensor.digest), found \(digest)")
    ]
  }

  private static func modelFindings(_ checkpoint: UnitCheckpoint) -> [Finding] {
    let digest = modelDigest(of: checkpoint.index.tensors.map { ($0.spec, $0.digest) })
    if digest == checkpoint.modelDigest { return [] }
    return [
      finding(
        checkpoint, at: "/tessera/seal", "expected model SHA-256 \(checkpoint.modelDigest), found \(digest)")
    ]
  }
}
