internal import StrictJSON
internal import Tensors
internal import UnitModel

/// A reason why a document of a project is refused: a `tessera.toml`, a lock or a signature.
package struct DocumentError: Error, Hashable, Sendable {
  /// The place, as in `files[0].counts[1].largest`; empty for the whole document.
  let place: String
  /// A key at the place that is unknown.
  var key: String?
  let expected: String
  let found: String
  /// The line and column, if they are known.
  private var position: String?

  init(_ place: String, key: String? = nil, expected: String, found: String) {
    self.place = place
    self.key = key
    self.expected = expected
    self.found = found
  }

  /// The keys and numbers that lead to the place. All keys of the document that have a place are plain words.
  var steps: [TOMLStep] {
    var steps: [TOMLStep] = []
    for part in place.split(separator: ".") {
      let pieces = part.split(separator: "[")
      if let first = pieces.first { steps.append(.key(String(first))) }
      for number in pieces.dropFirst() {
        if let number = Int(number.dropLast()) { steps.append(.entry(number)) }
      }
    }
    if let key { steps.append(.key(key)) }
    return steps
  }
}

extension DocumentError: CustomStringConvertible {
  /// One sentence: the line, the place, what was expected, what was found.
  package var description: String {
    [position, place.isEmpty ? nil : place, "expected \(expected), found \(found)"].compactMap(\.self)
      .joined(separator: ": ")
  }
}

extension DocumentError: DocumentFailure {
  package static var documentName: String { "" }

  package static func wrongType(place: String, expected: String, found: String) -> DocumentError {
    DocumentError(place, expected: expected, found: found)
  }

  package static func outOfRange(place: String, expected: String, found: String) -> DocumentError {
    DocumentError(place, expected: expected, found: found)
  }

  package static func missing(_ key: String, at place: String) -> DocumentError {
    DocumentError(place, expected: "the key '\(key)'", found: "none")
  }

  package static func unknown(_ key: String, at place: String, among keys: [String]) -> DocumentError {
    DocumentError(
      place, key: key, expected: "one of the keys \(keys.joined(separator: ", "))",
      found: TensorName(key).quoted + near(key, among: keys))
  }

  /// The error in the words of TOML, which has tables where JSON has objects, at a line and column.
  func inTOML(at position: String?) -> DocumentError {
    func words(_ text: String) -> String { text == "an object" ? "a table" : text }
    var error = DocumentError(place, key: key, expected: words(expected), found: words(found))
    error.position = position
    return error
  }

  /// The nearest name as the end of a sentence; empty if none is near.
  static func near(_ name: String, among names: some Sequence<String>) -> String {
    nearestName(to: name, among: names).map { "; the nearest name is \(TensorName($0).quoted)" } ?? ""
  }
}
