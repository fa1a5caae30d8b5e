internal import Tensors
public import UnitModel

/// The axes of the tensors that a pattern matches, as one text: the value of `--cut`.
///
/// `PATTERN=DIMENSION,DIMENSION,…`, with one entry for each dimension of the tensor:
///
/// | text | dimension |
/// |---|---|
/// | nothing (`name=`) | the tensors are left whole, whatever later options and presets say |
/// | `-` | not cut |
/// | `ffn{}` | an axis; each `{}` is replaced by the text that the pattern's `{}` matched, in order |
/// | `conv*49` | an axis with 49 positions for each channel (a flatten of 7 × 7) |
/// | `4*lstm` | an axis repeated four times (the gates of an LSTM) |
/// | `3*heads{}*64` | repeated three times, with 64 positions for each channel |
/// | `a+16+2*b` | joined: axis a, 16 positions that are not cut, axis b twice |
/// | `last:compact` | only the channels of the only level that uses the tensor |
///
/// `#AXIS` at the end makes every matching tensor one channel of an axis: `experts.{}.*=#experts`. The `{}` after those
/// that fill in the name of the axis is the number of the channel.
public struct CutOption: Hashable, Sendable {
  /// The option as it was given.
  let text: String
  /// A pattern of the names of the tensors.
  public let pattern: NamePattern
  /// The placement of each dimension; empty for tensors that are left whole.
  public let dimensions: [DimensionPlacement]
  /// The axes of which each tensor is one channel.
  public let channelOf: [AxisName]

  /// Parses the option; throws `PlanningError.badOption`.
  public init(parsing text: String) throws(PlanningError) {
    // Names of tensors may contain '='; names of axes in this notation do not.
    guard let equals = text.lastIndex(of: "=") else {
      throw CutOption.bad(text, expected: "PATTERN=DIMENSION,DIMENSION,…", found: "no '='")
    }
    guard let pattern = NamePattern(String(text[..<equals])), !pattern.text.isEmpty else {
      throw CutOption.bad(
        text, expected: "a pattern with up to 16 wildcards before '='", found: "'\(text[..<equals])'")
    }
    self.text = text
    self.pattern = pattern
    let items = text[text.index(after: equals)...].split(separator: "#", omittingEmptySubsequences: false)
    dimensions = try CutOption.dimensions(String(items[0]), of: text)
    channelOf = items.dropFirst().map { AxisName($0.trimmed) }
    if channelOf.contains(where: { $0.text.isEmpty || $0.text.contains("*") }) {
      throw CutOption.bad(
        text, expected: "an axis after '#'", found: "'\(text[text.index(after: equals)...])'")
    }
  }

  /// The entry of a plan.
  var entry: PlanTensor {
    PlanTensor(selector: .match(pattern), dimensions: dimensions, channelOf: channelOf)
  }

  /// Parses the dimensions after the '=' of an option.
  static func dimensions(_ list: String, of text: String) throws(PlanningError) -> [DimensionPlacement] {
    if list.trimmed.isEmpty { return [] }
    var dimensions: [DimensionPlacement] = []
    for item in list.split(separator: ",", omittingEmptySubsequences: false) {
      dimensions.append(try dimension(item.trimmed, of: text))
    }
    return dimensions
  }

  private static func dimension(_ item: String, of text: String) throws(PlanningError) -> DimensionPlacement {
    if item == "-" { return .whole }
    let terms = item.split(separator: "+", omittingEmptySubsequences: false).map(\.trimmed)
    if terms.count > 1 {
      var parts: [ConcatPart] = []
      for term in terms {
        if let size = Int(term) {
          guard size >= 1 else { throw bad(text, expected: "sizes of at least 1", found: "'\(term)'") }
          parts.append(.uncut(size: size))
        } else {
          parts.append(.axis(try use(term, of: text)))
        }
      }
      return .concat(parts)
    }
    if item.hasSuffix(":compact") { return .compact(try use(String(item.dropLast(8)), of: text)) }
    return .axis(try use(item, of: text))
  }

  /// Parses `outer*axis*inner`; either number may be missing.
  private static func use(_ term: String, of text: String) throws(PlanningError) -> AxisUse {
    let factors = term.split(separator: "*", omittingEmptySubsequences: false).map(\.trimmed)
    let named = factors.indices.filter { Int(factors[$0]) == nil }
    guard named.count == 1, let place = named.first, place <= 1, factors.count - place <= 2,
      !factors[place].isEmpty, factors[place] != "-"
    else {
      throw bad(
        text, expected: "'-', an axis, or an axis between two factors such as 3*axis*64", found: "'\(term)'")
    }
    let outer = place == 1 ? Int(factors[0]) ?? 0 : 1
    let inner = place + 1 < factors.count ? Int(factors[place + 1]) ?? 0 : 1
    guard outer >= 1, inner >= 1 else {
      throw bad(text, expected: "factors of at least 1", found: "'\(term)'")
    }
    return AxisUse(AxisName(factors[place]), inner: inner, outer: outer)
  }

  private static func bad(_ text: String, expected: String, found: String) -> PlanningError {
    .badOption(option: "--cut", text: text, expected: expected, found: found)
  }
}

extension DimensionPlacement {
  /// The same dimension with a prefix before the names of its axes.
  func prefixed(_ prefix: String) -> DimensionPlacement {
    func renamed(_ use: AxisUse) -> AxisUse {
      AxisUse(AxisName(prefix + use.axis.text), inner: use.inner, outer: use.outer)
    }
    switch self {
    case .axis(let use): return .axis(renamed(use))
    case .compact(let use): return .compact(renamed(use))
    case .concat(let parts):
      return .concat(
        parts.map { part in
          if case .axis(let use) = part { .axis(renamed(use)) } else { part }
        })
    default: return self
    }
  }
}

extension StringProtocol {
  /// The text without spaces at either end.
  var trimmed: String {
    var text = Substring(self)
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
