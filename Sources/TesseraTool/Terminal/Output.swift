internal import Glibc
internal import Reporting
internal import StrictJSON
internal import Tensors
internal import Tessera

/// Writes text to the two standard streams. Only this type makes text from files safe for them.
enum Output {
  /// Writes to standard output. An error, such as a full disk behind `>`, ends the command with exit code 2.
  ///
  /// If a reader has closed the pipe (`| head`), this is no error: the rest is dropped, and the command ends normally.
  static func standardOutput(_ text: String, as syntax: PrintableText.Syntax = .text) throws(TesseraError) {
    if let code = write(PrintableText.page(text, as: syntax), to: STDOUT_FILENO), code != EPIPE {
      throw TesseraError(sentence: "standard output: cannot write: \(String(cString: strerror(code)))")
    }
  }

  /// Writes text to standard output, in colour if the terminal shows colours.
  static func standardOutput(_ text: PaintedText) throws(TesseraError) {
    guard Terminal.hasColour else { return try standardOutput(text.plain) }
    // Each part is escaped by itself: the codes between the parts are ours, and none comes from a file.
    let painted = text.parts.map { Terminal.painted(PrintableText.page($0.text, as: .text), $0.style) }
      .joined()
    if let code = write(painted, to: STDOUT_FILENO), code != EPIPE {
      throw TesseraError(sentence: "standard output: cannot write: \(String(cString: strerror(code)))")
    }
  }

  /// Writes a JSON document to standard output.
  static func standardOutput(json: JSONValue) throws {
    try standardOutput(JSONWriter.text(json), as: .json)
  }

  /// Writes to standard error; errors are ignored.
  static func standardError(_ text: String) {
    _ = write(PrintableText.page(text, as: .text), to: STDERR_FILENO)
  }

  /// Writes our own text with cursor codes to the terminal on standard error.
  static func terminal(_ text: String) { _ = write(text, to: STDERR_FILENO) }

  /// Whether standard error is a terminal.
  static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  private static func write(_ text: String, to descriptor: Int32) -> Int32? {
    var text = text
    return text.withUTF8 { buffer in
      var done = 0
      while done < buffer.count {
        let count = Glibc.write(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done)
        if count < 0 && errno == EINTR { continue }
        if count < 0 { return errno }
        done += count
      }
      return nil
    }
  }
}
