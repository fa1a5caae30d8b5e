internal import ONNXGraph
internal import Tensors

/// Reads a regular expression in RE2's syntax (github.com/google/re2/wiki/Syntax) and compiles it.
///
/// As in RE2, `^` and `$` are the ends of the text without the flag `m`, and operators such as `a**` cannot be stacked.
/// `\C`, a single byte, is refused: texts are matched scalar by scalar. Captures have no meaning here, nor has the
/// choice between greedy and lazy operators.
struct PatternParser {
  /// RE2's limits: groups inside groups, and the product of the counts of repetitions inside repetitions.
  static let depthLimit = 1000
  static let repetitionLimit = 1000
  /// The most steps of a compiled expression.
  static let stepLimit = 1 << 17

  struct Flags {
    var ignoresCase = false
    var isMultiline = false
    var dotIsAny = false
  }

  /// An open group.
  private struct Group {
    var flags: Flags
    var alternatives: [[Pattern.Step]] = []
    /// The current alternative.
    var steps: [Pattern.Step] = []
    /// Where the last item begins, to which an operator may apply, and its greatest product of repetitions.
    var item: (start: Int, repetitions: Int)?
    /// Whether the last item ends with an operator.
    var isRepeated = false
    var repetitions = 1
  }

  let scalars: [Unicode.Scalar]
  var place = 0
  private var groups = [Group(flags: Flags())]
  private var names: Set<String> = []
  private var classes: [ScalarClass] = []
  /// The steps in all open groups.
  private var total = 0

  private let budget: RunBudget

  private init(_ text: String, _ budget: RunBudget) {
    scalars = Array(text.unicodeScalars)
    self.budget = budget
  }

  /// The compiled expression. The steps that compiling copies are spent on `budget`.
  static func pattern(_ text: String, _ budget: RunBudget) throws(OperatorError) -> Pattern {
    var parser = PatternParser(text, budget)
    return try parser.pattern()
  }

  private mutating func pattern() throws(OperatorError) -> Pattern {
    while let scalar = next() { try read(scalar) }
    guard groups.count == 1 else { throw wrong("a group without end") }
    return Pattern(steps: try closeGroup().steps, classes: classes)
  }

  /// The innermost open group.
  private var top: Int { groups.count - 1 }

  var flags: Flags { groups[top].flags }

  private mutating func read(_ scalar: Unicode.Scalar) throws(OperatorError) {
    switch scalar {
    case "(": try openGroup()
    case ")":
      guard groups.count > 1 else { throw wrong("an end without its group") }
      let (steps, repetitions) = try closeGroup()
      groups.removeLast()
      try append(steps, repetitions: repetitions)
    case "|":
      groups[top].alternatives.append(groups[top].steps)
      groups[top].steps = []
      groups[top].item = nil
      groups[top].isRepeated = false
    case "*": try repeatItem(0, nil)
    case "+": try repeatItem(1, nil)
    case "?": try repeatItem(0, 1)
    case "{":
      if let (least, most) = counts() { try repeatItem(least, most) } else { try append(scalar) }
    case "^": try append([.assert(flags.isMultiline ? .lineStart : .textStart)])
    case "$": try append([.assert(flags.isMultiline ? .lineEnd : .textEnd)])
    case ".":
      let newline = ScalarClass.Part(ranges: [10...10], isNegated: true)
      try append(ScalarClass([flags.dotIsAny ? .everything : newline]))
    case "[": try append(try bracketClass())
    case "\\": try readEscape()
    default: try append(scalar)
    }
  }

  private mutating func readEscape() throws(OperatorError) {
    switch peek {
    case "b": try appendEscape(.wordBoundary)
    case "B": try appendEscape(.noWordBoundary)
    case "A": try appendEscape(.textStart)
    case "z": try appendEscape(.textEnd)
    case "C": throw .unsupported("a regular expression of scalars", found: "\\C, a single byte")
    case "Q":
      place += 1
      while let scalar = next() {
        if scalar == "\\", accept("E") { return }
        try append(scalar)
      }
    default:
      if let part = try namedClass() {
        try append(ScalarClass([part], ignoresCase: flags.ignoresCase))
      } else {
        try append(try escape())
      }
    }
  }

  private mutating func appendEscape(_ assertion: Pattern.Assertion) throws(OperatorError) {
    place += 1
    try append([.assert(assertion)])
  }

  private mutating func append(_ scalar: Unicode.Scalar) throws(OperatorError) {
    if flags.ignoresCase, scalar.caseOrbit.count > 1 {
      let range = scalar.value...scalar.value
      try append(ScalarClass([ScalarClass.Part(ranges: [range])], ignoresCase: true))
    } else {
      try append([.scalar(scalar)])
    }
  }

  private mutating func append(_ scalars: ScalarClass) throws(OperatorError) {
    classes.append(scalars)
    try append([.member(classes.count - 1)])
  }

  private mutating func append(_ steps: [Pattern.Step], repetitions: Int = 1) throws(OperatorError) {
    groups[top].item = (groups[top].steps.count, repetitions)
    groups[top].isRepeated = false
    groups[top].repetitions = max(groups[top].repetitions, repetitions)
    try grow(by: steps.count)
    groups[top].steps += steps
  }

  private mutating func grow(by count: Int) throws(OperatorError) {
    try budget.spend(count)
    total += count
    guard total <= Self.stepLimit else {
      throw OperatorError(
        "a regular expression of at most \(Self.stepLimit.grouped) steps", found: "more", kind: .budget)
    }
  }

  // MARK: Groups

  private mutating func openGroup() throws(OperatorError) {
    var flags = flags
    if accept("?") {
      if accept("P") || peek == "<" {
        try readName()
      } else if try readFlags(&flags) {
        groups[top].flags = flags
        groups[top].isRepeated = false
        return
      }
    }
    guard groups.count <= Self.depthLimit else {
      throw wrong("more than \(Self.depthLimit) groups inside groups")
    }
    groups.append(Group(flags: flags))
  }

  private mutating func readName() throws(OperatorError) {
    guard accept("<") else { throw wrong("a group without a name") }
    var name = ""
    while let scalar = next(), scalar != ">" {
      let isWord =
        scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType == .decimal
      guard isWord else { throw wrong("a name of a group that is no word") }
      name.unicodeScalars.append(scalar)
    }
    guard !name.isEmpty, place > 0, scalars[place - 1] == ">" else { throw wrong("a group without a name") }
    guard names.insert(name).inserted else { throw wrong("two groups with one name") }
  }

  /// Reads the flags after `(?`; true if they apply to the rest of the open group, false if they begin a new one.
  private mutating func readFlags(_ flags: inout Flags) throws(OperatorError) -> Bool {
    var (isSet, sawFlag) = (true, false)
    while let scalar = next() {
      switch scalar {
      case "i": flags.ignoresCase = isSet
      case "m": flags.isMultiline = isSet
      case "s": flags.dotIsAny = isSet
      case "U": break
      case "-":
        guard isSet else { throw wrong("two minus signs in flags") }
        isSet = false
        sawFlag = false
        continue
      case ")", ":":
        guard isSet || sawFlag else { throw wrong("a minus sign without flags") }
        return scalar == ")"
      default: throw wrong("an unknown flag")
      }
      sawFlag = true
    }
    throw wrong("a group without end")
  }

  /// The steps of the open group: all but the last alternative begin with a split and end with a jump to the end.
  private mutating func closeGroup() throws(OperatorError) -> (steps: [Pattern.Step], repetitions: Int) {
    let alternatives = groups[top].alternatives + [groups[top].steps]
    let added = 2 * (alternatives.count - 1)
    try grow(by: added)
    let count = alternatives.reduce(added) { $0 + $1.count }
    var steps: [Pattern.Step] = []
    for alternative in alternatives.dropLast() {
      steps.append(.split(1, alternative.count + 2))
      steps += alternative
      steps.append(.jump(count - steps.count))
    }
    try budget.spend(count)
    // The group around this one adds them again.
    total -= count
    return (steps + (alternatives.last ?? []), groups[top].repetitions)
  }

  // MARK: Repetitions

  /// Reads `n}`, `n,}` or `n,m}`; anything else makes the brace a literal.
  private mutating func counts() -> (least: Int, most: Int?)? {
    let start = place
    if let least = number() {
      if accept("}") { return (least, least) }
      if accept(",") {
        if accept("}") { return (least, nil) }
        if let most = number(), accept("}") { return (least, most) }
      }
    }
    place = start
    return nil
  }

  /// At most eight digits, without leading zeros.
  private mutating func number() -> Int? {
    let start = place
    while let digit = peek, ("0"..."9").contains(digit), place - start < 8 { place += 1 }
    if place - start > 1, scalars[start] == "0" { return nil }
    return Int(scalars[start..<place].reduce(into: "") { $0.unicodeScalars.append($1) })
  }

  private mutating func repeatItem(_ least: Int, _ most: Int?) throws(OperatorError) {
    _ = accept("?")
    guard let (start, inner) = groups[top].item else { throw wrong("an operator without an operand") }
    guard !groups[top].isRepeated else { throw wrong("an operator after another") }
    let count = max(least, most ?? least)
    guard most ?? least >= least, count <= Self.repetitionLimit, max(count, 1) * inner <= Self.repetitionLimit
    else {
      throw wrong("a repetition of more than \(Self.repetitionLimit), or one whose limits are in wrong order")
    }
    let item = Array(groups[top].steps[start...])
    groups[top].steps.removeSubrange(start...)
    let isEndless = most == nil
    try grow(by: (least + (isEndless ? 1 : 0)) * item.count)
    try grow(by: isEndless ? 2 : (count - least) * (item.count + 1))
    total -= item.count
    for _ in 0..<least { groups[top].steps += item }
    if let most {
      let optional = item.count + 1
      for number in 0..<(most - least) {
        groups[top].steps.append(.split(1, (most - least - number) * optional))
        groups[top].steps += item
      }
    } else {
      groups[top].steps.append(.split(1, item.count + 2))
      groups[top].steps += item
      groups[top].steps.append(.jump(-item.count - 1))
    }
    let repetitions = max(count, 1) * inner
    groups[top].item = (start, repetitions)
    groups[top].repetitions = max(groups[top].repetitions, repetitions)
    groups[top].isRepeated = true
  }

  // MARK: Scalars

  var peek: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

  mutating func next() -> Unicode.Scalar? {
    guard let scalar = peek else { return nil }
    place += 1
    return scalar
  }

  mutating func accept(_ scalar: Unicode.Scalar) -> Bool {
    guard peek == scalar else { return false }
    place += 1
    return true
  }

  func wrong(_ found: String) -> OperatorError {
    OperatorError("a regular expression in RE2's syntax", found: "\(found) before scalar \(place)")
  }
}
