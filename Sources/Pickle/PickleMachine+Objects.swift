extension PickleMachine {
  mutating func pushGlobal(_ opcode: PickleOpcode) throws(PickleError) {
    switch opcode {
    case .global: try push(try global(PickleGlobal(try name(), try name())))
    case .stackGlobal:
      let name = try pop()
      let module = try pop()
      guard case .text(let moduleText) = tree.value(module), case .text(let nameText) = tree.value(name)
      else {
        throw refusal(
          .stack, "the names of a module and of something in it",
          "\(kindInWords(module.index)) and \(kindInWords(name.index))")
      }
      try push(try global(PickleGlobal(moduleText, nameText)))
    case .ext1: try pushExtension(1)
    case .ext2: try pushExtension(2)
    default: try pushExtension(4)
    }
  }

  /// Pushes a global for a registered number; only a running Python knows which global it is.
  private mutating func pushExtension(_ width: Int) throws(PickleError) {
    let code = try cursor.number(width)
    try push(try global(PickleGlobal("copyreg", "extension \(code)")))
  }

  private func name() throws(PickleError) -> String {
    let bytes = try cursor.line(limit: 4096)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw refusal(.argument, "the name of a global in UTF-8", "bytes that are not UTF-8")
    }
    return text
  }

  private mutating func global(_ global: PickleGlobal) throws(PickleError) -> PickleRef {
    if let number = globalNumbers[global] { return try make(.init(kind: .global, value: number)) }
    textBytes += global.module.utf8.count + global.name.utf8.count + 64
    if textBytes > limits.textBytes { throw tooMany("bytes of text", limits.textBytes) }
    tree.globals.append(global)
    globalNumbers[global] = tree.globals.count - 1
    return try make(.init(kind: .global, value: tree.globals.count - 1))
  }

  mutating func makeObject(_ opcode: PickleOpcode) throws(PickleError) {
    switch opcode {
    case .reduce, .newObj:
      let arguments = try pop()
      let callable = try pop()
      try pushObject(callable, arguments)
    case .newObjEx:
      let keywords = try pop()
      let arguments = try pop()
      let callable = try pop()
      try pushObject(callable, arguments)
      guard tree.nodes[keywords.index].kind == .dictionary else {
        throw refusal(.stack, "a dictionary of arguments", kindInWords(keywords.index))
      }
      let pairs = tree.nodes[keywords.index].children
      try countMembers(pairs.count)
      let place = additions(of: try top().index)
      tree.additions[place].entries += pairs
    case .inst:
      let callable = try global(PickleGlobal(try name(), try name()))
      let values = try popToMark()
      try pushObject(callable, try make(.init(kind: .tuple, children: values)))
    case .obj:
      let values = try popToMark()
      guard let callable = values.first else { throw refusal(.stack, "a class above the mark", "nothing") }
      try pushObject(callable, try make(.init(kind: .tuple, children: Array(values.dropFirst()))))
    case .build:
      let state = try pop()
      try build(state)
    case .binPersID:
      let id = try pop()
      try push(try make(.init(kind: .persistent, children: [id])))
    default:
      let line = try cursor.line(limit: limits.line)
      try push(
        text: String(decoding: line, as: UTF8.self),
        PickleRun(offset: start, count: line.count, coding: .absent))
      let id = try pop()
      try push(try make(.init(kind: .persistent, children: [id])))
    }
  }

  private mutating func pushObject(_ callable: PickleRef, _ arguments: PickleRef) throws(PickleError) {
    // PyTorch before 1.6 stored the source of a module's class next to the pickle, so a class may be persistent.
    guard [.global, .object, .persistent].contains(tree.nodes[callable.index].kind) else {
      throw refusal(.stack, "a class or a function to call", kindInWords(callable.index))
    }
    guard tree.nodes[arguments.index].kind == .tuple else {
      throw refusal(.stack, "a tuple of arguments", kindInWords(arguments.index))
    }
    try push(try make(.init(kind: .object, children: [callable, arguments])))
  }

  /// Gives the top value its state. A state for a class itself, which only attacks set, makes a new object.
  private mutating func build(_ state: PickleRef) throws(PickleError) {
    let target = try top()
    switch tree.nodes[target.index].kind {
    case .object:
      try countMembers(1)
      let place = additions(of: target.index)
      tree.additions[place].states.append(state)
    case .global:
      _ = try pop()
      tree.changedGlobals.insert(tree.globals[tree.nodes[target.index].value])
      let arguments = try make(.init(kind: .tuple, children: [state]))
      try push(try make(.init(kind: .object, children: [target, arguments])))
    default: throw refusal(.stack, "an object to give a state", kindInWords(target.index))
    }
  }
}
