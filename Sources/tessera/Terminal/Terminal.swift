internal import Glibc

/// What is known of the terminal behind standard output.
enum Terminal {
  /// Columns that a table may take; nil where output goes to a pipe or a file, which keep long names whole.
  static var width: Int? {
    guard isatty(STDOUT_FILENO) == 1 else { return nil }
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= 40 else { return 80 }
    return Int(size.ws_col)
  }
}
