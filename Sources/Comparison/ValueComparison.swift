internal import Glibc
public import Tensors

/// Compares the values of two tensors of the same dtype, a window at a time.
///
/// Elements with the same bits are equal; all others are counted. Of these, `maxAbs` is the largest |a − b| in double
/// precision (exact except for the last rounding; integers are subtracted as integers). `maxULP` is the largest number
/// of steps between a and b in the order of all bit patterns of the dtype:
/// - −0 and +0 have the same place: they differ in bits, by 0 and by 0 steps.
/// - Two NaNs with different bits differ by 0; their steps are the steps between the patterns.
/// - A NaN and a number differ by NaN, and `maxAbs` stays NaN. NaNs are beyond the infinities or, in a dtype without
///   infinities, beyond the largest number. FNUZ types have one NaN, beyond the positive numbers.
/// - An infinity and a number differ by infinity; the largest finite number is one step away.
/// - For integers and BOOL, steps are the difference. For complex numbers, the larger of both parts counts.
///
/// Elements smaller than a byte are read from the lowest bit on. Elements of block-quantised types are compared as the
/// F32 that their blocks mean. Blocks of different bytes with the same values differ in one element, by 0. If the values
/// of a type are not read here, all elements of a different block differ, by NaN.
public struct ValueComparison {
  /// The dtype of both tensors.
  public let dtype: DType
  /// The differences found so far.
  public private(set) var difference = ValueDifference()
  private let elementCount: Int
  private let tolerance: Tolerance
  private let small: SmallFloat?
  private let values: BlockValues?
  private var position = 0

  /// Every window but the last must be a multiple of this many bytes, so that no element crosses its end.
  public static func granule(of dtype: DType) -> Int { dtype.isBlockQuantised ? dtype.block.bytes : 48 }

  /// A comparison of two tensors of `dtype`, of `elementCount` elements each.
  public init(dtype: DType, elementCount: Int = .max, tolerance: Tolerance = .none) {
    self.dtype = dtype
    self.elementCount = elementCount
    self.tolerance = tolerance
    small = SmallFloat(dtype)
    values = BlockValues(dtype)
  }

  /// Compares the next bytes of both tensors, equally many of each.
  public mutating func append(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) {
    let count = min(a.count, b.count)
    defer { position += dtype.elementCount(inBytes: count) }
    guard count > 0, let first = a.baseAddress, let second = b.baseAddress, memcmp(first, second, count) != 0
    else { return }
    switch dtype {
    case .f64: compare(a, b, as: F64Code.self)
    case .f32: compare(a, b, as: F32Code.self)
    case .f16: compare(a, b, as: F16Code.self)
    case .bf16: compare(a, b, as: BF16Code.self)
    case .i64: compare(a, b, as: SignedCode<UInt64>.self)
    case .i32: compare(a, b, as: SignedCode<UInt32>.self)
    case .i16: compare(a, b, as: SignedCode<UInt16>.self)
    case .i8: compare(a, b, as: SignedCode<UInt8>.self)
    case .u64: compare(a, b, as: UnsignedCode<UInt64>.self)
    case .u32: compare(a, b, as: UnsignedCode<UInt32>.self)
    case .u16: compare(a, b, as: UnsignedCode<UInt16>.self)
    case .u8, .bool: compare(a, b, as: UnsignedCode<UInt8>.self)
    case .c64: compare(a, b, as: F32Code.self, components: 2)
    case .c128: compare(a, b, as: F64Code.self, components: 2)
    case .f8E4M3, .f8E5M2, .f8E8M0, .f8E4M3FNUZ, .f8E5M2FNUZ, .f6E2M3, .f6E3M2, .f4, .i4, .u4, .i2, .u2:
      compareSmall(a, b)
    case .q40, .q41, .q50, .q51, .q80, .q81, .q2K, .q3K, .q4K, .q5K, .q6K, .q8K, .iq2XXS, .iq2XS,
      .iq3XXS, .iq1S, .iq4NL, .iq3S, .iq2S, .iq4XS, .iq1M, .tq10, .tq20, .mxfp4, .nvfp4, .q10:
      compareBlocks(a, b)
    }
  }

  private mutating func compare<Code: ElementCode>(
    _ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer, as code: Code.Type, components: Int = 1
  ) {
    let width = Code.Bits.bitWidth / 8
    var found = difference
    for index in 0..<min(a.count, b.count) / (width * components) {
      var differs = false
      // Both parts of a complex number must be accepted.
      var isAccepted = true
      for component in 0..<components {
        let offset = (index * components + component) * width
        let one = Code.Bits(littleEndian: a.loadUnaligned(fromByteOffset: offset, as: Code.Bits.self))
        let other = Code.Bits(littleEndian: b.loadUnaligned(fromByteOffset: offset, as: Code.Bits.self))
        if one == other { continue }
        differs = true
        let distance = Code.distance(one, other)
        found.add(distance)
        if !tolerance.accepts(distance) { isAccepted = false }
      }
      if differs { found.count(position + index, isAccepted: isAccepted) }
    }
    difference = found
  }

  private mutating func compareSmall(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) {
    guard let bits = dtype.bits else { return }
    let shift = UInt8(8 - bits)
    // The padding bits of the last byte are not elements.
    for index in 0..<min(min(a.count, b.count) * 8 / bits, elementCount - position) {
      let one = Self.element(index, of: a, bits: bits)
      let other = Self.element(index, of: b, bits: bits)
      if one == other { continue }
      let distance =
        if let small {
          small.distance(one, other)
        } else if dtype.kind == .signed {
          SignedCode<UInt8>.distance(Self.extended(one, shift), Self.extended(other, shift))
        } else {
          UnsignedCode<UInt8>.distance(one, other)
        }
      difference.add(distance)
      difference.count(position + index, isAccepted: tolerance.accepts(distance))
    }
  }

  private mutating func compareBlocks(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) {
    let block = dtype.block
    for number in 0..<min(a.count, b.count) / block.bytes {
      let bytes = number * block.bytes..<(number + 1) * block.bytes
      let (one, other) = (
        UnsafeRawBufferPointer(rebasing: a[bytes]), UnsafeRawBufferPointer(rebasing: b[bytes])
      )
      if one.elementsEqual(other) { continue }
      let first = position + number * block.elements
      guard let values else {
        difference.add(ElementDistance(.nan, 0, places: 0, 0))
        for element in 0..<block.elements { difference.count(first + element, isAccepted: false) }
        continue
      }
      let before = difference.count
      withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * block.elements) { memory in
        let halves = (
          UnsafeMutableBufferPointer(rebasing: memory[..<block.elements]),
          UnsafeMutableBufferPointer(rebasing: memory[block.elements...])
        )
        values.decode(one, into: halves.0)
        values.decode(other, into: halves.1)
        for element in 0..<block.elements {
          let (one, other) = (halves.0[element].bitPattern, halves.1[element].bitPattern)
          if one == other { continue }
          let distance = F32Code.distance(one, other)
          difference.add(distance)
          difference.count(first + element, isAccepted: tolerance.accepts(distance))
        }
      }
      if difference.count == before {
        difference.count(first, isAccepted: tolerance.accepts(ElementDistance(whole: 0, reference: 0)))
      }
    }
  }

  /// An integer of fewer than eight bits, extended to eight by repeating its sign bit.
  private static func extended(_ bits: UInt8, _ shift: UInt8) -> UInt8 {
    UInt8(bitPattern: Int8(bitPattern: bits << shift) >> Int8(shift))
  }

  /// An element of at most eight bits, counted from the lowest bit of the first byte.
  private static func element(_ index: Int, of bytes: UnsafeRawBufferPointer, bits: Int) -> UInt8 {
    let start = index * bits
    var pair = UInt16(bytes[start / 8])
    if start % 8 + bits > 8 { pair |= UInt16(bytes[start / 8 + 1]) << 8 }
    return UInt8(truncatingIfNeeded: pair >> (start % 8)) & UInt8(truncatingIfNeeded: 1 << bits - 1)
  }
}

extension SmallFloat {
  func distance(_ a: UInt8, _ b: UInt8) -> ElementDistance {
    let (a, b) = (Int(a), Int(b))
    return ElementDistance(values[a], values[b], places: places[a], places[b])
  }
}
