/// Something that could not be done, in one sentence: file, place, what was expected, what was found, what to do.
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

/// A request that only the file shows to be incomplete: a command line with it is wrong.
package struct RequestError: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}
