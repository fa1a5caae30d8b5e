internal import Tensors

/// The counts of some windows of a tensor. Tallies of other windows can be added in any order.
struct ValueTally: Sendable {
  var elements = 0
  var zeros = 0
  var nan = 0
  var infinite = 0
  var minimum: ElementValue?
  var maximum: ElementValue?
  /// One element for real numbers, two for complex ones.
  var moments: [ExactMoments]
  private var bins: [Int: MagnitudeBin] = [:]

  init(parts: Int = 1, unit: Int) { moments = .init(repeating: ExactMoments(unit: unit), count: parts) }

  /// Extends the range to a minimum and a maximum of further elements; −0.0 equals 0.0.
  mutating func stretch(_ least: ElementValue, _ greatest: ElementValue) {
    let (least, greatest) = (Self.unsigned(least), Self.unsigned(greatest))
    if minimum.map({ least < $0 }) ?? true { minimum = least }
    if maximum.map({ $0 < greatest }) ?? true { maximum = greatest }
  }

  private static func unsigned(_ value: ElementValue) -> ElementValue {
    if case .real(let number) = value, number == 0 { .real(0) } else { value }
  }

  /// Counts finite elements other than 0 by magnitude.
  mutating func count(_ count: Int, exponent: Int, isNegative: Bool) {
    if count == 0 { return }
    var bin = bins[exponent] ?? MagnitudeBin(exponent: exponent)
    if isNegative { bin.negative += count } else { bin.positive += count }
    bins[exponent] = bin
  }

  mutating func merge(_ other: ValueTally) {
    elements += other.elements
    zeros += other.zeros
    nan += other.nan
    infinite += other.infinite
    if let least = other.minimum, let greatest = other.maximum { stretch(least, greatest) }
    for place in moments.indices where other.moments.indices.contains(place) {
      moments[place].merge(other.moments[place])
    }
    for bin in other.bins.values {
      count(bin.negative, exponent: bin.exponent, isNegative: true)
      count(bin.positive, exponent: bin.exponent, isNegative: false)
    }
  }

  var statistics: ValueStatistics {
    let finite = elements - nan - infinite
    return ValueStatistics(
      elements: elements, zeros: zeros, nan: nan, infinite: infinite, minimum: minimum, maximum: maximum,
      mean: finite > 0 ? moments.map { $0.mean(of: finite) } : [],
      deviation: finite > 0 ? ExactMoments.deviation(moments, of: finite) : nil,
      histogram: bins.values.sorted { $0.exponent < $1.exponent })
  }
}

/// Counts the values of some windows of one tensor; used by one thread at a time.
protocol ValueCounter: AnyObject {
  /// Counts the first `count` elements in `bytes`, at most 2^20.
  func add(_ bytes: UnsafeRawBufferPointer, count: Int)
  /// The counts so far.
  func tally() -> ValueTally
}

/// Passes all windows of a tensor to a counter, and returns its tally.
protocol WindowSource {
  func count(with counter: some ValueCounter) throws -> ValueTally
}

extension WindowSource {
  /// Counts with the counter of a dtype.
  ///
  /// Each case calls the counter with a concrete type. A generic counter behind `any ValueCounter` would not be
  /// specialised, which is 50 times slower.
  func count(_ dtype: DType) throws -> ValueTally {
    switch dtype {
    case .f64: try count(with: FloatCounter(WideBins()))
    case .f32: try count(with: FloatCounter(NarrowBins<Binary32>()))
    case .f16: try count(with: FloatCounter(NarrowBins<Binary16>()))
    case .bf16: try count(with: FloatCounter(NarrowBins<Brain16>()))
    case .c64: try count(with: ComplexCounter(NarrowBins<Binary32>(), NarrowBins<Binary32>()))
    case .c128: try count(with: ComplexCounter(WideBins(), WideBins()))
    case .i64: try count(with: WholeCounter<Int64>())
    case .i32: try count(with: WholeCounter<Int32>())
    case .i16: try count(with: WholeCounter<Int16>())
    case .u64: try count(with: WholeCounter<UInt64>())
    case .u32: try count(with: WholeCounter<UInt32>())
    case .u16: try count(with: WholeCounter<UInt16>())
    case .f8E4M3, .f8E5M2, .f8E8M0, .f8E4M3FNUZ, .f8E5M2FNUZ, .f6E2M3, .f6E3M2, .f4, .i8, .u8, .i4, .u4, .i2,
      .u2,
      .bool:
      try count(with: PatternCounter(dtype))
    case .q40, .q41, .q50, .q51, .q80, .q81, .q2K, .q3K, .q4K, .q5K, .q6K, .q8K, .iq2XXS, .iq2XS,
      .iq3XXS, .iq1S, .iq4NL, .iq3S, .iq2S, .iq4XS, .iq1M, .tq10, .tq20, .mxfp4, .nvfp4, .q10:
      try count(with: BlockCounter(dtype))
    }
  }
}
