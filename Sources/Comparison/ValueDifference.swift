/// The differences between two tensors of the same dtype.
public struct ValueDifference: Hashable, Sendable {
  /// Elements whose bits differ.
  public internal(set) var count = 0
  /// The first of them in C order; nil if there is none.
  public internal(set) var first: Int?
  /// Elements that the tolerance does not accept; without a tolerance, all of `count`.
  public internal(set) var beyond = 0
  /// The first of them in C order; nil if there is none.
  public internal(set) var firstBeyond: Int?
  /// The largest |a − b|; NaN if a number is compared with a NaN.
  public internal(set) var maxAbs = 0.0
  /// The largest distance in units in the last place, as `ValueComparison` counts them.
  public internal(set) var maxULP: UInt64 = 0

  /// No differences yet.
  public init() {}

  /// Whether all elements have the same bits.
  public var isEqual: Bool { count == 0 }

  /// Whether the tolerance accepts every element.
  public var isWithin: Bool { beyond == 0 }

  /// Counts the element at this place as different.
  mutating func count(_ element: Int, isAccepted: Bool) {
    count += 1
    if first == nil { first = element }
    if isAccepted { return }
    beyond += 1
    if firstBeyond == nil { firstBeyond = element }
  }

  /// Adds an element's distance.
  mutating func add(_ distance: ElementDistance) {
    // A NaN stays, because every comparison with it is false.
    if distance.abs > maxAbs || distance.abs.isNaN { maxAbs = distance.abs }
    if distance.ulp > maxULP { maxULP = distance.ulp }
  }
}

/// The distance of two elements.
struct ElementDistance: Equatable {
  let abs: Double
  let ulp: UInt64
  /// The magnitude |b|, for the relative tolerance.
  let reference: Double

  /// The distance of two numbers, and of their places in the order of all bit patterns of their dtype.
  init(_ a: Double, _ b: Double, places first: Int64, _ second: Int64) {
    abs = a.isNaN && b.isNaN ? 0 : a == b ? 0 : (a - b).magnitude
    // Places are between −2^63 and 2^63, so their distance fits 64 bits without a sign.
    ulp = UInt64(bitPattern: first > second ? first &- second : second &- first)
    // A NaN differs from another one by 0, so no relative tolerance is needed.
    reference = b.isNaN ? 0 : b.magnitude
  }

  /// The distance of two integers, and the magnitude of the second.
  init(whole distance: UInt64, reference: UInt64) {
    abs = Double(distance)
    ulp = distance
    self.reference = Double(reference)
  }
}
