internal import ONNXGraph

/// Classes of scalars and escapes.
extension PatternParser {
  /// The rest of `[…]`.
  mutating func bracketClass() throws(OperatorError) -> ScalarClass {
    let isNegated = accept("^")
    var parts: [ScalarClass.Part] = []
    var ranges: [ClosedRange<UInt32>] = []
    var isFirst = true
    // A bracket that is the first member is a literal.
    while isFirst || peek != "]" {
      isFirst = false
      guard let scalar = peek else { throw wrong("a class without end") }
      if scalar == "[", let part = try posixClass() {
        parts.append(part)
        continue
      }
      if scalar == "\\" {
        place += 1
        if let part = try namedClass() {
          parts.append(part)
          continue
        }
        place -= 1
      }
      let first = try member()
      var last = first
      if peek == "-", place + 1 < scalars.count, scalars[place + 1] != "]" {
        place += 1
        last = try member()
      }
      guard first.value <= last.value else { throw wrong("a range in wrong order") }
      ranges.append(first.value...last.value)
    }
    place += 1
    parts.append(ScalarClass.Part(ranges: ranges))
    return ScalarClass(parts, isNegated: isNegated, ignoresCase: flags.ignoresCase)
  }

  private mutating func member() throws(OperatorError) -> Unicode.Scalar {
    guard let scalar = next() else { throw wrong("a class without end") }
    return scalar == "\\" ? try escape() : scalar
  }

  /// `[:name:]` or `[:^name:]`; nil if there is no colon and bracket, so that the first bracket is a literal.
  private mutating func posixClass() throws(OperatorError) -> ScalarClass.Part? {
    guard place + 2 < scalars.count, scalars[place + 1] == ":" else { return nil }
    // No name has more letters.
    let end = scalars[(place + 2)...].prefix(16).firstIndex(of: ":")
    guard let end, end + 1 < scalars.count, scalars[end + 1] == "]" else { return nil }
    place += 2
    let isNegated = accept("^")
    let name = text(place..<max(place, end))
    guard var part = ScalarClass.Part.posix[name] else { throw wrong("the class [:\(name):]") }
    part.isNegated = isNegated
    place = end + 2
    return part
  }

  /// `\d`, `\pL`, `\p{Lu}`, `\p{Greek}` and their negations, after the backslash; nil for other escapes.
  mutating func namedClass() throws(OperatorError) -> ScalarClass.Part? {
    guard let letter = peek else { return nil }
    let lowercase = letter.simpleLowercase
    if var part = ScalarClass.Part.perl[lowercase] {
      place += 1
      part.isNegated = letter != lowercase
      return part
    }
    guard lowercase == "p" else { return nil }
    place += 1
    var isNegated = letter == "P"
    var name: String
    if accept("{") {
      if accept("^") { isNegated.toggle() }
      guard let end = scalars[place...].prefix(64).firstIndex(of: "}") else {
        throw wrong("a class without end")
      }
      name = text(place..<end)
      place = end + 1
    } else {
      guard let short = next() else { throw wrong("a class without a name") }
      name = String(short)
    }
    if name == "Any" { return ScalarClass.Part(ranges: [0...0x10FFFF], isNegated: isNegated) }
    if let categories = Categories(named: name) {
      return ScalarClass.Part(categories: categories, isNegated: isNegated)
    }
    guard let ranges = UnicodeScripts.ranges(of: name) else { throw wrong("the class \(quoted(name))") }
    return ScalarClass.Part(ranges: ranges, isNegated: isNegated)
  }

  /// A single scalar, after the backslash.
  mutating func escape() throws(OperatorError) -> Unicode.Scalar {
    guard let letter = next() else { throw wrong("a backslash") }
    switch letter {
    case "a": return "\u{7}"
    case "f": return "\u{C}"
    case "n": return "\n"
    case "r": return "\r"
    case "t": return "\t"
    case "v": return "\u{B}"
    case "x":
      if !accept("{") { return try scalar(2...2, base: 16) }
      let scalar = try scalar(1...8, base: 16)
      guard accept("}") else { throw wrong("a scalar without end") }
      return scalar
    case "0":
      place -= 1
      return try scalar(1...3, base: 8)
    case "1"..."7":
      // A single digit would be a reference to a group.
      place -= 1
      return try scalar(2...3, base: 8)
    default:
      guard letter.isASCII, !letter.properties.isAlphabetic, !("0"..."9").contains(letter)
      else {
        throw wrong("an unknown escape")
      }
      return letter
    }
  }

  private mutating func scalar(_ counts: ClosedRange<Int>, base: Int) throws(OperatorError) -> Unicode.Scalar
  {
    let start = place
    while let digit = peek, place - start < counts.upperBound, Int(String(digit), radix: base) != nil {
      place += 1
    }
    guard counts.contains(place - start), let value = UInt32(text(start..<place), radix: base),
      let scalar = Unicode.Scalar(value)
    else { throw wrong("no scalar's number") }
    return scalar
  }

  private func text(_ range: Range<Int>) -> String {
    var text = ""
    text.unicodeScalars.append(contentsOf: scalars[range])
    return text
  }
}
