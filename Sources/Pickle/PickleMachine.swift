/// Executes a pickle's instructions on a stack of inert values.
///
/// It supports every instruction of protocols 0 to 5, and none of them looks anything up or calls anything: a global is
/// its name, and a call is a value with the name and the arguments. `PickleLimits` limits time and memory, whatever the
/// pickle contains.
package struct PickleMachine {
  let cursor: PickleCursor
  let limits: PickleLimits
  var tree = PickleTree()
  var stack: [PickleRef] = []
  /// The heights of the stack at its marks.
  var marks: [Int] = []
  var memo: [UInt64: PickleRef] = [:]
  var globalNumbers: [PickleGlobal: Int] = [:]
  var textBytes = 0
  var members = 0
  /// The position of the current instruction.
  var start = 0
  /// Values that are made once and used wherever they occur.
  var shared: [Int: PickleRef] = [:]
  var singletons: [PickleTree.Kind: PickleRef] = [:]
  var textNumbers: [String: PickleRef] = [:]

  private init(_ input: any PickleInput, from offset: Int, limits: PickleLimits) {
    cursor = PickleCursor(input, from: offset)
    self.limits = limits
  }

  /// Reads the pickle that begins at `offset` of `input`.
  package static func read(
    _ input: any PickleInput, from offset: Int = 0, limits: PickleLimits = PickleLimits()
  ) throws(PickleError) -> PickleTree {
    var machine = PickleMachine(input, from: offset, limits: limits)
    try machine.run()
    return machine.tree
  }

  /// Reads up to the first error: Python would have executed everything before it.
  package static func readWhatCanBe(
    _ input: any PickleInput, from offset: Int = 0, limits: PickleLimits = PickleLimits()
  ) -> (tree: PickleTree, error: PickleError?) {
    var machine = PickleMachine(input, from: offset, limits: limits)
    do throws(PickleError) {
      try machine.run()
      return (machine.tree, nil)
    } catch {
      machine.tree.end = machine.cursor.offset
      return (machine.tree, error)
    }
  }

  private mutating func run() throws(PickleError) {
    var instructions = 0
    while true {
      start = cursor.offset
      instructions += 1
      if instructions > limits.instructions { throw tooMany("instructions", limits.instructions) }
      let byte = try cursor.byte()
      guard let opcode = PickleOpcode(rawValue: byte) else {
        throw refusal(.opcode, "an instruction of a pickle", "the byte 0x" + String(byte, radix: 16))
      }
      if opcode == .stop {
        tree.root = try pop()
        tree.end = cursor.offset
        return
      }
      try perform(opcode)
    }
  }

  private mutating func perform(_ opcode: PickleOpcode) throws(PickleError) {
    switch opcode {
    case .stop, .readOnlyBuffer: return
    case .proto: try requireVersion()
    case .frame: _ = try cursor.length(8)
    case .mark, .pop, .popMark, .dup: try arrangeStack(opcode)
    case .put, .binPut, .longBinPut, .memoize, .get, .binGet, .longBinGet: try useMemo(opcode)
    case .none, .newTrue, .newFalse, .int, .binInt, .binInt1, .binInt2, .long, .long1, .long4, .float,
      .binFloat:
      try pushNumber(opcode)
    case .string, .binString, .shortBinString, .unicode, .binUnicode, .shortBinUnicode, .binUnicode8,
      .binBytes,
      .shortBinBytes, .binBytes8, .byteArray8, .nextBuffer:
      try pushText(opcode)
    case .emptyList, .emptyTuple, .emptyDict, .emptySet, .list, .tuple, .dict, .frozenSet, .tuple1, .tuple2,
      .tuple3:
      try pushContainer(opcode)
    case .append, .appends, .addItems, .setItem, .setItems: try fillContainer(opcode)
    case .global, .stackGlobal, .ext1, .ext2, .ext4: try pushGlobal(opcode)
    case .reduce, .newObj, .newObjEx, .inst, .obj, .build, .persID, .binPersID: try makeObject(opcode)
    }
  }

  private func requireVersion() throws(PickleError) {
    let version = try cursor.byte()
    guard version <= 5 else { throw refusal(.version, "a pickle of protocol 0 to 5", "\(version)") }
  }

  func refusal(_ defect: PickleDefect, _ expected: String, _ found: String) -> PickleError {
    .refused(defect, offset: start, expected: expected, found: found)
  }

  func tooMany(_ what: String, _ limit: Int) -> PickleError {
    refusal(.limit, "at most \(limit) \(what)", "more")
  }
}
