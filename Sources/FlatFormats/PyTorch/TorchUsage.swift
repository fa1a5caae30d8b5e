internal import Tensors

/// The bytes of the storages that tensors use.
struct TorchUsage {
  let storages: [TorchStorage]
  let uses: [TorchTensor]
  /// Keys of storages of which nothing else is known.
  let foreignKeys: Set<String>

  var remarks: [FlatRemark] { shared + unreferenced }

  /// Storages that several different tensors share.
  private var shared: [FlatRemark] {
    distinct.enumerated().compactMap { number, tensors in
      guard tensors.count > 1 else { return nil }
      return FlatRemark(
        .sharedStorage, "storage \(TensorName(storages[number].key).quoted)", expected: "one tensor",
        found: "\(tensors.count) that are not tied")
    }
  }

  private var unreferenced: [FlatRemark] {
    distinct.enumerated().compactMap { number, tensors in
      let storage = storages[number]
      let used = Self.used(tensors)
      guard used < storage.byteCount, !foreignKeys.contains(storage.key) else { return nil }
      return FlatRemark(
        .unreferencedBytes, "storage \(TensorName(storage.key).quoted)",
        expected: "tensors with all of its \(storage.byteCount.grouped) bytes",
        found: "\((storage.byteCount - used).grouped) that belong to none")
    }
  }

  private var distinct: [[TorchTensor]] {
    var result = [[TorchTensor]](repeating: [], count: storages.count)
    for tensor in Set(uses) { result[tensor.storage].append(tensor) }
    return result
  }

  /// The number of bytes that the tensors use. If there are several tensors, gaps inside each one count as used.
  private static func used(_ tensors: [TorchTensor]) -> Int {
    if tensors.count == 1, let only = tensors.first, !only.strides.overlaps {
      return only.strides.shape.reduce(only.itemSize, *)
    }
    let ranges = tensors.compactMap { tensor in
      tensor.strides.span.map { span in
        (
          start: tensor.strides.offset * tensor.itemSize,
          end: (tensor.strides.offset + span) * tensor.itemSize
        )
      }
    }
    var (total, reached) = (0, 0)
    for range in ranges.sorted(by: { $0.start < $1.start }) {
      total += max(0, range.end - max(reached, range.start))
      reached = max(reached, range.end)
    }
    return total
  }
}
