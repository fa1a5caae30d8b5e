internal import ArgumentParser
internal import Tessera
internal import UnitModel
internal import Validation

/// A rule and its severity, from `--rule non-finite=error`; nil for a rule that is off.
struct RuleSetting {
  let rule: RuleID
  let severity: Severity?

  init(_ text: String) throws {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let names = RuleID.allCases.map(\.rawValue)
    guard let rule = RuleID(rawValue: parts[0]) else {
      let hint =
        nearestName(to: parts[0], among: names).map { "did you mean '\($0)'?" }
        ?? "the rules are \(names.joined(separator: ", "))"
      throw ValidationError("expected a rule's id, found '\(parts[0].prefix(80))': \(hint)")
    }
    let word = parts.dropFirst().first ?? ""
    guard word == "off" || Severity(rawValue: word) != nil else {
      throw ValidationError(
        "\(rule.rawValue): expected =error, =warning, =note or =off, found '\(word.prefix(80))'")
    }
    self.rule = rule
    severity = Severity(rawValue: word)
  }
}

/// Reads a file of names that pickles may refer to.
enum AllowListFile {
  private static let sizeLimit = 1 << 20

  static func read(_ path: String) throws -> GlobalAllowList {
    try DocumentFile.read(path, limit: sizeLimit, as: "a list") { bytes in
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw TesseraError(sentence: "\(path): file: expected text in UTF-8, found bytes that are not UTF-8")
      }
      do { return try GlobalAllowList(text, path: path) } catch { throw TesseraError(sentence: "\(error)") }
    }
  }
}
