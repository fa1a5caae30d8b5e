/// An operation that failed, as one sentence: file, place, expected, found, what to do.
package struct Failure: Error, CustomStringConvertible {
  package let sentence: String
  let code: TesseraError.Code

  package init(sentence: String) { self.init(.format, sentence) }

  init(_ code: TesseraError.Code, _ sentence: String) {
    self.sentence = sentence
    self.code = code
  }

  package var description: String { sentence }
}

/// An incomplete request, such as a missing --task. Only the file shows it; the command treats it as wrong usage.
package struct RequestError: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}
