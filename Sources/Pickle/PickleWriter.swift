/// Writes pickles of protocol 2, the one that PyTorch's weights-only loader knows best.
///
/// Names that come again are put away once and called for after that, as Python does.
package struct PickleWriter {
  /// The pickle so far.
  package private(set) var bytes: [UInt8] = [0x80, 2]
  private var memo: [String: UInt32] = [:]

  package init() {}

  private mutating func append(_ opcode: PickleOpcode) { bytes.append(opcode.rawValue) }

  private mutating func append(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Text, in full every time.
  package mutating func text(_ text: String) {
    append(.binUnicode)
    let utf8 = Array(text.utf8)
    append(UInt32(truncatingIfNeeded: utf8.count))
    bytes += utf8
  }

  /// Text that comes again.
  package mutating func sharedText(_ text: String) {
    if recall("text " + text) { return }
    self.text(text)
    remember("text " + text)
  }

  /// The name of a class or a function; neither part has a line break.
  package mutating func global(_ global: PickleGlobal) {
    let key = "global \(global)"
    if recall(key) { return }
    append(.global)
    bytes += Array("\(global.module)\n\(global.name)\n".utf8)
    remember(key)
  }

  /// A whole number.
  package mutating func integer(_ value: Int) {
    if let small = UInt8(exactly: value) {
      append(.binInt1)
      append(small)
    } else if let middle = UInt16(exactly: value) {
      append(.binInt2)
      append(middle)
    } else if let wide = Int32(exactly: value) {
      append(.binInt)
      append(wide)
    } else {
      append(.long1)
      bytes.append(8)
      append(Int64(value))
    }
  }

  /// True or False.
  package mutating func boolean(_ value: Bool) { append(value ? .newTrue : .newFalse) }

  /// A tuple of what `body` writes.
  package mutating func tuple(_ body: (inout PickleWriter) -> Void) {
    append(.mark)
    body(&self)
    append(.tuple)
  }

  /// A tuple of integers.
  package mutating func tuple(_ values: [Int]) {
    tuple { writer in for value in values { writer.integer(value) } }
  }

  /// The call of `function` with the tuple that `body` writes.
  package mutating func call(_ function: PickleGlobal, _ body: (inout PickleWriter) -> Void) {
    global(function)
    tuple(body)
    append(.reduce)
  }

  /// Something outside the pickle, named by the tuple that `body` writes.
  package mutating func persistent(_ body: (inout PickleWriter) -> Void) {
    tuple(body)
    append(.binPersID)
  }

  /// Keys and values, written by `body`, into the dictionary that was written last.
  package mutating func items(_ body: (inout PickleWriter) -> Void) {
    append(.mark)
    body(&self)
    append(.setItems)
  }

  /// The end of the pickle.
  package mutating func stop() { append(.stop) }

  private mutating func recall(_ key: String) -> Bool {
    guard let number = memo[key] else { return false }
    if let small = UInt8(exactly: number) {
      append(.binGet)
      append(small)
    } else {
      append(.longBinGet)
      append(number)
    }
    return true
  }

  private mutating func remember(_ key: String) {
    let number = UInt32(memo.count)
    memo[key] = number
    if let small = UInt8(exactly: number) {
      append(.binPut)
      append(small)
    } else {
      append(.longBinPut)
      append(number)
    }
  }
}
