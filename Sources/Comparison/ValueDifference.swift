/// How far two tensors of one dtype are apart.
public struct ValueDifference: Hashable, Sendable {
  /// Elements whose bits differ.
  public internal(set) var count = 0
  /// The first of them in C order; nil when there is none.
  public internal(set) var first: Int?
  /// Elements that the tolerance does not accept; without one all of `count`.
  public internal(set) var beyond = 0
  /// The first of them in C order; nil when there is none.
  public internal(set) var firstBeyond: Int?
  /// The largest |a − b|; NaN where a number stands against a NaN.
  public internal(set) var maxAbs = 0.0
  /// The largest distance in units in the last place, as `ValueComparison` counts them.
  public internal(set) var maxULP: UInt64 = 0

  /// Equal so far.
  public init() {}

  /// Whether every bit agrees.
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

  /// Takes an element's distance in.
  mutating func add(_ distance: ElementDistance) {
    // A NaN stays: nothing is larger, and a comparison with it is false.
    if distance.abs > maxAbs || distance.abs.isNaN { maxAbs = distance.abs }
    if distance.ulp > maxULP { maxULP = distance.ulp }
  }
}

/// How far two elements are apart.
struct ElementDistance: Equatable {
  let abs: Double
  let ulp: UInt64
  /// |b|.
  let reference: Double

  /// The distance of two numbers and of their places among all bit patterns of their dtype.
  init(_ a: Double, _ b: Double, places first: Int64, _ second: Int64) {
    abs = a.isNaN && b.isNaN ? 0 : a == b ? 0 : (a - b).magnitude
    // Places lie between −2^63 and 2^63, so their distance fits 64 bits without a sign.
    ulp = UInt64(bitPattern: first > second ? first &- second : second &- first)
    // A NaN is 0 from another one, and no part of it may be more.
    reference = b.isNaN ? 0 : b.magnitude
  }

  /// The distance of two whole numbers, and the magnitude of the second.
  init(whole distance: UInt64, reference: UInt64) {
    abs = Double(distance)
    ulp = distance
    self.reference = Double(reference)
  }
}
