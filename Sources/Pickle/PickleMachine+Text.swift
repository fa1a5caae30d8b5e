extension PickleMachine {
  mutating func pushText(_ opcode: PickleOpcode) throws(PickleError) {
    switch opcode {
    case .string: try push(quoted: try cursor.line(limit: limits.line))
    case .unicode: try push(escaped: try cursor.line(limit: limits.line))
    // Python 2 wrote all its strings, including names, as bytes.
    case .shortBinString, .shortBinUnicode:
      try push(textOf: try cursor.length(1), must: opcode != .shortBinString)
    case .binString, .binUnicode: try push(textOf: try cursor.length(4), must: opcode == .binUnicode)
    case .binUnicode8: try push(textOf: try cursor.length(8), must: true)
    case .shortBinBytes: try push(opaque: try cursor.length(1))
    case .binBytes: try push(opaque: try cursor.length(4))
    case .binBytes8, .byteArray8: try push(opaque: try cursor.length(8))
    default: try push(opaque: PickleRun(offset: cursor.offset, count: 0, coding: .absent))
    }
  }

  private mutating func push(opaque count: Int) throws(PickleError) {
    try push(opaque: try skipped(count, .plain))
  }

  private mutating func push(opaque run: PickleRun) throws(PickleError) {
    tree.runs.append(run)
    try push(try make(.init(kind: .opaque, value: tree.runs.count - 1)))
  }

  private func skipped(_ count: Int, _ coding: PickleRun.Coding) throws(PickleError) -> PickleRun {
    let run = PickleRun(offset: cursor.offset, count: count, coding: coding)
    try cursor.skip(count)
    return run
  }

  /// Pushes the next `count` bytes as text. If they are not UTF-8, this is an error with `must`, and an opaque value
  /// without.
  private mutating func push(textOf count: Int, must: Bool) throws(PickleError) {
    let coding: PickleRun.Coding = must ? .latin1 : .plain
    if count > limits.text { return try push(opaque: try skipped(count, coding)) }
    let run = PickleRun(offset: cursor.offset, count: count, coding: coding)
    let bytes = try cursor.bytes(count)
    if let text = String(validating: bytes, as: UTF8.self) { return try push(text: text, run) }
    // Python writes a lone surrogate as three bytes, which UTF-8 forbids. No tensor has such a name.
    try push(opaque: run)
    if must && !Self.isSurrogateText(bytes) {
      throw refusal(.argument, "text in UTF-8", "bytes that are not UTF-8")
    }
  }

  /// Whether `bytes` are UTF-8, apart from lone surrogates.
  private static func isSurrogateText(_ bytes: [UInt8]) -> Bool {
    var rest: [UInt8] = []
    var place = 0
    while place < bytes.count {
      if bytes[place] == 0xED, place + 2 < bytes.count, (0xA0...0xBF).contains(bytes[place + 1]),
        (0x80...0xBF).contains(bytes[place + 2])
      {
        place += 3
      } else {
        rest.append(bytes[place])
        place += 1
      }
    }
    return String(validating: rest, as: UTF8.self) != nil
  }

  mutating func push(text: String, _ run: PickleRun) throws(PickleError) {
    // If the text is not ASCII, another coding has other bytes for it.
    let isShared = run.coding == .latin1 || text.utf8.allSatisfy { $0 < 0x80 } && run.coding != .absent
    if isShared, let known = textNumbers[text] { return try push(known) }
    textBytes += text.utf8.count + 16
    if textBytes > limits.textBytes { throw tooMany("bytes of text", limits.textBytes) }
    tree.texts.append(text)
    tree.textRuns.append(run)
    let ref = try make(.init(kind: .text, value: tree.texts.count - 1))
    // Pickles without a memo repeat the names of storages and devices.
    if isShared, textNumbers.count < 4096, text.utf8.count <= 64 { textNumbers[text] = ref }
    try push(ref)
  }

  /// Pushes a Python 2 string from its `repr`: in quotes, with escapes.
  private mutating func push(quoted line: [UInt8]) throws(PickleError) {
    let trimmed = line.last == UInt8(ascii: "\r") ? line.dropLast() : line[...]
    guard trimmed.count >= 2, let quote = trimmed.first, trimmed.last == quote,
      quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"")
    else { throw refusal(.argument, "a string in quotes", "another text") }
    let inner = Array(trimmed.dropFirst().dropLast())
    guard let bytes = PickleEscapes.bytes(inner) else {
      throw refusal(.argument, "a string with Python's escapes", "other escapes")
    }
    let run = PickleRun(offset: start, count: bytes.count, coding: .absent)
    if let text = String(validating: bytes, as: UTF8.self) { return try push(text: text, run) }
    try push(opaque: run)
  }

  /// Pushes text of protocol 0: Latin-1 with \u escapes.
  private mutating func push(escaped line: [UInt8]) throws(PickleError) {
    guard let text = PickleEscapes.text(line) else {
      throw refusal(.argument, "text with \\u escapes", "other escapes")
    }
    try push(text: text, PickleRun(offset: start, count: line.count, coding: .held))
  }
}
