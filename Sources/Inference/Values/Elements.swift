/// The elements of a tensor in memory; this value keeps the memory alive.
///
/// Indices are not checked: operators compute them from extents that they have checked.
struct Elements<T: BitwiseCopyable>: RandomAccessCollection, @unchecked Sendable {
  // Proof of @unchecked: as for `TensorStorage`, which owns these bytes.
  private let storage: TensorStorage
  let base: UnsafeMutablePointer<T>
  let endIndex: Int

  init(_ storage: TensorStorage) {
    self.storage = storage
    base = storage.base.assumingMemoryBound(to: T.self)
    endIndex = storage.byteCount / MemoryLayout<T>.stride
  }

  private init(_ storage: TensorStorage, base: UnsafeMutablePointer<T>, endIndex: Int) {
    self.storage = storage
    self.base = base
    self.endIndex = endIndex
  }

  /// The elements from `start` on.
  func from(_ start: Int) -> Elements {
    Elements(storage, base: base + start, endIndex: endIndex - start)
  }

  var startIndex: Int { 0 }

  subscript(_ index: Int) -> T {
    @inline(__always) get { base[index] }
    @inline(__always) nonmutating set { base[index] = newValue }
  }

  /// Sets every element.
  func update(repeating value: T) { base.update(repeating: value, count: endIndex) }
}
