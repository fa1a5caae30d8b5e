public import ONNXGraph
public import Zip

/// A rule that a flat file breaks: of its format, of the zip archive that it is, or of its graph.
public enum FlatDefect: Hashable, CaseIterable, Sendable {
  case format(FlatFormatRule)
  case zip(ZipRule)
  case graph(ONNXRule)

  /// The rules of all formats and containers.
  public static var allCases: [FlatDefect] {
    FlatFormatRule.allCases.map(Self.format) + ZipRule.allCases.map(Self.zip)
      + ONNXRule.allCases.map(Self.graph)
  }

  /// The stable name of the rule, such as `zip.crc`.
  public var id: String {
    switch self {
    case .format(let rule): rule.rawValue
    case .zip(let rule): rule.rawValue
    case .graph(let rule): rule.rawValue
    }
  }
}
