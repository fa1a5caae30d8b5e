internal import StrictJSON

package typealias PlanNode = DocumentNode<PlanError>
package typealias PlanObject = DocumentObject<PlanError>

extension PlanError: DocumentFailure {
  package static var documentName: String { "plan" }

  package static func missing(_ key: String, at place: String) -> PlanError {
    .missingKey(place: place.isEmpty ? documentName : place, key: key)
  }

  package static func unknown(_ key: String, at place: String, among keys: [String]) -> PlanError {
    .unknownKey(place: place, key: key, nearest: nearestName(to: key, among: keys))
  }
}

extension PlanNode {
  package func pattern() throws(PlanError) -> NamePattern { try pattern(string()) }

  package func pattern(_ text: String) throws(PlanError) -> NamePattern {
    guard let pattern = NamePattern(text) else {
      throw .badPattern(
        place: place, pattern: String(text.prefix(80)),
        expected: "at most \(NamePattern.wildcardLimit) wildcards and \(NamePattern.lengthLimit) bytes")
    }
    return pattern
  }
}

extension PlanObject {
  /// The value of one of two keys that exclude each other, and whether it is the value of the first.
  package func either(_ first: String, _ second: String) throws(PlanError) -> (node: PlanNode, isFirst: Bool)
  {
    switch (optional(first), optional(second)) {
    case (.some, .some): throw .keysExclude(place: place, first: first, second: second)
    case (let node?, nil): return (node, true)
    case (nil, let node?): return (node, false)
    case (nil, nil): throw .missingKey(place: place, key: first)
    }
  }
}
