internal import Glibc
internal import Reporting

/// Properties of the terminal.
enum Terminal {
  /// The width of a table in columns; nil for a pipe or a file, where long names are not shortened.
  static var width: Int? {
    isatty(STDOUT_FILENO) == 1 ? max(40, columns(of: STDOUT_FILENO)) : nil
  }

  /// The width of standard error in columns.
  static var errorWidth: Int { columns(of: STDERR_FILENO) }

  private static func columns(of descriptor: Int32) -> Int {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Whether standard output gets colours: if it is a terminal that is not dumb, and NO_COLOR is not set
  /// (https://no-color.org).
  static var hasColour: Bool {
    let terminal = variable("TERM")
    return isatty(STDOUT_FILENO) == 1 && (variable("NO_COLOR") ?? "").isEmpty && terminal != nil
      && terminal != "dumb"
  }

  /// Text with the ECMA-48 codes of its style. The sixteen colours follow the terminal's palette.
  static func painted(_ text: String, _ style: PaintedText.Style) -> String {
    let code: String
    switch style {
    case .plain: return text
    case .title: code = "1"
    case .bad: code = "31"
    case .good: code = "32"
    case .faint: code = "2"
    }
    return "\u{1B}[\(code)m\(text)\u{1B}[0m"
  }

  private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
