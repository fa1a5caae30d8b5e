internal import Glibc

/// An error of a file as a whole, before its content matters.
public struct FileError: Error, Equatable, CustomStringConvertible {
  /// The operation that failed, as the sentence names it: "open", "read", "write", …
  public let action: String
  /// The path as the user gave it.
  public let path: String
  /// The reason, from the operating system or from our own check.
  public let reason: String

  /// An error of our own checks, with its reason in words.
  public init(action: String, path: String, reason: String) {
    self.action = action
    self.path = path
    self.reason = reason
  }

  /// An error of the operating system; `code` is the value of `errno` right after the call.
  public init(action: String, path: String, errno code: Int32) {
    // "Invalid argument" would not say which argument.
    let reason =
      code == EINVAL && path.utf8.contains(0)
      ? "its path contains a NUL, which no path may contain" : String(cString: strerror(code)).lowercasedFirst
    self.init(action: action, path: path, reason: reason)
  }

  public var description: String { "\(path): cannot \(action): \(reason)" }
}

extension String {
  /// "No such file or directory" reads better in the middle of a sentence without its capital.
  fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
