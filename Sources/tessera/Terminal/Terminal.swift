internal import Glibc

/// What is known of the terminal behind standard output.
enum Terminal {
  /// Columns that a table may take; nil where output goes to a pipe or a file, which keep long names whole.
  static var width: Int? {
    isatty(STDOUT_FILENO) == 1 ? max(40, columns(of: STDOUT_FILENO)) : nil
  }

  /// Columns of the terminal behind standard error.
  static var errorWidth: Int { columns(of: STDERR_FILENO) }

  private static func columns(of descriptor: Int32) -> Int {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }
}
