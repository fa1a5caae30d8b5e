package import TensorStreams
internal import Tensors
package import UnitCheckpoints

/// The weights of a checkpoint with the state of their optimizer, or that state alone.
package struct StoredTraining: TensorSource {
  private let checkpoint: UnitCheckpoint
  private let numbers: [Int]
  package let tensors: [SourceTensor]

  /// - Parameter isAlone: whether the weights are not among the tensors.
  package init(
    _ checkpoint: UnitCheckpoint, _ weights: StoredInput, _ optimizer: StoredOptimizer?, alone isAlone: Bool
  ) {
    self.checkpoint = checkpoint
    let state = Array(optimizer?.numbers ?? 0..<0)
    numbers = (isAlone ? [] : Array(weights.numbers)) + state
    tensors = (isAlone ? [] : weights.tensors) + state.map { checkpoint.tensors[$0] }
  }

  package var path: String { checkpoint.path }
  package var sharesTiedBytes: Bool { true }

  package func reader(of number: Int) throws -> any TensorByteReader {
    guard numbers.indices.contains(number) else {
      throw TensorStreamError.unknown(path: path, number: number)
    }
    return try checkpoint.reader(of: numbers[number])
  }
}
