internal import Glibc

/// A number with a real and an imaginary part.
struct Complex: BitwiseCopyable {
  var re: Double
  var im: Double

  /// e^(πi · turn)
  static func unit(_ turn: Double) -> Complex { Complex(re: cos(.pi * turn), im: sin(.pi * turn)) }

  var conjugate: Complex { Complex(re: re, im: -im) }

  static func + (a: Complex, b: Complex) -> Complex { Complex(re: a.re + b.re, im: a.im + b.im) }
  static func - (a: Complex, b: Complex) -> Complex { Complex(re: a.re - b.re, im: a.im - b.im) }
  static func * (a: Complex, b: Complex) -> Complex {
    Complex(re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re)
  }
  static func * (a: Complex, b: Double) -> Complex { Complex(re: a.re * b, im: a.im * b) }
}

/// The discrete Fourier transform of lines of one length, in n · log n steps for any length.
///
/// A power of two is split into halves (Cooley and Tukey, 1965). For any other length, the transform is a convolution
/// with e^(πi·k²/n), which transforms of a power of two compute (Bluestein, 1970).
struct FourierTransform {
  let length: Int
  /// The power of two: the length itself, or at least 2 · length − 1.
  private let size: Int
  /// e^(−2πi·k/size), for half a turn.
  private let roots: [Complex]
  /// e^(−πi·k²/length); empty if the length is a power of two.
  private let chirp: [Complex]
  /// The transform of the conjugate of `chirp`, for both signs of k.
  private var spectrum: [Complex] = []

  /// Spends the steps of `count` transforms.
  ///
  /// - Parameter length: 1 or more.
  init(_ length: Int, count: Int, _ budget: RunBudget) throws(OperatorError) {
    let isPower = length & (length - 1) == 0
    let least = isPower ? length : 2 * length - 1
    var bits = 0
    while 1 << bits < least { bits += 1 }
    size = 1 << bits
    self.length = length
    // Bluestein's convolution takes two transforms, and its preparation one.
    try budget.spend(isPower ? count : 2 * count + 1, size, bits + 4)
    let size = size
    roots = (0..<size / 2).map { Complex.unit(-2 * Double($0) / Double(size)) }
    var chirp: [Complex] = []
    // k² modulo a full turn, 2 · length, so that the angle keeps all its digits.
    var square = 0
    for k in 0..<(isPower ? 0 : length) {
      chirp.append(Complex.unit(-Double(square) / Double(length)))
      square = (square + 2 * k + 1) % (2 * length)
    }
    self.chirp = chirp
    if isPower { return }
    spectrum = [Complex](repeating: Complex(re: 0, im: 0), count: size)
    for (k, value) in chirp.enumerated() {
      spectrum[k] = value.conjugate
      if k > 0 { spectrum[size - k] = value.conjugate }
    }
    split(&spectrum)
  }

  /// The bytes that a transform of this length takes, with its lines.
  static func bytes(_ length: Int) -> Int { 16 * MemoryLayout<Complex>.stride * length }

  /// y[k] = Σ_n x[n] · e^(−2πi·kn/length), in place; inverse: with +2πi, and divided by the length.
  func transform(_ line: inout [Complex], isInverse: Bool) {
    if isInverse { for index in line.indices { line[index] = line[index].conjugate } }
    if chirp.isEmpty { split(&line) } else { convolve(&line) }
    if isInverse { for index in line.indices { line[index] = line[index].conjugate * (1 / Double(length)) } }
  }

  private func convolve(_ line: inout [Complex]) {
    var work = [Complex](repeating: Complex(re: 0, im: 0), count: size)
    for k in 0..<length { work[k] = line[k] * chirp[k] }
    split(&work)
    // The inverse transform is the conjugate of the transform of the conjugate.
    for k in 0..<size { work[k] = (work[k] * spectrum[k]).conjugate }
    split(&work)
    for k in 0..<length { line[k] = work[k].conjugate * chirp[k] * (1 / Double(size)) }
  }

  /// The transform of `size` elements.
  private func split(_ line: inout [Complex]) {
    // Elements are ordered by their index with its bits reversed.
    var reversed = 0
    for index in 1..<max(1, size) {
      var bit = size >> 1
      while reversed & bit != 0 {
        reversed ^= bit
        bit >>= 1
      }
      reversed |= bit
      if index < reversed { line.swapAt(index, reversed) }
    }
    var half = 1
    while half < size {
      let step = size / (2 * half)
      for start in stride(from: 0, to: size, by: 2 * half) {
        for k in 0..<half {
          let (a, b) = (line[start + k], line[start + k + half] * roots[k * step])
          line[start + k] = a + b
          line[start + k + half] = a - b
        }
      }
      half *= 2
    }
  }
}
