/// Eight binary32 numbers: one or two of the processor's registers.
typealias Lanes = SIMD8<Float>

// The callers must have checked that all lanes are inside the tensor or the scratch memory.
extension UnsafePointer<Float> {
  /// The numbers from `index` on, at any alignment.
  @inline(__always) func lanes<V: SIMD<Float>>(_ index: Int, _: V.Type = V.self) -> V
  where V: BitwiseCopyable {
    UnsafeRawPointer(self + index).loadUnaligned(as: V.self)
  }
}

extension UnsafeMutablePointer<Float> {
  /// The numbers from `index` on, at any alignment.
  @inline(__always) func lanes<V: SIMD<Float>>(_ index: Int, _: V.Type = V.self) -> V
  where V: BitwiseCopyable {
    UnsafeRawPointer(self + index).loadUnaligned(as: V.self)
  }

  /// Sets the numbers from `index` on.
  @inline(__always) func set<V: SIMD<Float>>(_ index: Int, _ numbers: V) where V: BitwiseCopyable {
    UnsafeMutableRawPointer(self + index).storeBytes(of: numbers, as: V.self)
  }

  /// Sets only the first `count` numbers.
  @inline(__always) func set<V: SIMD<Float>>(_ index: Int, _ numbers: V, count: Int)
  where V: BitwiseCopyable {
    if count >= V.scalarCount {
      set(index, numbers)
    } else {
      for lane in 0..<count { self[index + lane] = numbers[lane] }
    }
  }
}
