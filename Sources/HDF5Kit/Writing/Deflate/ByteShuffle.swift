/// The shuffle filter: all first bytes of the elements, then all second ones, and so on.
enum ByteShuffle {
  /// Shuffles whole elements.
  ///
  /// - Parameters:
  ///   - source: `count` elements of `size` bytes, one after the other.
  ///   - target: as many bytes, apart from the source.
  static func shuffle(
    _ source: UnsafeRawPointer, to target: UnsafeMutablePointer<UInt8>, count: Int, size: Int
  ) {
    switch size {
    case 2: shuffle2(source, target, count)
    case 4: shuffle4(source, target, count)
    default:
      for byte in 0..<size {
        let plane = target + byte * count
        var from = source + byte
        for element in 0..<count {
          plane[element] = from.load(as: UInt8.self)
          from += size
        }
      }
    }
  }

  /// Puts shuffled elements back together.
  static func unshuffle(
    _ source: UnsafePointer<UInt8>, to target: UnsafeMutableRawPointer, count: Int, size: Int
  ) {
    switch size {
    case 2: unshuffle2(source, target, count)
    case 4: unshuffle4(source, target, count)
    default:
      for byte in 0..<size {
        let plane = source + byte * count
        var to = target + byte
        for element in 0..<count {
          to.storeBytes(of: plane[element], as: UInt8.self)
          to += size
        }
      }
    }
  }

  private static func shuffle2(
    _ source: UnsafeRawPointer, _ target: UnsafeMutablePointer<UInt8>, _ count: Int
  ) {
    let (low, high) = (UnsafeMutableRawPointer(target), UnsafeMutableRawPointer(target + count))
    let whole = count & ~15
    var index = 0
    while index < whole {
      let bytes = source.loadUnaligned(fromByteOffset: 2 &* index, as: SIMD32<UInt8>.self)
      low.storeBytes(of: bytes.evenHalf, toByteOffset: index, as: SIMD16<UInt8>.self)
      high.storeBytes(of: bytes.oddHalf, toByteOffset: index, as: SIMD16<UInt8>.self)
      index &+= 16
    }
    for element in whole..<count {
      for byte in 0..<2 { target[byte * count + element] = source.load(fromByteOffset: 2 * element + byte, as: UInt8.self) }
    }
  }

  private static func shuffle4(
    _ source: UnsafeRawPointer, _ target: UnsafeMutablePointer<UInt8>, _ count: Int
  ) {
    let planes = UnsafeMutableRawPointer(target)
    let whole = count & ~15
    var index = 0
    while index < whole {
      let first = source.loadUnaligned(fromByteOffset: 4 &* index, as: SIMD32<UInt8>.self)
      let second = source.loadUnaligned(fromByteOffset: 4 &* index &+ 32, as: SIMD32<UInt8>.self)
      let even = SIMD32(lowHalf: first.evenHalf, highHalf: second.evenHalf)
      let odd = SIMD32(lowHalf: first.oddHalf, highHalf: second.oddHalf)
      planes.storeBytes(of: even.evenHalf, toByteOffset: index, as: SIMD16<UInt8>.self)
      planes.storeBytes(of: odd.evenHalf, toByteOffset: count &+ index, as: SIMD16<UInt8>.self)
      planes.storeBytes(of: even.oddHalf, toByteOffset: 2 &* count &+ index, as: SIMD16<UInt8>.self)
      planes.storeBytes(of: odd.oddHalf, toByteOffset: 3 &* count &+ index, as: SIMD16<UInt8>.self)
      index &+= 16
    }
    for element in whole..<count {
      for byte in 0..<4 { target[byte * count + element] = source.load(fromByteOffset: 4 * element + byte, as: UInt8.self) }
    }
  }

  private static func unshuffle2(
    _ source: UnsafePointer<UInt8>, _ target: UnsafeMutableRawPointer, _ count: Int
  ) {
    let (low, high) = (UnsafeRawPointer(source), UnsafeRawPointer(source + count))
    let whole = count & ~15
    var index = 0
    while index < whole {
      let first = low.loadUnaligned(fromByteOffset: index, as: SIMD16<UInt8>.self)
      let second = high.loadUnaligned(fromByteOffset: index, as: SIMD16<UInt8>.self)
      target.storeBytes(of: interleave(first, second), toByteOffset: 2 &* index, as: SIMD32<UInt8>.self)
      index &+= 16
    }
    for element in whole..<count {
      for byte in 0..<2 { target.storeBytes(of: source[byte * count + element], toByteOffset: 2 * element + byte, as: UInt8.self) }
    }
  }

  private static func unshuffle4(
    _ source: UnsafePointer<UInt8>, _ target: UnsafeMutableRawPointer, _ count: Int
  ) {
    let planes = UnsafeRawPointer(source)
    let whole = count & ~15
    var index = 0
    func plane(_ number: Int) -> SIMD16<UInt8> {
      planes.loadUnaligned(fromByteOffset: number &* count &+ index, as: SIMD16<UInt8>.self)
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
    for element in whole..<count {
      for byte in 0..<4 { target.storeBytes(of: source[byte * count + element], toByteOffset: 4 * element + byte, as: UInt8.self) }
    }
  }

  @inline(__always)
  private static func interleave(_ even: SIMD16<UInt8>, _ odd: SIMD16<UInt8>) -> SIMD32<UInt8> {
    var bytes = SIMD32<UInt8>()
    bytes.evenHalf = even
    bytes.oddHalf = odd
    return bytes
  }
}
