internal import ArgumentParser
internal import TensorStreams
internal import Tensors
internal import Tessera
internal import UnitModel

/// New names for the tensors of a file.
struct RenameOption: ParsableArguments {
  @Option(
    name: .customLong("rename"),
    help: ArgumentHelp(
      """
      Compare A's tensor FROM with B's tensor TO (repeatable). {} and * are copied. The first match is \
      used.
      """,
      valueName: "from=to"))
  var texts: [String] = []

  private struct Rename {
    let text: String
    let from: NamePattern
    let to: NamePattern
  }

  func validate() throws { _ = try renames() }

  private func renames() throws(ValidationError) -> [Rename] {
    var renames: [Rename] = []
    for text in texts {
      let sides = text.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
      guard sides.count == 2, sides.allSatisfy({ !$0.isEmpty }) else {
        throw ValidationError("--rename: expected FROM=TO, found '\(text)'")
      }
      guard let from = NamePattern(sides[0]), let to = NamePattern(sides[1]) else {
        throw ValidationError("--rename: expected patterns with at most 16 wildcards, found '\(text)'")
      }
      guard to.componentCount <= from.componentCount, to.starCount <= from.starCount else {
        throw ValidationError(
          "--rename: expected no more {} and * behind '=' than before it, found '\(text)'")
      }
      renames.append(Rename(text: text, from: from, to: to))
    }
    return renames
  }

  /// The names of all tensors after renaming, and the number of renamed tensors.
  func names(of source: any TensorSource) throws -> (names: [TensorName], changed: Int) {
    let old = source.tensors.map(\.spec.name)
    let renames = try renames()
    if renames.isEmpty { return (old, 0) }
    var used = Set<String>()
    var taken: [TensorName: TensorName] = [:]
    var changed = 0
    let names = try old.map { name in
      var new = name
      for rename in renames {
        guard let captures = rename.from.match(name.text) else { continue }
        used.insert(rename.text)
        new = rename.to.filled(with: captures).map { TensorName($0) } ?? name
        break
      }
      if let other = taken.updateValue(name, forKey: new) {
        throw TesseraError(
          sentence:
            "\(source.path): --rename: expected a name for each tensor, found that \(other.quoted) and \(name.quoted) both become \(new.quoted)"
        )
      }
      changed += new == name ? 0 : 1
      return new
    }
    for rename in renames where !used.contains(rename.text) {
      let way = nearestName(to: rename.from.text, among: old.lazy.map(\.text)).map {
        "; the nearest name is \(TensorName($0).quoted)"
      }
      throw TesseraError(
        sentence:
          "\(source.path): --rename \(TensorName(rename.text).quoted): expected a tensor to rename, found none that it is the first to match\(way ?? "")"
      )
    }
    return (names, changed)
  }
}
