internal import ONNXGraph
internal import Synchronization
internal import Tensors

/// The random numbers of one evaluation of a node: those of SplitMix64, not those of NumPy or ONNX Runtime.
///
/// A number depends only on its place in the stream and on the stream's seed. The seed is made from the attribute `seed`
/// or else from the name of the node's first output, and from how many times the run has evaluated this node before.
/// So runs repeat, on every backend; trips through a loop and calls of a function differ.
struct RandomStream {
  private var generator: SplitMix64

  init(_ call: OperatorCall) throws(OperatorError) {
    let name = call.node.outputs.first { !$0.isEmpty } ?? ""
    let seed: UInt64
    switch call.node.attributes["seed"] {
    case nil: seed = Array(name.utf8).withUnsafeBytes { RunChecksum.of($0) }
    case .float(let number): seed = UInt64(number.bitPattern)
    case .int(let number): seed = UInt64(bitPattern: number)
    default: throw call.wrongAttribute("seed", "a number")
    }
    // Each step changes every bit, so streams of neighbouring seeds and evaluations begin far apart.
    var first = SplitMix64(seed: seed)
    var second = SplitMix64(seed: first.next() &+ call.run.evaluations.next(name))
    generator = SplitMix64(seed: second.next())
  }

  /// A number of [0, 1): a multiple of 2 to the power of −`bits`, of which each is equally likely.
  mutating func uniform(bits: Int = 53) -> Double {
    Double(generator.next() >> UInt64(64 - bits)) * Double(sign: .plus, exponent: -bits, significand: 1)
  }
}

/// How many times a run has evaluated its random nodes.
final class EvaluationCounts: Sendable {
  private let counts = Mutex<[String: UInt64]>([:])

  /// The number of earlier calls with this name.
  func next(_ name: String) -> UInt64 {
    counts.withLock { counts in
      let count = counts[name, default: 0]
      counts[name] = count + 1
      return count
    }
  }
}
