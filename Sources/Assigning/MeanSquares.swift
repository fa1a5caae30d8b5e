package import Inference
package import ONNXGraph
package import Planning
package import SubNetworks
internal import Synchronization

/// The mean squares of channels on samples.
package final class MeanSquares: Sendable {
  /// For each value that a weight reads, the dimension with its channels.
  private let wanted: [String: Int]
  private let sums = Mutex<[String: (squares: [Double], count: Int)]>([:])

  /// Values of `graph` are added as they are observed.
  package init(_ graph: Graph) { wanted = GraphSides(graph).values }

  /// Runs a whole network once.
  ///
  /// - Parameter samples: the inputs; the more samples the batch has, the better the means.
  /// - Returns: for each value that a weight reads, the mean square at each position of its channels.
  package static func of(
    _ network: NetworkModel, samples: FileInputs, threads: Int
  ) throws -> [String: [Double]] {
    let found = MeanSquares(network.model.graph)
    _ = try samples.shapes(for: network.model)
    let session = try Session(
      network.model, supplier: network.whole, backend: .fast, threads: threads, limits: RunLimits())
    let inputs = try samples.tensors(for: session, model: network.model)
    for (name, tensor) in inputs { found.add(name, tensor) }
    _ = try session.run(inputs, observer: { found.add($0, $1) })
    return found.means
  }

  /// Adds a value of a run; other values than those that weights read are ignored.
  package func add(_ name: String, _ tensor: Inference.Tensor) {
    guard let dimension = wanted[name], let (squares, count) = Self.squares(of: tensor, dimension) else {
      return
    }
    sums.withLock { sums in
      if let known = sums[name], known.squares.count == squares.count {
        sums[name] = (zip(known.squares, squares).map { $0 + $1 }, known.count + count)
      } else {
        sums[name] = (squares, count)
      }
    }
  }

  /// For each value, the mean square at each position of its channels.
  package var means: [String: [Double]] {
    sums.withLock { $0.mapValues { sum in sum.squares.map { $0 / Double(sum.count) } } }
  }

  /// The sums of squares by position of a dimension, and the number of elements of each; nil if the elements are not
  /// floating-point numbers.
  private static func squares(of tensor: Inference.Tensor, _ dimension: Int) -> ([Double], Int)? {
    let dimension = dimension < 0 ? tensor.shape.count + dimension : dimension
    guard tensor.shape.indices.contains(dimension), tensor.count > 0 else { return nil }
    let extent = tensor.shape[dimension]
    let stride = tensor.shape[(dimension + 1)...].reduce(1, *)
    var sums = [Double](repeating: 0, count: extent)
    func add<T: BitwiseCopyable>(_: T.Type, _ value: (T) -> Double) {
      tensor.withBytes { bytes in
        for index in 0..<tensor.count {
          let number = value(bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<T>.size, as: T.self))
          sums[index / stride % extent] += number * number
        }
      }
    }
    switch tensor.type {
    case .float: add(Float.self) { Double($0) }
    case .double: add(Double.self) { $0 }
    case .float16: add(Float16.self) { Double($0) }
    default: return nil
    }
    return (sums, tensor.count / extent)
  }
}
