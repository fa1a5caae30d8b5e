/// The values of a block-quantised type: those that ggml's `dequantize_row_…` computes in binary32 (ggml-quants.c).
///
/// Each block stores scales and, for some types, minima, which its elements share. An element is scale × number, minus
/// the minimum.
package struct BlockValues: Sendable {
  private let dtype: DType

  /// Returns nil for a type whose values are not read here: those with tables (IQ…), ternary and 4-bit floating-point
  /// blocks; and for a type without blocks.
  package init?(_ dtype: DType) {
    guard Self.known.contains(dtype) else { return nil }
    self.dtype = dtype
  }

  private static let known: Set<DType> = [
    .q40, .q41, .q50, .q51, .q80, .q2K, .q3K, .q4K, .q5K, .q6K,
  ]

  /// Decodes one block. `values` has room for the elements of a block, and `block` has its bytes.
  package func decode(_ block: UnsafeRawBufferPointer, into values: UnsafeMutableBufferPointer<Float>) {
    let block = Block(bytes: block)
    switch dtype {
    case .q40:
      let scale = block.half(at: 0)
      Self.nibbles(block, at: 2, 16) { values[$0] = scale * Float($1 - 8) }
    case .q41:
      let (scale, minimum) = (block.half(at: 0), block.half(at: 2))
      Self.nibbles(block, at: 4, 16) { values[$0] = scale * Float($1) + minimum }
    case .q50:
      let scale = block.half(at: 0)
      Self.nibbles(block, at: 6, 16) { values[$0] = scale * Float($1 + block.bit($0, at: 2) * 16 - 16) }
    case .q51:
      let (scale, minimum) = (block.half(at: 0), block.half(at: 2))
      Self.nibbles(block, at: 8, 16) { values[$0] = scale * Float($1 + block.bit($0, at: 4) * 16) + minimum }
    case .q80:
      let scale = block.half(at: 0)
      for element in 0..<32 { values[element] = scale * Float(block.signed(2 + element)) }
    case .q2K: decodeQ2K(block, values)
    case .q3K: decodeQ3K(block, values)
    case .q4K, .q5K: decodeQ45K(block, values)
    case .q6K: decodeQ6K(block, values)
    default: break
    }
  }

  /// Numbers of four bits: the low halves of `count` bytes, then the high halves.
  private static func nibbles(_ block: Block, at start: Int, _ count: Int, _ body: (Int, Int) -> Void) {
    for place in 0..<count {
      body(place, block[start + place] & 15)
      body(place + count, block[start + place] >> 4)
    }
  }

  /// 16 bytes of scales and minima of 4 bits for runs of 16; 64 bytes of numbers; then the scales of both.
  private func decodeQ2K(_ block: Block, _ values: UnsafeMutableBufferPointer<Float>) {
    let (scale, minimum) = (block.half(at: 80), block.half(at: 82))
    for run in 0..<16 {
      let packed = block[run]
      let (own, least) = (scale * Float(packed & 15), minimum * Float(packed >> 4))
      let (half, shift, start) = Self.place(ofRun: run)
      for element in 0..<16 {
        let number = block[16 + half * 32 + start + element] >> shift & 3
        values[run * 16 + element] = own * Float(number) - least
      }
    }
  }

  /// 32 bytes with the third bit of each number; 64 bytes with the lower two; 12 bytes of scales of 6 bits for runs of
  /// 16; then the scale of all.
  private func decodeQ3K(_ block: Block, _ values: UnsafeMutableBufferPointer<Float>) {
    let all = block.half(at: 108)
    for run in 0..<16 {
      let low = run < 8 ? block[96 + run] & 15 : block[96 + run - 8] >> 4
      let high = block[104 + run % 4] >> (2 * (run / 4)) & 3
      let scale = all * Float((low | high << 4) - 32)
      let (half, shift, start) = Self.place(ofRun: run)
      for element in 0..<16 {
        let number = block[32 + half * 32 + start + element] >> shift & 3
        let isLarge = block[start + element] >> (half * 4 + shift / 2) & 1
        values[run * 16 + element] = scale * Float(number - (1 - isLarge) * 4)
      }
    }
  }

  /// In types of 2 and 3 bits, a byte has numbers of four runs: the half of the block, the shift, and the first byte.
  private static func place(ofRun run: Int) -> (half: Int, shift: Int, start: Int) {
    (run / 8, run % 8 / 2 * 2, run % 2 * 16)
  }

  /// The scales of both; 12 bytes of scales and minima of 6 bits for runs of 32; with 5 bits, 32 bytes with the fifth
  /// bit of each number; then the lower four bits.
  private func decodeQ45K(_ block: Block, _ values: UnsafeMutableBufferPointer<Float>) {
    let (scale, minimum) = (block.half(at: 0), block.half(at: 2))
    let numbers = dtype == .q5K ? 48 : 16
    for run in 0..<8 {
      let (packed, least): (Int, Int) =
        run < 4
        ? (block[4 + run] & 63, block[8 + run] & 63)
        : (
          block[8 + run] & 15 | (block[run] >> 6) << 4, block[8 + run] >> 4 | (block[4 + run] >> 6) << 4
        )
      let (own, below) = (scale * Float(packed), minimum * Float(least))
      for element in 0..<32 {
        let byte = block[numbers + run / 2 * 32 + element]
        let high = dtype == .q5K ? block[16 + element] >> run & 1 : 0
        values[run * 32 + element] = own * Float((run % 2 == 0 ? byte & 15 : byte >> 4) + high * 16) - below
      }
    }
  }

  /// 128 bytes with the lower four bits of each number; 64 bytes with the upper two; 16 signed scales for runs of 16;
  /// then the scale of all.
  private func decodeQ6K(_ block: Block, _ values: UnsafeMutableBufferPointer<Float>) {
    let all = block.half(at: 208)
    for run in 0..<8 {
      let (half, quarter) = (run / 4, run % 4)
      for element in 0..<32 {
        let byte = block[half * 64 + quarter % 2 * 32 + element]
        let low = quarter < 2 ? byte & 15 : byte >> 4
        let high = block[128 + half * 32 + element] >> (2 * quarter) & 3
        let scale = all * Float(block.signed(192 + run * 2 + element / 16))
        values[run * 32 + element] = scale * Float((low | high << 4) - 32)
      }
    }
  }

  /// The bytes of a block.
  private struct Block {
    let bytes: UnsafeRawBufferPointer

    subscript(_ place: Int) -> Int { Int(bytes[place]) }

    func signed(_ place: Int) -> Int { Int(Int8(bitPattern: bytes[place])) }

    /// Bit `number` of the bytes from `place` on, the lowest first.
    func bit(_ number: Int, at place: Int) -> Int { Int(bytes[place + number / 8] >> UInt8(number % 8) & 1) }

    /// The binary16 at `place`.
    func half(at place: Int) -> Float {
      Float(Float16(bitPattern: UInt16(bytes[place]) | UInt16(bytes[place + 1]) << 8))
    }
  }
}

extension DType {
  /// Whether the values of elements are known here; else only their bytes are.
  package var hasValues: Bool { !isBlockQuantised || BlockValues(self) != nil }
}

/// A request for the values of a block-quantised type that are not read here.
package struct UnreadValues: Error, CustomStringConvertible {
  private let spec: TensorSpec

  package init(_ spec: TensorSpec) { self.spec = spec }

  package var description: String {
    "tensor \(spec.name.quoted): expected a dtype whose values are read, found \(spec.dtype.rawValue)"
  }
}
