/// A regular expression, compiled to a nondeterministic automaton (Thompson 1968).
///
/// All states are followed at one time, so a text takes at most as many steps as its scalars times `cost`, whatever the
/// expression is.
struct Pattern {
  /// A step of the automaton; jumps are relative to the step itself. The end of the list accepts.
  enum Step {
    case scalar(Unicode.Scalar)
    /// A scalar of the class with this number.
    case member(Int)
    case split(Int, Int)
    case jump(Int)
    case assert(Assertion)
  }

  enum Assertion { case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary }

  let steps: [Step]
  let classes: [ScalarClass]
  /// The most steps for one scalar of a text.
  let cost: Int

  init(steps: [Step], classes: [ScalarClass]) {
    self.steps = steps
    self.classes = classes
    cost = steps.reduce(1) { sum, step in
      if case .member(let number) = step { sum + classes[number].cost } else { sum + 1 }
    }
  }

  /// Whether the whole text matches.
  func matches(_ text: String) -> Bool {
    var states = States(self)
    var previous: Unicode.Scalar?
    for scalar in text.unicodeScalars {
      states.close(previous, scalar)
      if states.waiting.isEmpty { return false }
      states.advance(over: scalar)
      previous = scalar
    }
    states.close(previous, nil)
    return states.accepts
  }

  /// The steps that a text may be at.
  private struct States {
    let pattern: Pattern
    /// The steps before assertions and jumps are followed.
    var started = [0]
    /// The steps that wait for a scalar.
    var waiting: [Int] = []
    var accepts = false
    /// The last position at which a step was reached.
    var reached: [Int]
    var position = 0

    init(_ pattern: Pattern) {
      self.pattern = pattern
      reached = [Int](repeating: -1, count: pattern.steps.count + 1)
    }

    /// Follows jumps and assertions between two scalars; nil is an end of the text.
    mutating func close(_ before: Unicode.Scalar?, _ after: Unicode.Scalar?) {
      waiting.removeAll(keepingCapacity: true)
      accepts = false
      while let place = started.popLast() {
        if reached[place] == position { continue }
        reached[place] = position
        guard place < pattern.steps.count else {
          accepts = true
          continue
        }
        switch pattern.steps[place] {
        case .scalar, .member: waiting.append(place)
        case .jump(let distance): started.append(place + distance)
        case .split(let first, let second): started += [place + first, place + second]
        case .assert(let assertion): if assertion.holds(before, after) { started.append(place + 1) }
        }
      }
      position += 1
    }

    mutating func advance(over scalar: Unicode.Scalar) {
      for place in waiting {
        let fits =
          switch pattern.steps[place] {
          case .scalar(let wanted): wanted == scalar
          case .member(let number): pattern.classes[number].contains(scalar)
          default: false
          }
        if fits { started.append(place + 1) }
      }
    }
  }
}

extension Pattern.Assertion {
  fileprivate func holds(_ before: Unicode.Scalar?, _ after: Unicode.Scalar?) -> Bool {
    switch self {
    case .textStart: before == nil
    case .textEnd: after == nil
    case .lineStart: before == nil || before == "\n"
    case .lineEnd: after == nil || after == "\n"
    case .wordBoundary: Self.isWord(before) != Self.isWord(after)
    case .noWordBoundary: Self.isWord(before) == Self.isWord(after)
    }
  }

  private static func isWord(_ scalar: Unicode.Scalar?) -> Bool {
    guard let value = scalar?.value else { return false }
    return (0x30...0x39).contains(value) || (0x41...0x5A).contains(value) || value == 0x5F
      || (0x61...0x7A).contains(value)
  }
}
