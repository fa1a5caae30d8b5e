internal import Synchronization
package import TensorStreams

/// The elements of the tensors of a network's graph, by their numbers in the graph.
package struct NetworkTensors: TensorReading {
  private let graph: [NetworkGraph.Elements]
  private let firstNumber: Int
  private let elements: any PartitionTensors
  /// The model's own tensors, which have lower numbers: those of subgraphs, and small ones for the walk.
  private let whole: any TensorReading

  /// - Parameter elements: the network's part of the partition's tensors, by their numbers.
  package init(_ graph: NetworkGraph, elements: any PartitionTensors, whole: any TensorReading) {
    self.graph = graph.elements
    firstNumber = graph.firstNumber
    self.elements = elements
    self.whole = whole
  }

  package var path: String { whole.path }

  package func reader(of number: Int) throws -> any TensorByteReader {
    if number < firstNumber { return try whole.reader(of: number) }
    guard graph.indices.contains(number - firstNumber) else {
      throw TensorStreamError.unknown(path: path, number: number)
    }
    switch graph[number - firstNumber] {
    case .tensor(let tensor): return try elements.reader(of: tensor)
    case .small(let bytes): return MemoryReader(bytes)
    }
  }
}

/// Keeps small tensors in memory, because they are needed twice: to check a graph, and to write it.
package final class KeptTensors: PartitionTensors {
  /// The most bytes kept in total (`limit`) and of one tensor (`smallLimit`); other tensors are read each time.
  private static let limit = 16 << 20
  private static let smallLimit = 1 << 16

  private let tensors: any PartitionTensors
  private let kept = Mutex<(tensors: [Int: [UInt8]], bytes: Int)>(([:], 0))

  package init(_ tensors: any PartitionTensors) { self.tensors = tensors }

  package var path: String { tensors.path }

  package func reader(of number: Int) throws -> any TensorByteReader {
    if let known = kept.withLock({ $0.tensors[number] }) { return MemoryReader(known) }
    let reader = try tensors.reader(of: number)
    guard reader.remaining <= Self.smallLimit else { return reader }
    let bytes = try reader.rest()
    kept.withLock { kept in
      guard kept.bytes + bytes.count <= Self.limit else { return }
      kept.tensors[number] = bytes
      kept.bytes += bytes.count
    }
    return MemoryReader(bytes)
  }
}
