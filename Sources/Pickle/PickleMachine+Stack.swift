extension PickleMachine {
  mutating func push(_ ref: PickleRef) throws(PickleError) {
    if stack.count >= limits.stack { throw tooMany("values on the stack", limits.stack) }
    stack.append(ref)
  }

  /// Makes a value without pushing it.
  mutating func make(_ node: PickleTree.Node) throws(PickleError) -> PickleRef {
    if tree.nodes.count >= limits.nodes { throw tooMany("values", limits.nodes) }
    try countMembers(node.children.count)
    tree.nodes.append(node)
    return PickleRef(tree.nodes.count - 1)
  }

  mutating func countMembers(_ count: Int) throws(PickleError) {
    members += count
    if members > limits.members { throw tooMany("members of containers", limits.members) }
  }

  /// Removes the top value; throws if there is a mark above it.
  mutating func pop() throws(PickleError) -> PickleRef {
    guard stack.count > marks.last ?? 0, let top = stack.popLast() else {
      throw refusal(.stack, "a value on the stack", "none")
    }
    return top
  }

  /// The top value; it is not removed.
  func top() throws(PickleError) -> PickleRef {
    guard stack.count > marks.last ?? 0, let top = stack.last else {
      throw refusal(.stack, "a value on the stack", "none")
    }
    return top
  }

  /// Removes everything above the last mark, and the mark.
  mutating func popToMark() throws(PickleError) -> [PickleRef] {
    guard let mark = marks.popLast() else { throw refusal(.stack, "a mark on the stack", "none") }
    let values = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return values
  }

  mutating func arrangeStack(_ opcode: PickleOpcode) throws(PickleError) {
    switch opcode {
    case .mark:
      if marks.count >= limits.stack { throw tooMany("marks on the stack", limits.stack) }
      marks.append(stack.count)
    case .popMark: _ = try popToMark()
    case .dup: try push(try top())
    default:
      // As in CPython: if there is nothing above the last mark, the mark is removed.
      if let mark = marks.last, mark == stack.count { marks.removeLast() } else { _ = try pop() }
    }
  }

  mutating func useMemo(_ opcode: PickleOpcode) throws(PickleError) {
    switch opcode {
    case .put: try remember(try memoNumber())
    case .binPut: try remember(try cursor.number(1))
    case .longBinPut: try remember(try cursor.number(4))
    case .memoize: try remember(UInt64(memo.count))
    case .get: try recall(try memoNumber())
    case .binGet: try recall(try cursor.number(1))
    default: try recall(try cursor.number(4))
    }
  }

  private mutating func remember(_ number: UInt64) throws(PickleError) {
    let value = try top()
    memo[number] = value
    if memo.count > limits.memo { throw tooMany("values in the memo", limits.memo) }
  }

  private mutating func recall(_ number: UInt64) throws(PickleError) {
    guard let value = memo[number] else {
      throw refusal(.memo, "memo entry \(number)", "none")
    }
    try push(value)
  }

  private func memoNumber() throws(PickleError) -> UInt64 {
    let text = String(decoding: try cursor.line(limit: 20), as: UTF8.self)
    guard let number = UInt64(text) else { throw refusal(.argument, "a number in the memo", "another text") }
    return number
  }
}
