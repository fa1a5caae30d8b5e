internal import Inference
internal import ONNXGraph
internal import Planning
package import SubNetworks
internal import Synchronization
internal import Tensors

/// The mean squares of a network's channels on samples.
package enum ActivationMeans {
  /// Runs the whole network once.
  ///
  /// - Parameter samples: the inputs; the more samples the batch has, the better the means.
  /// - Returns: for each value that a weight reads, the mean square at each position of its channels.
  package static func of(
    _ network: NetworkModel, samples: FileInputs, threads: Int
  ) throws -> [String: [Double]] {
    let wanted = GraphSides(network.model.graph).values
    _ = try samples.shapes(for: network.model)
    let session = try Session(
      network.model, supplier: network.whole, backend: .fast, threads: threads, limits: RunLimits())
    let found = Mutex<[String: [Double]]>([:])
    let inputs = try samples.tensors(for: session, model: network.model)
    let observe: @Sendable (String, Inference.Tensor) -> Void = { name, tensor in
      guard let dimension = wanted[name], let means = means(of: tensor, dimension) else { return }
      found.withLock { $0[name] = means }
    }
    for (name, tensor) in inputs { observe(name, tensor) }
    _ = try session.run(inputs, observer: observe)
    return found.withLock { $0 }
  }

  /// The mean squares by position of a dimension; nil if the elements are not floating-point numbers.
  private static func means(of tensor: Inference.Tensor, _ dimension: Int) -> [Double]? {
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
    return sums.map { $0 / Double(tensor.count / extent) }
  }
}
