extension PickleMachine {
  mutating func pushContainer(_ opcode: PickleOpcode) throws(PickleError) {
    switch opcode {
    case .emptyList: try push(try make(.init(kind: .list)))
    case .emptyTuple: try push(try make(.init(kind: .tuple)))
    case .emptyDict: try push(try make(.init(kind: .dictionary)))
    case .emptySet: try push(try make(.init(kind: .set)))
    case .list: try push(try make(.init(kind: .list, children: try popToMark())))
    case .tuple: try push(try make(.init(kind: .tuple, children: try popToMark())))
    case .frozenSet: try push(try make(.init(kind: .set, children: try popToMark())))
    case .dict:
      let pairs = try popToMark()
      try requirePairs(pairs)
      try push(try make(.init(kind: .dictionary, children: pairs)))
    case .tuple1: try pushTuple(1)
    case .tuple2: try pushTuple(2)
    default: try pushTuple(3)
    }
  }

  private mutating func pushTuple(_ count: Int) throws(PickleError) {
    var values: [PickleRef] = []
    for _ in 0..<count { values.append(try pop()) }
    try push(try make(.init(kind: .tuple, children: values.reversed())))
  }

  private func requirePairs(_ values: [PickleRef]) throws(PickleError) {
    guard values.count % 2 == 0 else {
      throw refusal(.stack, "keys and values in turn", "\(values.count) of them")
    }
  }

  mutating func fillContainer(_ opcode: PickleOpcode) throws(PickleError) {
    switch opcode {
    case .append:
      let value = try pop()
      try append([value], to: .list, "a list")
    case .appends:
      let values = try popToMark()
      try append(values, to: .list, "a list")
    case .addItems:
      let values = try popToMark()
      try append(values, to: .set, "a set")
    case .setItem:
      let value = try pop()
      let key = try pop()
      try append([key, value], to: .dictionary, "a dictionary")
    default:
      let values = try popToMark()
      try requirePairs(values)
      try append(values, to: .dictionary, "a dictionary")
    }
  }

  /// Appends to the top value, which must be of this kind, or an object.
  private mutating func append(
    _ values: [PickleRef], to kind: PickleTree.Kind, _ words: String
  ) throws(PickleError) {
    try countMembers(values.count)
    let target = try top().index
    switch tree.nodes[target].kind {
    case kind: tree.nodes[target].children += values
    case .object:
      let place = additions(of: target)
      if kind == .dictionary {
        tree.additions[place].entries += values
      } else {
        tree.additions[place].items += values
      }
    default: throw refusal(.stack, "\(words) to add to", kindInWords(target))
    }
  }

  /// The index in `additions` of the states, entries and items that an object gets later.
  mutating func additions(of target: Int) -> Int {
    if tree.nodes[target].value < 0 {
      tree.additions.append(.init())
      tree.nodes[target].value = tree.additions.count - 1
    }
    return tree.nodes[target].value
  }

  func kindInWords(_ target: Int) -> String {
    switch tree.nodes[target].kind {
    case .none: "None"
    case .boolean: "a truth value"
    case .integer, .bigInteger: "an integer"
    case .real: "a number"
    case .text: "a text"
    case .opaque: "bytes"
    case .list: "a list"
    case .tuple: "a tuple"
    case .set: "a set"
    case .dictionary: "a dictionary"
    case .global: "the global \(tree.globals[tree.nodes[target].value].description.prefix(100))"
    case .object: "an object"
    case .persistent: "a storage"
    }
  }
}
