internal import Glibc

/// The programs that tests start: the built command, and the peers that check it.
package enum Peers {
  /// The built `tessera` beside the test runner, or the program that `TESSERA_COMMAND` names.
  package static let tessera = variable("TESSERA_COMMAND") ?? executableFolder + "/tessera"

  /// The Python with h5py, numpy, safetensors and xxhash that `TESSERA_PYTHON` names.
  package static let python = variable("TESSERA_PYTHON")

  /// Whether this is CI, where no peer may be missing.
  package static let isCI = variable("CI") == "true"

  /// Whether every program named here can be found; lists the missing ones on standard error.
  ///
  /// In CI a missing peer is not a reason to skip: the result is true, and the tests fail when they start it.
  package static func areThere(python needsPython: Bool, programs: [String] = []) -> Bool {
    var missing = programs.filter { !isOnPath($0) }
    if needsPython, python.map({ access($0, X_OK) == 0 }) != true { missing.append("TESSERA_PYTHON") }
    if missing.isEmpty { return true }
    let message = "SKIPPED, because these peers are missing: \(missing.joined(separator: ", "))\n"
    _ = write(STDERR_FILENO, message, message.utf8.count)
    return isCI
  }

  private static func variable(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
  }

  private static func isOnPath(_ program: String) -> Bool {
    (variable("PATH") ?? "").split(separator: ":").contains { access("\($0)/\(program)", X_OK) == 0 }
  }

  private static var executableFolder: String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    let path = String(decoding: buffer[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
  }
}
