package import ONNXGraph
internal import Synchronization

/// Tensors of one element type, in order; a value that never changes.
///
/// A loop that appends to a sequence makes a sequence for each trip. These share one list, of which each sees the first
/// `count` tensors, so that n trips copy n references and not n².
package struct TensorSequence: Sendable {
  package let type: ElementType
  package let count: Int
  private let list: TensorList

  init(_ type: ElementType, _ tensors: [Tensor], _ budget: RunBudget) throws(OperatorError) {
    for tensor in tensors { try Self.check(tensor, type) }
    self.init(type, tensors.count, try TensorList(tensors, budget))
  }

  private init(_ type: ElementType, _ count: Int, _ list: TensorList) {
    self.type = type
    self.count = count
    self.list = list
  }

  package var tensors: [Tensor] { list.first(count) }

  /// The tensor at a place of 0 to `count` − 1.
  package subscript(_ place: Int) -> Tensor { list[place] }

  /// The sequence with another tensor at a place of 0 to `count`.
  func inserting(_ tensor: Tensor, at place: Int) throws(OperatorError) -> TensorSequence {
    try Self.check(tensor, type)
    // An empty sequence may live as long as the run, and must not keep what loops append to it.
    if place == count, count > 0, try list.append(tensor, after: count) {
      return TensorSequence(type, count + 1, list)
    }
    try list.budget.spend(count, Self.copyCost)
    var tensors = tensors
    tensors.insert(tensor, at: place)
    return TensorSequence(type, count + 1, try TensorList(tensors, list.budget))
  }

  /// The sequence without the tensor at a place of 0 to `count` − 1.
  func removing(at place: Int) throws(OperatorError) -> TensorSequence {
    if place == count - 1, count > 1 { return TensorSequence(type, count - 1, list) }
    try list.budget.spend(count, Self.copyCost)
    var tensors = tensors
    tensors.remove(at: place)
    return TensorSequence(type, count - 1, try TensorList(tensors, list.budget))
  }

  /// The steps for copying a reference to a tensor: it counts two references and moves five words.
  static let copyCost = 16

  private static func check(_ tensor: Tensor, _ type: ElementType) throws(OperatorError) {
    guard tensor.type == type else {
      throw OperatorError("tensors of \(type.name) in the sequence", found: tensor.type.name)
    }
  }
}

/// The tensors of sequences of which each begins with the shorter ones. The budget counts the references.
private final class TensorList: Sendable {
  let budget: RunBudget
  private let tensors: Mutex<[Tensor]>

  init(_ tensors: [Tensor], _ budget: RunBudget) throws(OperatorError) {
    try budget.take(bytes: tensors.count * RunBudget.referenceBytes)
    self.budget = budget
    self.tensors = Mutex(tensors)
  }

  subscript(_ place: Int) -> Tensor { tensors.withLock { $0[place] } }

  func first(_ count: Int) -> [Tensor] { tensors.withLock { Array($0.prefix(count)) } }

  /// Appends a tensor if there are `count`; false if another sequence has already appended one.
  func append(_ tensor: Tensor, after count: Int) throws(OperatorError) -> Bool {
    try budget.take(bytes: RunBudget.referenceBytes)
    let isAppended = tensors.withLock { tensors in
      guard tensors.count == count else { return false }
      tensors.append(tensor)
      return true
    }
    if !isAppended { budget.release(bytes: RunBudget.referenceBytes) }
    return isAppended
  }

  deinit { budget.release(bytes: tensors.withLock { $0.count } * RunBudget.referenceBytes) }
}
