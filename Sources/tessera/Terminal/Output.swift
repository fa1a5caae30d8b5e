internal import Glibc

/// Writes text to the two standard streams.
enum Output {
  /// Writes to standard output; an error there (a full disk behind `>`) ends the command with exit code 2.
  ///
  /// A reader that has gone away (`| head`) is no error: the rest is for nobody, and the command ends as it would have.
  static func standardOutput(_ text: String) throws(Failure) {
    if let code = write(text, to: STDOUT_FILENO), code != EPIPE {
      throw Failure(sentence: "standard output: cannot write: \(String(cString: strerror(code)))")
    }
  }

  /// Writes to standard error, whatever becomes of it.
  static func standardError(_ text: String) { _ = write(text, to: STDERR_FILENO) }

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
