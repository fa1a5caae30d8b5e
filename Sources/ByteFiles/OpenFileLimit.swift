internal import Glibc

/// How many files a part of the program may keep open for later use.
public enum OpenFileLimit {
  /// An eighth of the files that the process may have open, and at most 256: several parts keep files, and all of them
  /// must leave room for the files in use.
  public static let kept: Int = {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
    return Int(min(limit.rlim_cur / 8, 256))
  }()
}
