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

/// Keeps tensors in memory that are needed again: to check a graph and to write it, or in several sub-networks.
package final class KeptTensors: PartitionTensors {
  private let limit: Int
  private let smallLimit: Int
  private let tensors: any TensorReading
  private let kept = Mutex<(tensors: [Int: [UInt8]], bytes: Int)>(([:], 0))

  /// - Parameters:
  ///   - limit: the most bytes kept in total; tensors beyond it are read each time.
  ///   - smallLimit: the most bytes kept of one tensor; larger ones are read each time.
  package init(_ tensors: any TensorReading, limit: Int = 16 << 20, smallLimit: Int = 1 << 16) {
    self.tensors = tensors
    self.limit = limit
    self.smallLimit = smallLimit
  }

  package var path: String { tensors.path }

  package func reader(of number: Int) throws -> any TensorByteReader {
    if let known = kept.withLock({ $0.tensors[number] }) { return MemoryReader(known) }
    let reader = try tensors.reader(of: number)
    guard reader.remaining <= smallLimit else { return reader }
    let bytes = try reader.rest()
    kept.withLock { kept in
      guard kept.tensors[number] == nil, kept.bytes + bytes.count <= limit else { return }
      kept.tensors[number] = bytes
      kept.bytes += bytes.count
    }
    return MemoryReader(bytes)
  }
}
