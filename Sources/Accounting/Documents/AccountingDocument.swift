internal import StrictJSON
package import UnitModel

/// A JSON value in a claims file or a study.
package typealias AccountingNode = DocumentNode<AccountingError>

extension AccountingError: DocumentFailure {
  package static var documentName: String { "document" }

  package static func missing(_ key: String, at place: String) -> AccountingError {
    .missingMember(place: place.isEmpty ? documentName : place, key: key)
  }

  package static func unknown(_ key: String, at place: String, among keys: [String]) -> AccountingError {
    .unknownMember(
      place: place.isEmpty ? documentName : place, key: key, nearest: nearestName(to: key, among: keys),
      keys: keys)
  }
}

extension AccountingNode {
  /// Parses a document and checks its `format` member.
  package init(parsing bytes: [UInt8], format: String, sizeLimit: Int) throws(AccountingError) {
    let value: JSONValue
    do throws(JSONError) { value = try JSONParser(sizeLimit: sizeLimit).parse(bytes) } catch {
      throw .json(error)
    }
    self.init(value: value, place: "")
    guard let found = try members()["format"] else {
      throw .notOfFormat(expected: format, found: "no \"format\"")
    }
    guard found == .string(format) else {
      if case .string(let text) = found { throw .notOfFormat(expected: format, found: "'\(text)'") }
      throw .notOfFormat(expected: format, found: found.kindName)
    }
  }
}
