/// The HDF5 shuffle filter: the first bytes of all elements, then their second bytes, and so on.
package enum ByteShuffle {
  /// Shuffles whole elements.
  ///
  /// - Parameters:
  ///   - source: `count` elements of `size` bytes, one after the other.
  ///   - target: `count * size` bytes that do not overlap the source.
  static func shuffle(
    _ source: UnsafeRawPointer, to target: UnsafeMutablePointer<UInt8>, count: Int, size: Int
  ) {
    switch size {
    case 2: shuffle2(source, target, count)
    case 4: shuffle4(source, target, count)
    default: shuffle(source, target, 0..<count, count, size: size)
    }
  }

  private static func shuffle(
    _ source: UnsafeRawPointer, _ target: UnsafeMutablePointer<UInt8>, _ elements: Range<Int>, _ stride: Int,
    size: Int
  ) {
    for byte in 0..<size {
      let plane = target + byte * stride
      for element in elements {
        plane[element] = source.load(fromByteOffset: element &* size &+ byte, as: UInt8.self)
      }
    }
  }

  /// Restores the first `count` elements of `stride` shuffled ones.
  ///
  /// - Parameter stride: the number of elements that were shuffled together.
  package static func unshuffle(
    _ source: UnsafePointer<UInt8>, to target: UnsafeMutableRawPointer, count: Int, stride: Int, size: Int
  ) {
    switch size {
    case 2: unshuffle2(source, target, count, stride)
    case 4: unshuffle4(source, target, count, stride)
    default: unshuffle(source, target, 0..<count, stride, size: size)
    }
  }

  private static func unshuffle(
    _ source: UnsafePointer<UInt8>, _ target: UnsafeMutableRawPointer, _ elements: Range<Int>, _ stride: Int,
    size: Int
  ) {
    for byte in 0..<size {
      let plane = source + byte * stride
      for element in elements {
        target.storeBytes(of: plane[element], toByteOffset: element &* size &+ byte, as: UInt8.self)
      }
    }
  }

  private static func shuffle2(
    _ source: UnsafeRawPointer, _ target: UnsafeMutablePointer<UInt8>, _ count: Int
  ) {
    let planes = UnsafeMutableRawPointer(target)
    let whole = count & ~15
    var index = 0
    while index < whole {
      // Shifts and narrowing compile to a few instructions; the same with halves of vectors takes four times as long.
      let words = source.loadUnaligned(fromByteOffset: 2 &* index, as: SIMD16<UInt16>.self)
      planes.storeBytes(of: SIMD16(truncatingIfNeeded: words), toByteOffset: index, as: SIMD16<UInt8>.self)
      planes.storeBytes(
        of: SIMD16(truncatingIfNeeded: words &>> 8), toByteOffset: count &+ index, as: SIMD16<UInt8>.self)
      index &+= 16
    }
    shuffle(source, target, whole..<count, count, size: 2)
  }

  private static func shuffle4(
    _ source: UnsafeRawPointer, _ target: UnsafeMutablePointer<UInt8>, _ count: Int
  ) {
    let planes = UnsafeMutableRawPointer(target)
    let whole = count & ~15
    var index = 0
    while index < whole {
      let words = source.loadUnaligned(fromByteOffset: 4 &* index, as: SIMD16<UInt32>.self)
      planes.storeBytes(of: SIMD16(truncatingIfNeeded: words), toByteOffset: index, as: SIMD16<UInt8>.self)
      planes.storeBytes(
        of: SIMD16(truncatingIfNeeded: words &>> 8), toByteOffset: count &+ index, as: SIMD16<UInt8>.self)
      planes.storeBytes(
        of: SIMD16(truncatingIfNeeded: words &>> 16), toByteOffset: 2 &* count &+ index,
        as: SIMD16<UInt8>.self)
      planes.storeBytes(
        of: SIMD16(truncatingIfNeeded: words &>> 24), toByteOffset: 3 &* count &+ index,
        as: SIMD16<UInt8>.self)
      index &+= 16
    }
    shuffle(source, target, whole..<count, count, size: 4)
  }

  private static func unshuffle2(
    _ source: UnsafePointer<UInt8>, _ target: UnsafeMutableRawPointer, _ count: Int, _ stride: Int
  ) {
    let (low, high) = (UnsafeRawPointer(source), UnsafeRawPointer(source + stride))
    let whole = count & ~15
    var index = 0
    while index < whole {
      let first = low.loadUnaligned(fromByteOffset: index, as: SIMD16<UInt8>.self)
      let second = high.loadUnaligned(fromByteOffset: index, as: SIMD16<UInt8>.self)
      target.storeBytes(of: interleave(first, second), toByteOffset: 2 &* index, as: SIMD32<UInt8>.self)
      index &+= 16
    }
    unshuffle(source, target, whole..<count, stride, size: 2)
  }

  private static func unshuffle4(
    _ source: UnsafePointer<UInt8>, _ target: UnsafeMutableRawPointer, _ count: Int, _ stride: Int
  ) {
    let planes = UnsafeRawPointer(source)
    let whole = count & ~15
    var index = 0
    func plane(_ number: Int) -> SIMD16<UInt8> {
      planes.loadUnaligned(fromByteOffset: number &* stride &+ index, as: SIMD16<UInt8>.self)
    }
    while index < whole {
      let even = interleave(plane(0), plane(2))
      let odd = interleave(plane(1), plane(3))
      target.storeBytes(
        of: interleave(even.lowHalf, odd.lowHalf), toByteOffset: 4 &* index, as: SIMD32<UInt8>.self)
      target.storeBytes(
        of: interleave(even.highHalf, odd.highHalf), toByteOffset: 4 &* index &+ 32, as: SIMD32<UInt8>.self)
      index &+= 16
    }
    unshuffle(source, target, whole..<count, stride, size: 4)
  }

  @inline(__always)
  private static func interleave(_ even: SIMD16<UInt8>, _ odd: SIMD16<UInt8>) -> SIMD32<UInt8> {
    var bytes = SIMD32<UInt8>()
    bytes.evenHalf = even
    bytes.oddHalf = odd
    return bytes
  }
}

extension ByteShuffle {
  /// Restores shuffled bytes to elements of `elementSize` bytes.
  ///
  /// Bytes after the last whole element are not shuffled; they stay at the end.
  package static func unshuffled(_ bytes: [UInt8], elementSize: Int) -> [UInt8] {
    let count = bytes.count / elementSize
    guard elementSize > 1, count > 1 else { return bytes }
    return [UInt8](unsafeUninitializedCapacity: bytes.count) { buffer, filled in
      bytes.withUnsafeBufferPointer { source in
        guard let from = source.baseAddress, let to = buffer.baseAddress else { return }
        unshuffle(from, to: UnsafeMutableRawPointer(to), count: count, stride: count, size: elementSize)
        for index in count * elementSize..<bytes.count { to[index] = from[index] }
        filled = bytes.count
      }
    }
  }
}
