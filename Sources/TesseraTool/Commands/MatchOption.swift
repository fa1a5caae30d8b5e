internal import ArgumentParser
internal import Tensors
internal import Tessera
internal import UnitModel

/// The names of the tensors that a command selects.
struct MatchOption: ParsableArguments {
  @Option(
    name: .customLong("match"),
    help: ArgumentHelp(
      "Use only tensors whose name matches PATTERN (repeatable). {} matches one component, * anything.",
      valueName: "pattern"))
  var texts: [String] = []

  func validate() throws {
    for text in texts where NamePattern(text) == nil {
      throw ValidationError("--match: expected a pattern with at most 16 wildcards, found '\(text)'")
    }
  }

  /// Whether the option was given.
  var isGiven: Bool { !texts.isEmpty }

  /// The indices of the selected names; without the option, of all names.
  ///
  /// Throws if a pattern matches no name, with the nearest name.
  func places(in names: [TensorName], of file: String) throws(TesseraError) -> [Int] {
    let isMeant = selection
    let places = names.indices.filter { isMeant(names[$0]) }
    for text in texts {
      let pattern = NamePattern(text)
      if !places.contains(where: { pattern?.match(names[$0].text) != nil }) {
        throw Self.nothing(text, names, file)
      }
    }
    return places
  }

  /// Whether a name is selected.
  var selection: (TensorName) -> Bool {
    let patterns = texts.compactMap(NamePattern.init)
    return { name in patterns.isEmpty || patterns.contains { $0.match(name.text) != nil } }
  }

  private static func nothing(_ text: String, _ names: [TensorName], _ file: String) -> TesseraError {
    let wider = (text.hasPrefix("*") ? "" : "*") + text + (text.hasSuffix("*") ? "" : "*")
    let count = NamePattern(wider).map { pattern in names.count { pattern.match($0.text) != nil } } ?? 0
    let way =
      count > 0
      ? "; \(TensorName(wider).quoted) matches \(count) of \(names.count)"
      : nearestName(to: text, among: names.lazy.map(\.text)).map {
        "; the nearest name is \(TensorName($0).quoted)"
      } ?? ""
    return TesseraError(
      sentence:
        "\(file): --match \(TensorName(text).quoted): expected the name of a tensor, found none that matches\(way)"
    )
  }
}
