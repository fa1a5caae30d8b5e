/// Writes pickles of protocol 2, which PyTorch's weights-only loader supports best.
///
/// A name that occurs again is taken from the memo, as Python does.
package struct PickleWriter {
  /// The pickle so far.
  package private(set) var bytes: [UInt8] = [0x80, 2]
  private var memo: [String: UInt32] = [:]

  package init() {}

  private mutating func append(_ opcode: PickleOpcode) { bytes.append(opcode.rawValue) }

  private mutating func append(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Writes the whole text, even if it was written before.
  package mutating func text(_ text: String) {
    append(.binUnicode)
    let utf8 = Array(text.utf8)
    append(UInt32(truncatingIfNeeded: utf8.count))
    bytes += utf8
  }

  /// Writes the whole text the first time, and then a reference to the memo.
  package mutating func sharedText(_ text: String) {
    if recall("text " + text) { return }
    self.text(text)
    remember("text " + text)
  }

  /// Writes the name of a class or a function; neither module nor name has a line break.
  package mutating func global(_ global: PickleGlobal) {
    let key = "global \(global)"
    if recall(key) { return }
    append(.global)
    bytes += Array("\(global.module)\n\(global.name)\n".utf8)
    remember(key)
  }

  /// Writes a whole number.
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

  /// Writes None.
  package mutating func none() { append(.none) }

  /// Writes a float, with all of its bits.
  package mutating func real(_ bits: UInt64) {
    append(.binFloat)
    append(bits.byteSwapped)
  }

  /// Writes a list of the values that `body` writes.
  package mutating func list(_ body: (inout PickleWriter) -> Void) {
    append(.emptyList)
    append(.mark)
    body(&self)
    append(.appends)
  }

  /// Writes a dictionary of the keys and values that `body` writes.
  package mutating func dictionary(_ body: (inout PickleWriter) -> Void) {
    append(.emptyDict)
    items(body)
  }

  /// Writes True or False.
  package mutating func boolean(_ value: Bool) { append(value ? .newTrue : .newFalse) }

  /// Writes a tuple of the values that `body` writes.
  package mutating func tuple(_ body: (inout PickleWriter) -> Void) {
    append(.mark)
    body(&self)
    append(.tuple)
  }

  /// Writes a tuple of integers.
  package mutating func tuple(_ values: [Int]) {
    tuple { writer in for value in values { writer.integer(value) } }
  }

  /// Writes the call of `function` with the tuple that `body` writes.
  package mutating func call(_ function: PickleGlobal, _ body: (inout PickleWriter) -> Void) {
    global(function)
    tuple(body)
    append(.reduce)
  }

  /// Writes a reference to an object outside the pickle; the tuple that `body` writes names it.
  package mutating func persistent(_ body: (inout PickleWriter) -> Void) {
    tuple(body)
    append(.binPersID)
  }

  /// Adds the keys and values that `body` writes to the dictionary that was written last.
  package mutating func items(_ body: (inout PickleWriter) -> Void) {
    append(.mark)
    body(&self)
    append(.setItems)
  }

  /// Ends the pickle.
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
