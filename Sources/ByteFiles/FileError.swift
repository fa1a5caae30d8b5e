internal import Glibc

/// What went wrong with a file as a whole, before anything in it was understood.
public struct FileError: Error, Equatable, CustomStringConvertible {
  /// The call that failed, in the words of a sentence: "open", "read", "write", …
  public let action: String
  /// The path as the user gave it.
  public let path: String
  /// What the operating system, or our own check, said.
  public let reason: String

  /// An error of our own making, with its reason in words.
  public init(action: String, path: String, reason: String) {
    self.action = action
    self.path = path
    self.reason = reason
  }

  /// An error of the operating system; `code` is the value of `errno` right after the call.
  public init(action: String, path: String, errno code: Int32) {
    // "Invalid argument" would leave the reader to guess which.
    let reason =
      code == EINVAL && path.utf8.contains(0)
      ? "its path has a NUL, which no file's has" : String(cString: strerror(code)).lowercasedFirst
    self.init(action: action, path: path, reason: reason)
  }

  public var description: String { "\(path): cannot \(action): \(reason)" }
}

extension String {
  /// "No such file or directory" reads better in the middle of a sentence without its capital.
  fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
